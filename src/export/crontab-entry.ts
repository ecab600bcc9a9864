/** Lines of crontab(5): jobs and settings, read strictly from a fragment and tolerantly from a host. */
import { b, printable, slice, type Bytes } from '../bytes/bytes.ts';
import type { LineEntry } from './block-spec.ts';
import { checkField, checkNickname, FIELDS, type ScheduleProblem } from './crontab-schedule.ts';
import type { FragmentFile } from './fragment.ts';
import { isBlank, withoutTrailingBlanks, words, type Word } from './lines.ts';
import { readStrictly, type Finding } from './strict.ts';

export type CronEntry = CronJob | CronSetting;

export interface CronJob extends LineEntry {
  readonly type: 'job';
  /** The fields, one blank between: `0 4 * * *`, `@daily`. */
  readonly schedule: Bytes;
  /** Only in system crontabs. */
  readonly user: Bytes | undefined;
  /** As it stands, `%` and all. */
  readonly command: Bytes;
  /** Where the user or the command begins in its line, from 1. */
  readonly column: number;
}

export interface CronSetting extends LineEntry {
  readonly type: 'setting';
  readonly name: Bytes;
}

/** The jobs of a crontab; `system` ones have a user before the command. Other lines are passed over. */
export function readCrontab(texts: readonly Bytes[], system: boolean): readonly CronJob[] {
  return texts.flatMap((text, index) => {
    if (isComment(text) || settingName(text) !== undefined) return [];
    const found = words(text);
    const times = found[0]?.text.startsWith('@') ? 1 : FIELDS.length;
    const user = system ? found[times] : undefined;
    const command = found[system ? times + 1 : times];
    if (command === undefined) return [];
    return [
      {
        type: 'job',
        line: index + 1,
        span: 1,
        schedule: scheduleOf(found.slice(0, times)),
        user: user?.text,
        command: withoutTrailingBlanks(slice(text, command.column - 1)),
        column: (user ?? command).column,
      },
    ];
  });
}

/**
 * The jobs and settings of a fragment; `system` ones have a user before the command.
 * @throws DiagnosticError
 */
export function parseCrontab(file: FragmentFile, system = false): readonly CronEntry[] {
  return readStrictly(file, (lines, found) =>
    lines.flatMap((text, index) => {
      if (isBlank(text) || isComment(text)) return [];
      const entry =
        settingName(text) === undefined
          ? parseJob(text, index + 1, system, found)
          : parseSetting(text, index + 1, found);
      return entry ? [entry] : [];
    }),
  );
}

function parseJob(
  text: Bytes,
  line: number,
  system: boolean,
  found: (finding: Finding) => void,
): CronJob | undefined {
  const all = words(text);
  const nickname = all[0]?.text.startsWith('@') === true;
  const times = all.slice(0, nickname ? 1 : FIELDS.length);
  let sound = true;
  const report = (word: Word, { offset, length, message, hint }: ScheduleProblem): void => {
    sound = false;
    found({ code: 'E_CRONTAB_TIME', line, column: word.column + offset, length, message, hint });
  };
  for (const [index, word] of times.entries()) {
    const field = FIELDS[index];
    const problem = nickname ? checkNickname(word.text) : field && checkField(word.text, field);
    if (problem) report(word, problem);
    // one bad word is mostly a missing field: what follows would all be wrong
    if (problem) break;
  }
  if (!sound) return undefined;
  const user = system ? all[times.length] : undefined;
  const command = all[system ? times.length + 1 : times.length];
  if (command === undefined) {
    const last = system && user === undefined ? 'account' : 'command';
    const missing = nickname ? last : (FIELDS[times.length]?.name ?? last);
    found({
      code: 'E_CRONTAB_FIELDS',
      message: `no ${missing}`,
      line,
      column: text.length + 1,
      hint: system
        ? 'MINUTE HOUR DAY MONTH WEEKDAY ACCOUNT COMMAND, or @daily ACCOUNT COMMAND'
        : 'MINUTE HOUR DAY MONTH WEEKDAY COMMAND, or @daily COMMAND',
    });
    return undefined;
  }
  if (command.text.startsWith('*')) {
    found({
      code: 'E_CRONTAB_FIELDS',
      message: `cron takes no command that begins with *`,
      line,
      column: command.column,
      length: command.text.length,
      hint: nickname ? 'only a command follows an @ word' : 'there is a time field too many',
    });
  }
  const length = text.length - command.column + 1;
  if (length > LONGEST_COMMAND) {
    found({
      code: 'E_CRONTAB_LENGTH',
      message: `a command of ${length} bytes; cron takes ${LONGEST_COMMAND}`,
      line,
      column: command.column + LONGEST_COMMAND,
      hint: 'put it into a script of the package',
    });
  }
  return {
    type: 'job',
    line,
    span: 1,
    schedule: scheduleOf(times),
    user: user?.text,
    command: withoutTrailingBlanks(slice(text, command.column - 1)),
    column: (user ?? command).column,
  };
}

function parseSetting(
  text: Bytes,
  line: number,
  found: (finding: Finding) => void,
): CronSetting | undefined {
  const name = settingName(text) ?? b``;
  const start = text.search(/[^ \t]/) + 1;
  const cut = text.indexOf('=', start - 1);
  const value = slice(text, cut + 1).replace(/^[ \t]+/, '');
  const column = text.length - value.length + 1;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    found({
      code: 'E_CRONTAB_SETTING',
      message: `'${printable(name)}' is no variable name`,
      line,
      column: start,
      length: name.length,
      hint: 'NAME=VALUE',
    });
    return undefined;
  }
  const shown = withoutTrailingBlanks(value as Bytes);
  const quote = shown[0];
  if (shown === '') {
    // cron takes the line for a job then, and refuses the whole crontab
    found({
      code: 'E_CRONTAB_SETTING',
      message: `no value for ${printable(name)}`,
      line,
      column: cut + 1,
      hint: `${printable(name)}=""`,
    });
  } else if (quote === '"' || quote === "'") {
    const closed = shown.length > 1 && shown.endsWith(quote);
    if (!closed || shown.slice(1, -1).includes(quote)) {
      found({
        code: 'E_CRONTAB_SETTING',
        message: closed ? `a ${quote} inside the quotes` : `no closing ${quote} at the end`,
        line,
        column,
        length: shown.length,
        hint: 'one pair of quotes around the whole value, or none',
      });
    }
  }
  return { type: 'setting', line, span: 1, name };
}

/** What stands before the `=` of a setting, or undefined when the line is none. */
function settingName(text: Bytes): Bytes | undefined {
  const cut = text.indexOf('=');
  if (cut < 0) return undefined;
  const before = words(slice(text, 0, cut));
  const [name] = before;
  if (before.length > 1) return /^["']/.test(name?.text ?? '') ? quotedName(text, cut) : undefined;
  return name?.text ?? b``;
}

/** cron lets a name stand in quotes, blanks and all: `"A B" = c`. */
function quotedName(text: Bytes, cut: number): Bytes | undefined {
  const name = withoutTrailingBlanks(slice(text, text.search(/[^ \t]/), cut));
  return name.length > 1 && name.endsWith(name[0] ?? '') ? name : undefined;
}

function isComment(text: Bytes): boolean {
  return /^[ \t]*#/.test(text);
}

function scheduleOf(times: readonly Word[]): Bytes {
  return times.map((word) => word.text).join(' ') as Bytes;
}

/** Debian's cron: MAX_COMMAND less the ends. */
const LONGEST_COMMAND = 998;
