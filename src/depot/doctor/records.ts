/** Checks of what the host knows about itself: receipts, the records of the farms, the history. */
import { b, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { generationNumbers, readGeneration } from '../../host/generations.ts';
import { readRecord } from '../../host/json.ts';
import { receiptPath } from '../../host/receipt.ts';
import { XhError } from '../../message/error.ts';
import { inSite } from '../../site/site.ts';
import { shellWord } from '../shell-word.ts';
import { contentOf, type Examination } from './examination.ts';
import { ORDER, type Finding, type HostCheck, type Repair } from './finding.ts';
import { lastWritten } from './history.ts';

export const receipts: HostCheck = {
  id: 'receipts',
  what: 'receipts that are damaged: what was installed is not known without them',
  *run(examination) {
    for (const { directory, why } of examination.damaged) {
      const path = receiptPath(directory);
      const name = toText(directory);
      yield damagedRecord(examination, path, {
        package: directory,
        message: `the receipt of ${printable(directory)} cannot be used: ${why}`,
        without: `install it again: mv ${at(examination, path)} ${at(examination, path)}.damaged; xh install ${name}`,
      });
    }
  },
};

const RECORDS = [
  ['farm.json', 'xh make-links'],
  ['directories.json', 'directories that were made for links stay when these go'],
  ['preferences.json', 'what xh prefer was told has to be told again'],
] as const;

export const records: HostCheck = {
  id: 'records',
  what: 'other records of the host that are damaged: contested names, preferences, directories made',
  *run(examination) {
    for (const [name, loss] of RECORDS) {
      const path = b`/.software/local/.admin/${name as Bytes}`;
      const why = problemIn(examination, path);
      if (why === undefined) continue;
      yield damagedRecord(examination, path, {
        message: why,
        without: `begin it anew: mv ${at(examination, path)} ${at(examination, path)}.damaged   (${loss})`,
      });
    }
  },
};

function problemIn({ host }: Examination, path: Bytes): string | undefined {
  const content = contentOf(host, path);
  if (content === undefined) return undefined;
  try {
    const record = readRecord(path, content) as Record<string, unknown>;
    const whole = Object.entries(record).every(
      ([key, value]) => key === 'format' || Array.isArray(value),
    );
    return whole ? undefined : `${printable(path)} does not say what it has to say`;
  } catch (error) {
    if (error instanceof XhError) return error.message;
    throw error;
  }
}

/** A record of our own: what a commit last wrote there is put back where the history has it. */
function damagedRecord(
  { host }: Examination,
  path: Bytes,
  { without, ...finding }: Pick<Finding, 'message' | 'package'> & { readonly without: string },
): Finding {
  const content = lastWritten(host, path);
  const base = { severity: 'problem', path, ...finding } as const;
  if (content === undefined || content === contentOf(host, path)) {
    return { ...base, remedy: `put it back from a backup, or ${without}` };
  }
  const repair: Repair = {
    when: 'safe',
    order: ORDER.records,
    plan: ({ draft }) => {
      draft.write(path, content, { bookkeeping: true });
    },
  };
  return { ...base, remedy: 'xh doctor --fix puts it back as the last commit wrote it', repair };
}

export const history: HostCheck = {
  id: 'history',
  what: 'generations whose record is damaged: rollback cannot pass them',
  *run({ host }) {
    for (const number of generationNumbers(host.walker)) {
      const path = b`/.software/local/.admin/generations/${number}.json`;
      try {
        const { changes, time } = readGeneration(host.walker, number);
        if (Array.isArray(changes) && typeof time === 'string') continue;
        yield lost(host.site.root, path, number, 'it does not say what it has to say');
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        yield lost(host.site.root, path, number, error.message);
      }
    }
  },
};

function lost(root: Bytes, path: Bytes, number: number, why: string): Finding {
  const file = shellWord(inSite({ root }, path));
  return {
    severity: 'problem',
    path,
    message: `generation ${number} cannot be read: ${why}`,
    remedy: `put it back from a backup, or do without it: mv ${file} ${file}.damaged`,
  };
}

/** Seconds that clocks may differ without harm. */
const TOLERANCE = 120;

export const clock: HostCheck = {
  id: 'clock',
  what: 'commits from the future: the clock was, or is, wrong',
  *run({ host, receipts: known }) {
    const limit = new Date(Date.now() + TOLERANCE * 1000).toISOString();
    const number = generationNumbers(host.walker).at(-1);
    const newest = number === undefined ? undefined : timeOf(host.walker, number);
    const late = [
      ...(newest !== undefined && newest > limit
        ? [`generation ${String(number)} of ${newest}`]
        : []),
      ...known
        .filter(({ time }) => time > limit)
        .map(({ package: of, time }) => `the receipt of ${printable(of)} of ${time}`),
    ];
    const [first] = late;
    if (first === undefined) return;
    yield {
      severity: 'problem',
      message: `${first}${late.length > 1 ? ` and ${late.length - 1} more` : ''}: that is in the future; here it is ${new Date().toISOString()}`,
      cause: 'the clock is wrong now, or was when that was written',
      remedy:
        'set the clock (timedatectl set-ntp true); what was written too late is right when its time has come',
    };
  },
};

function timeOf(walker: Parameters<typeof readGeneration>[0], number: number): string | undefined {
  try {
    return readGeneration(walker, number).time;
  } catch (error) {
    if (error instanceof XhError) return undefined;
    throw error;
  }
}

function at({ host: { site } }: Examination, path: Bytes): string {
  return shellWord(inSite(site, path));
}
