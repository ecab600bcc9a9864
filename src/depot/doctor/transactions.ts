/** Checks of what commands that were killed have left: the journal, the lock, temporary names. */
import { b, printable, slice, toText, type Bytes } from '../../bytes/bytes.ts';
import { isWithin } from '../../bytes/path.ts';
import { farmDirectories } from '../../farm/inventory.ts';
import { statAt } from '../../files/stat.ts';
import type { Host } from '../../host/transaction.ts';
import { stateOf } from '../../host/state.ts';
import { inSite } from '../../site/site.ts';
import { siteFileTypes } from '../../site/config.ts';
import { isTemporary } from '../../lfu/names.ts';
import { entryOf } from '../script/processes.ts';
import { shellWord } from '../shell-word.ts';
import { contentOf, namesIn, type Examination } from './examination.ts';
import { ORDER, type Finding, type HostCheck, type Repair } from './finding.ts';

const ADMIN = b`/.software/local/.admin`;
const JOURNAL = b`${ADMIN}/journal`;
const PHASE = /\.(?:staging|commit|undo|clean)$/;

/** Whoever takes the lock settles it before anything else. */
const BY_LOCK: Repair = { when: 'safe', order: ORDER.lock, plan: () => undefined };

export const journal: HostCheck = {
  id: 'journal',
  what: 'commands that were killed, and whose work is neither finished nor taken back',
  *run({ host }) {
    if (holderOf(host)?.isAlive === true) return;
    for (const name of openEntries(host)) {
      const path = b`${JOURNAL}/${name}`;
      const entry = parsed(contentOf(host, path));
      const id = slice(name, 0, name.lastIndexOf('.'));
      if (entry?.['id'] !== id || !Array.isArray(entry['changes'])) {
        yield {
          severity: 'problem',
          path,
          message: `${printable(path)}, an entry of the journal, is damaged: what it had begun cannot be settled`,
          remedy:
            `put it back from a backup; else put what is named ${printable(b`.xhier-${id}-…`)} right by hand, ` +
            `and: mv ${shellWord(inSite(host.site, path))} elsewhere`,
        };
        continue;
      }
      const { command, user, time } = entry;
      const who = `xh ${String(command)} of ${String(user)} at ${String(time)}`;
      // all has taken effect then: no command waits for it
      const isDone = name.endsWith('.clean');
      yield {
        severity: isDone ? 'note' : 'problem',
        path,
        message: isDone
          ? `${who} has done its work; what it has replaced is still to be swept`
          : `${who} was interrupted, and is half done`,
        remedy: 'xh recover',
        repair: BY_LOCK,
      };
    }
  },
};

export const lock: HostCheck = {
  id: 'lock',
  what: 'who holds the lock: nobody who was killed, and nobody who is stopped',
  *run({ host }) {
    const holder = holderOf(host);
    if (holder === undefined) return;
    const who = `'${printable(holder.command as Bytes)}' (pid ${holder.pid}, user ${holder.user}, since ${holder.since})`;
    const path = LOCK_FILE;
    if (!holder.isAlive) {
      yield {
        severity: 'note',
        path,
        message: `${who} was killed while it held the lock; the lock is free again`,
        remedy: 'xh recover',
        repair: BY_LOCK,
      };
    } else if (holder.isStopped) {
      yield {
        severity: 'problem',
        path,
        message: `${who} holds the lock, and is stopped: every other command waits for it`,
        remedy: `kill -CONT ${holder.pid}`,
      };
    } else {
      yield {
        severity: 'note',
        path,
        message: `${who} is at work: what is found now may be different in a moment`,
        remedy: 'look again when it has finished',
      };
    }
  },
};

const LOCK_FILE = b`${ADMIN}/lock`;

interface Holder {
  readonly pid: number;
  readonly user: string;
  readonly command: string;
  readonly since: string;
  readonly isAlive: boolean;
  readonly isStopped: boolean;
}

/** Who wrote himself into the lock's file. */
function holderOf(host: Host): Holder | undefined {
  const note = parsed(readable(() => contentOf(host, LOCK_FILE)));
  const pid = note?.['pid'];
  // while it mends, it is the doctor himself
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) {
    return undefined;
  }
  const state = processState(pid);
  return {
    pid,
    user: String(note?.['user']),
    command: String(note?.['command']),
    since: String(note?.['since']),
    isAlive: state !== undefined,
    isStopped: state === 'T' || state === 't',
  };
}

/** The letter that proc_pid_stat(5) has for it; undefined for one that is gone. */
function processState(pid: number): string | undefined {
  const state = entryOf(pid)?.state;
  return state === 'Z' || state === 'X' ? undefined : state;
}

