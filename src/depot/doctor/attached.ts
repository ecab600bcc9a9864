/** Checks of packages that are attached: whether their mounts are there, and their links as they were made. */
import { b, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { dirname, join } from '../../bytes/path.ts';
import { answerOf } from '../../files/answering.ts';
import type { Host } from '../../host/transaction.ts';
import { stateOf } from '../../host/state.ts';
import { XhError } from '../../message/error.ts';
import { inSite, type Site } from '../../site/site.ts';
import { attachedPackages, ATTACHED, type AttachedPackage } from '../attach/record.ts';
import { shellWord } from '../shell-word.ts';
import { namesIn } from './examination.ts';
import type { Finding, HostCheck } from './finding.ts';

export const attached: HostCheck = {
  id: 'attached',
  what: 'mounts of attached packages that are gone or do not answer, and links of theirs that are',
  *run({ host }) {
    let all: ReadonlyMap<Bytes, AttachedPackage>;
    try {
      all = attachedPackages(host.walker);
    } catch (error) {
      if (!(error instanceof XhError)) throw error;
      const remedy = error.remedy ?? 'put it back from a backup';
      yield { severity: 'problem', path: ATTACHED, message: error.message, remedy };
      return;
    }
    const gone = new Set<Bytes>();
    for (const [from, packages] of byMount(all.values())) {
      const finding = mountFinding(from, host.site, packages);
      if (finding === undefined) continue;
      gone.add(from);
      yield finding;
    }
    for (const { package: directory, from, trees } of all.values()) {
      for (const { type, path } of trees) {
        const link = b`/.software/${type as Bytes}/${directory}`;
        const standing = stateOf(host.walker, link);
        const target = inSite(host.site, path);
        const isRight =
          standing.type === 'directory' ? isAdapted(host, link) : isLinkTo(standing, target);
        const again = `xh attach ${toText(directory)} --from ${shellWord(inSite(host.site, from))}`;
        const about = { severity: 'problem', path: link, package: directory } as const;
        if (!isRight) {
          const message = `${printable(link)} is not the link by which ${printable(directory)} is attached`;
          yield { ...about, message, remedy: again };
        } else if (!gone.has(from) && answerOf(target) !== 'there') {
          const message = `${printable(directory)} is attached, and ${printable(path)} is not there any more`;
          const cause = 'the other host has it no more, or as another version';
          yield {
            ...about,
            message,
            cause,
            remedy: `${again}   or: xh detach ${toText(directory)}`,
          };
        }
      }
    }
  },
};

/** Of a site with another root there are links within a directory instead. */
function isAdapted(host: Host, path: Bytes): boolean {
  return namesIn(host, path).some((name) => host.walker.stat(join(path, name))?.type === 'l');
}

function isLinkTo(standing: ReturnType<typeof stateOf>, target: Bytes): boolean {
  return standing.type === 'link' && standing.target === target;
}

/** What is not mounted is most often an empty directory: then none of its trees is there. */
function mountFinding(
  from: Bytes,
  site: Site,
  packages: readonly AttachedPackage[],
): Finding | undefined {
  const names = packages.map((each) => each.package);
  const path = inSite(site, from);
  const above = new Set(
    packages.flatMap(({ trees }) => trees.map((tree) => dirname(inSite(site, tree.path)))),
  );
  const answers = [path, ...above].map((each) => answerOf(each));
  const [root = 'absent', ...others] = answers;
  if (root === 'there' && (others.length === 0 || others.includes('there'))) return undefined;
  const answer = answers.includes('silent') ? 'silent' : root;
  const who = names.map(printable).join(', ');
  const is = answer === 'silent' ? 'does not answer' : 'is not mounted';
  return {
    severity: 'problem',
    path: from,
    message: `${printable(from)} ${is}, from which ${names.length === 1 ? 'a package is' : `${names.length} packages are`} attached: ${who}`,
    ...(answer === 'silent' && { cause: 'its server is down, or out of reach' }),
    remedy: `mount ${shellWord(path)}   or, to be without it: xh detach ${names.map(toText).join(' ')}`,
  };
}

function byMount(all: Iterable<AttachedPackage>): ReadonlyMap<Bytes, readonly AttachedPackage[]> {
  const found = new Map<Bytes, AttachedPackage[]>();
  for (const each of all) found.set(each.from, [...(found.get(each.from) ?? []), each]);
  return found;
}
