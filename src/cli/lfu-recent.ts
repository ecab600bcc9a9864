/** `lfu recent`: what changed lately, for any user. */
import { bytes, printable, toJson, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join } from '../bytes/path.ts';
import { shown } from '../lfu/line.ts';
import { localTime } from '../lfu/local-time.ts';
import { recentEntries, type LogEntry } from '../lfu/recent.ts';
import { realPathOf } from '../lfu/update/update.ts';
import { parseAge } from '../lfu/rules/quantity.ts';
import { EXIT } from '../message/error.ts';
import { openSite } from '../site/open.ts';
import { usageError, type CommonOptions, type LfuCommand } from './lfu-command.ts';
import { absolutePath, realParent, slavesByMaster } from './lfu-site.ts';
import { rawArgument } from './raw-argument.ts';

export const command: LfuCommand<Parsed> = {
  usage: '[PATH...]',
  details: `Prints what updates have changed lately, the newest last. A line is: time, master, and as
'lfu -i' has it what was done, to which type of object, why, and the path. PATH is a file or a directory
of a slave; without one everything is shown.

Times are written as in rules: 90s 15min 8hrs 3days 2wks 6mon 1yr, or a date.`,
  options: [
    {
      flags: '--since <time>',
      summary: 'since then, or for so long (default: 7days)',
      default: '7days',
    },
    {
      flags: '-a, --all',
      summary: 'problems too, times of directories, and what rules had examined',
    },
  ],
  words: { time: ['1day', '7days', '1mon'] },
  examples: [
    { command: 'lfu recent', explains: 'the last seven days' },
    {
      command: 'lfu recent --since 2days /usr/local/bin',
      explains: 'which programs are new or gone since the day before yesterday',
    },
    {
      command: 'lfu recent --all --since 2026-03-01T02:00',
      explains: 'problems of the last night too',
    },
  ],
  exits: [
    { code: 0, means: 'done' },
    { code: 1, means: 'the log cannot be read' },
    { code: 2, means: 'usage' },
  ],
  run({ args, options, out }) {
    const site = openSite(options.root);
    const slaves = slavesByMaster(site);
    const slaveOf = (master: Bytes): Bytes | undefined => slaves.get(master);
    const entries = recentEntries(site, {
      since: moment(options.since),
      all: options.all === true,
      paths: args.map((word) => placeOf(rawArgument(word), [...slaves.values()])),
      slaveOf,
    });
    for (const entry of entries) {
      const slave = slaveOf(entry.master);
      out.write(
        options.json === true ? JSON.stringify(recordOf(entry, slave)) : lineOf(entry, slave),
      );
    }
    return EXIT.done;
  },
};

interface Parsed extends CommonOptions {
  readonly since: string;
  readonly all?: true;
}

function lineOf(entry: LogEntry, slave: Bytes | undefined): string {
  const { time, master, verb, what, path, rest } = entry;
  const where = slave === undefined ? shown(path) : printable(join(slave, path));
  const words = [localTime(time), printable(master), verb, what, `${where}${rest}`];
  return words.filter((word) => word !== '').join(' ');
}

function recordOf(entry: LogEntry, slave: Bytes | undefined): object {
  const { time, master, verb, what, path, rest } = entry;
  const base = {
    time: new Date(time).toISOString(),
    master: toJson(master),
    path: toJson(path),
    ...(slave !== undefined && { slave: toJson(slave) }),
  };
  if (verb === 'problem') return { ...base, problem: what, message: rest.replace(/^: /, '') };
  if (verb === 'examined') return { ...base, examined: true };
  const [type = '', why = ''] = what.split(' ');
  return { ...base, change: verb, type, why: why.split(',') };
}

/** An object of a slave, which may be a link itself, or what a link outside leads to. */
function placeOf(word: Bytes, slaves: readonly Bytes[]): Bytes {
  const path = absolutePath(word);
  const places = [realParent(path), realPathOf(path)];
  const found =
    places.find((place) => slaves.some((slave) => isWithin(slave, place))) ??
    places.find((place) => slaves.some((slave) => isWithin(place, slave)));
  if (found !== undefined) return found;
  throw usageError(
    `${printable(path)} is in no slave`,
    slaves.length === 0
      ? 'no slave is known here'
      : `slaves: ${[...new Set(slaves)].map(printable).join(', ')}`,
  );
}

/** Milliseconds since the epoch of a time as rules write it. */
function moment(word: string): number {
  const now = Date.now() / 1000;
  const age = parseAge(bytes(word), now);
  if ('problem' in age) {
    throw usageError(`--since: ${age.problem}`, age.hint ?? 'write 2days, or a date: 2026-03-01');
  }
  return (now - age.value) * 1000;
}
