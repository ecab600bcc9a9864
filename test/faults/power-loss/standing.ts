/** What stands below a site root, as it is compared: by path, without what no loss of power matters to. */
import { objectText, reachable, type Disk } from './disk.ts';

export type Standing = ReadonlyMap<string, string>;

export function standingOn(disk: Disk): Standing {
  return new Map(
    [...reachable(disk)].flatMap(([path, object]) =>
      isLeftOut(path) ? [] : [[path, objectText(object)] as const],
    ),
  );
}

/** Who has the lock is nobody's loss, nor is what scripts said. */
export function isLeftOut(path: string): boolean {
  return path === `${ADMIN}/lock` || path.startsWith(`${ADMIN}/log/`);
}

/** Whether nobody looks at a name: a transaction's own, or where it keeps an original. */
function isHidden(path: string): boolean {
  return (
    /(?:^|\/)\.xhier-/.test(path) ||
    /(?:^|\/)\.[^/]*\.(?:new|xhier-[^/]*)$/.test(path) ||
    path.startsWith(`${ADMIN}/journal/`)
  );
}

const ADMIN = '.software/local/.admin';

/** What somebody would find wrong while nothing has been settled: each path is as at one of the ends. */
export function torn(ends: readonly Standing[], found: Standing): string[] {
  const problems: string[] = [];
  for (const [path, text] of found) {
    if (isHidden(path) || ends.some((end) => end.get(path) === text)) continue;
    problems.push(`before anything is settled ${path} is ${shortened(text)}`);
  }
  for (const path of ends[0]?.keys() ?? []) {
    if (found.has(path) || isHidden(path) || ends.some((end) => !end.has(path))) continue;
    problems.push(`before anything is settled ${path} is absent`);
  }
  return problems;
}

/** Lines that tell how two differ, `-` what is wanted. */
export function differencesOf(wanted: Standing, found: Standing): string[] {
  const paths = new Set([...wanted.keys(), ...found.keys()]);
  return [...paths].flatMap((path) => {
    const [was, is] = [wanted.get(path), found.get(path)];
    if (was === is) return [];
    return [
      ...(was === undefined ? [] : [`- ${path}: ${shortened(was)}`]),
      ...(is === undefined ? [] : [`+ ${path}: ${shortened(is)}`]),
    ];
  });
}

function shortened(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
