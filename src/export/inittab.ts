/**
 * `export/inittab` → `/etc/inittab`: processes that init keeps running. Format: inittab(5) of
 * System V init.
 */
import { b, printable, slice, trim, type Bytes } from '../bytes/bytes.ts';
import type { Diagnostic } from '../message/diagnostic.ts';
import { didYouMean } from '../message/nearest.ts';
import { blockKind } from './block.ts';
import { MADE_BY_US, type Clash, type LineEntry } from './block-spec.ts';
import type { FragmentFile, HostView } from './fragment.ts';
import { isBlank } from './lines.ts';
import { diagnostic, readStrictly, type Finding } from './strict.ts';

export interface InittabEntry extends LineEntry {
  readonly id: Bytes;
  readonly levels: Bytes;
  readonly action: Bytes;
  readonly process: Bytes;
  /** Where the process begins in its line, from 1. */
  readonly column: number;
}

const PATH = b`/etc/inittab`;
const ACTIONS: readonly string[] =
  'respawn wait once boot bootwait off ondemand powerwait powerfail powerokwait powerfailnow ctrlaltdel kbrequest'.split(
    ' ',
  );
/** One to a host, and never a package's. */
const HOST_ACTIONS: readonly string[] = ['initdefault', 'sysinit', 'resume'];

export const inittab = blockKind<InittabEntry>({
  name: 'inittab',
  summary: 'ID:RUNLEVELS:ACTION:PROCESS lines for /etc/inittab',
  comment: b`#`,
  lineEnd: 'lf',
  collision: 'refuse',
  headers: [MADE_BY_US],
  parse: parseInittab,
  identity: ({ id }) => [id],
  check,
  target: () => ({ path: PATH, mode: 0o644 }),
  readEntries: readInittab,
  clash,
});

/** The entries of an inittab as init sees them. */
export function readInittab(texts: readonly Bytes[]): readonly InittabEntry[] {
  return texts.flatMap((text, index) => {
    if (isBlank(text) || /^[ \t]*#/.test(text)) return [];
    const [id, levels, action, ...rest] = text.split(':') as Bytes[];
    if (id === undefined || levels === undefined || action === undefined) return [];
    const before = id.length + levels.length + action.length + 3;
    return [
      {
        line: index + 1,
        span: 1,
        id: trim(id),
        levels,
        action,
        process: trim(rest.join(':') as Bytes),
        column: before + 1,
      },
    ];
  });
}

function parseInittab(file: FragmentFile): readonly InittabEntry[] {
  return readStrictly(file, (lines, found) => {
    for (const [index, text] of lines.entries()) {
      if (!isBlank(text) && !/^[ \t]*#/.test(text)) checkLine(text, index + 1, found);
    }
    return readInittab(lines);
  });
}

function checkLine(text: Bytes, line: number, found: (finding: Finding) => void): void {
  const [id = b``, levels, action, process] = text.split(':') as Bytes[];
  if (process === undefined || levels === undefined || action === undefined) {
    found({
      code: 'E_INITTAB_FIELDS',
      message: 'not four fields',
      line,
      length: text.length,
      hint: 'ID:RUNLEVELS:ACTION:PROCESS',
    });
    return;
  }
  if (!/^[A-Za-z0-9~]{1,4}$/.test(id)) {
    found({
      code: 'E_INITTAB_ID',
      message: `'${printable(id)}' is no id`,
      line,
      length: Math.max(1, id.length),
      hint: 'one to four letters and digits',
    });
  }
  const wrong = levels.search(/[^0-9Ss]/);
  if (wrong >= 0) {
    found({
      code: 'E_INITTAB_LEVELS',
      message: `'${printable(slice(levels, wrong, wrong + 1))}' is no runlevel`,
      line,
      column: id.length + 2 + wrong,
      hint: '0 to 9 and S',
    });
  }
  const column = id.length + levels.length + 3;
  if (!ACTIONS.includes(action)) {
    const reserved = HOST_ACTIONS.includes(action);
    found({
      code: 'E_INITTAB_ACTION',
      message: reserved
        ? `'${action}' is the host's, not a package's`
        : `init knows no action '${printable(action)}'`,
      line,
      column,
      length: Math.max(1, action.length),
      hint: reserved ? undefined : (didYouMean(action, ACTIONS) ?? ACTIONS.join(' ')),
    });
  }
  if (action !== 'off' && isBlank(process)) {
    found({
      code: 'E_INITTAB_FIELDS',
      message: 'no process',
      line,
      column: text.length + 1,
      hint: 'ID:RUNLEVELS:ACTION:PROCESS',
    });
  }
  const rest = text.length - column - action.length;
  if (rest > LONGEST_PROCESS) {
    found({
      code: 'E_INITTAB_LENGTH',
      message: `a process of ${rest} bytes; init takes ${LONGEST_PROCESS}`,
      line,
      column: column + action.length + 1 + LONGEST_PROCESS,
    });
  }
}

/** init says `respawning too fast` for a program that is not there, again and again. */
function check(
  file: FragmentFile,
  entries: readonly InittabEntry[],
  host: HostView,
): readonly Diagnostic[] {
  const found: Diagnostic[] = [];
  if (host.look(PATH).type === 'absent' && entries.length > 0) {
    found.push(
      diagnostic(file, {
        severity: 'warning',
        code: 'E_INITTAB_NONE',
        message: `this host has no ${PATH}, and so perhaps an init that reads none`,
        line: 1,
        hint: 'export/boottime works with either',
      }),
    );
  }
  for (const { line, action, process, column } of entries) {
    // init runs it by itself, or by a shell where there is a character for one; `+` is init's own
    const [, lead = '', program] = /^([+ ]*)(\/[^ \t]+)/.exec(process) ?? [];
    if (program === undefined || action === 'off' || /[;&|<>()$`]/.test(program)) continue;
    const object = host.read(program as Bytes);
    if (object.type === 'file' && (object.mode & 0o111) !== 0) continue;
    const what = object.type === 'file' ? 'is not executable' : 'does not exist';
    found.push(
      diagnostic(file, {
        code: 'E_INITTAB_PROGRAM',
        message: `the program ${printable(program as Bytes)} ${what}`,
        line,
        column: column + lead.length,
        length: program.length,
      }),
    );
  }
  return found;
}

function clash(ours: InittabEntry, theirs: InittabEntry): Clash {
  const same =
    ours.levels === theirs.levels &&
    ours.action === theirs.action &&
    ours.process === theirs.process;
  if (same) return { says: 'same' };
  return {
    says: 'other',
    code: 'E_INITTAB_ID',
    message: `two entries with the id '${printable(ours.id)}'`,
    remedy: 'give the one in the fragment another id, of at most four characters',
  };
}

/** inittab(5). */
const LONGEST_PROCESS = 127;