export const leftOvers: HostCheck = {
  id: 'left-overs',
  what: 'temporary names that no transaction knows, and originals that were put aside and forgotten',
  *run(examination) {
    const { host, receipts } = examination;
    if (holderOf(host)?.isAlive === true) return;
    const open = openEntries(host).map((name) => slice(name, 0, name.lastIndexOf('.')));
    const kept = new Set(
      receipts.flatMap(({ fragments }) =>
        fragments.flatMap(({ detail }) => detail?.['keptAs'] ?? []),
      ),
    );
    for (const directory of placesOfWork(examination)) {
      for (const name of namesIn(host, directory)) {
        if (!name.startsWith('.')) continue;
        const path = b`${directory === '/' ? b`` : directory}/${name}`;
        if (isLeftOver(directory, name, open)) yield leftOver(host, path);
        const [, original, owner] = /^\.(.+)\.xhier-([^/]+)$/.exec(name) ?? [];
        if (original === undefined || kept.has(path)) continue;
        yield forgotten(host, path, b`${directory}/${original as Bytes}`, owner as Bytes);
      }
    }
  },
};

/** What a change has beside its place. */
export const ASIDE = /^\.xhier-([0-9a-z]+-[0-9a-z]+-[0-9a-z]+)-[0-9]+$/;

/** `.xhier-ID-NUMBER` of a change, `.lfu-…` of lfu, `.NAME.new` of a record. */
function isLeftOver(directory: Bytes, name: Bytes, open: readonly Bytes[]): boolean {
  const [, id] = ASIDE.exec(name) ?? [];
  if (id !== undefined) return !open.some((each) => each === id);
  if (isTemporary(name)) return isWithin(b`/.software`, directory);
  return directory.startsWith(ADMIN) && name.endsWith('.new');
}

function leftOver(host: Host, path: Bytes): Finding {
  const place = host.walker.tryLocate(path);
  const isDirectory = place !== undefined && statAt(place.dir, place.name)?.type === 'd';
  return {
    severity: 'problem',
    path,
    message: `${printable(path)} is a temporary name that nobody works with any more`,
    cause: 'a command that was killed has left it, and its journal is gone',
    remedy: `look whether it is of any use; else: rm -r ${shellWord(inSite(host.site, path))}`,
    repair: {
      // what a file held is kept in the history, what a directory held is not
      when: isDirectory ? 'asked' : 'safe',
      order: ORDER.names,
      plan: ({ draft }) => {
        draft.remove(path);
      },
    },
  };
}

/** What a package had put aside, and was never put back. */
function forgotten(host: Host, path: Bytes, original: Bytes, owner: Bytes): Finding {
  const standing = stateOf(host.walker, original);
  const free =
    standing.type === 'absent' ||
    (standing.type === 'link' && host.walker.stat(original, { follow: true }) === undefined);
  const [from, to] = [path, original].map((each) => shellWord(inSite(host.site, each)));
  return {
    severity: 'problem',
    path,
    package: owner,
    message: `${printable(path)} is the original of ${printable(original)}, put aside for ${toText(owner)}, which does not replace it`,
    cause: 'the receipt was lost, or the package was taken out by hand',
    remedy: free
      ? `mv ${from ?? ''} ${to ?? ''}`
      : `compare it with ${printable(original)}, and keep one of the two`,
    ...(free && {
      repair: {
        when: 'safe',
        order: ORDER.names,
        plan: ({ draft }) => {
          draft.restore(original, path);
        },
      } as const,
    }),
  };
}

/** The directories in which commands work, not those below them. */
function placesOfWork({ host, config, receipts }: Examination): ReadonlySet<Bytes> {
  const types = siteFileTypes(config).map(({ name }) => b`/.software/${name}`);
  const places = new Set<Bytes>([
    ...SYSTEM,
    b`/.software`,
    ...types,
    ...[
      '',
      '/journal',
      '/receipts',
      '/generations',
      '/objects',
      '/log',
      '/cache',
      '/lfu',
      '/bins',
    ].map((name) => b`${ADMIN}${name as Bytes}`),
    ...farmDirectories(host.walker),
  ]);
  for (const { fragments } of receipts) {
    for (const { path } of fragments) places.add(slice(path, 0, path.lastIndexOf('/')) || b`/`);
  }
  return places;
}

const SYSTEM = (
  '/ /etc /etc/cron.d /etc/profile.d /etc/systemd/system /etc/logrotate.d /etc/sudoers.d /etc/tmpfiles.d ' +
  '/etc/sysusers.d /etc/ld.so.conf.d /etc/xinetd.d /var/spool/cron/crontabs /bin /sbin /usr/bin /usr/sbin ' +
  '/usr/lib /usr/include /usr/local/lib /lib'
).split(' ') as Bytes[];

function openEntries(host: Host): readonly Bytes[] {
  return namesIn(host, JOURNAL).filter((name) => !name.startsWith('.') && PHASE.test(name));
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // the lock's file is for its holder alone
    return undefined;
  }
}

function parsed(content: Bytes | undefined): Readonly<Record<string, unknown>> | undefined {
  if (content === undefined || content === '') return undefined;
  try {
    const value: unknown = JSON.parse(toText(content));
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
