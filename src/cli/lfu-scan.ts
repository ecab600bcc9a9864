/** `lfu scan`: what a master is, written down once for all its slaves. */
import { printable, toJson } from '../bytes/bytes.ts';
import { shown } from '../lfu/line.ts';
import { Interrupted, STOPPED } from '../lfu/pace.ts';
import { scanMaster } from '../lfu/scan-master.ts';
import { EXIT } from '../message/error.ts';
import { bytesText, countText, durationText, numberText } from './figures.ts';
import {
  interruptedExits,
  usageError,
  type CommonOptions,
  type LfuCommand,
} from './lfu-command.ts';
import { createProgress } from './lfu-progress.ts';
import { absolutePath } from './lfu-site.ts';
import { listenForSignals } from './lfu-stop.ts';
import { positive } from './lfu-values.ts';
import { rawArgument } from './raw-argument.ts';

export const command: LfuCommand<Parsed> = {
  usage: 'MASTER',
  details: `Writes down what MASTER is, so that its slaves need not look (lfu --index FILE). Run it where
the master is at home, as root, before its slaves are updated; each of them then reads FILE and not the
tree, which is what nearly all of the time goes into when there is little to do. What a slave copies it
copies from the master as it is, and what has come to the master since is not deleted: an index that is
old is behind, and does no harm. What has changed since is left for a run with a newer one.

FILE is for its owner only, since it has the names in all directories: chmod it once for slaves whose
root is nobody on the master's file system, and later scans keep that. It is read by root on any host
that has the same master, told by its marker (lfu mark), or else by its path and root.`,
  options: [
    {
      flags: '-o, --output <file>',
      summary: 'the index that is written; complete, or not at all (must be given)',
    },
    { flags: '--one-file-system', summary: 'do not enter other file systems mounted in MASTER' },
    {
      flags: '--jobs <n>',
      summary: 'how many threads look at the tree (default: one a processor, at most 4)',
      read: positive,
    },
    { flags: '--marker <name>', summary: "refuse when MASTER's .lfu-master does not say NAME" },
  ],
  examples: [
    {
      command: 'lfu scan /export/local -o /export/local.index',
      explains: 'where the master is at home, every night before its slaves are updated',
    },
    {
      command: 'lfu --index /export/local.index -i /export/local /disk/local',
      explains: 'on a slave, which then looks at its own tree only',
    },
    {
      command: 'lfu scan --json /export/local -o /export/local.index',
      explains: 'how many objects there are, and how big the index is',
    },
  ],
  exits: [
    { code: 0, means: 'the index is complete' },
    { code: 1, means: 'some directories could not be read, and the index says so' },
    { code: 2, means: 'usage; the file is what it was' },
    {
      code: 3,
      means: 'refused: MASTER is empty, not mounted or another one; the file is what it was',
    },
    ...interruptedExits('the file is what it was'),
  ],
  async run({ args, options, out, err }) {
    const [word, ...more] = args.map((each) => rawArgument(each));
    const { output } = options;
    if (word === undefined || more.length > 0 || output === undefined) {
      throw usageError(
        'MASTER and -o FILE are wanted',
        'for example: lfu scan /export/local -o /export/local.index',
      );
    }
    const file = absolutePath(rawArgument(output));
    const stop = listenForSignals(err);
    const start = performance.now();
    const progress = createProgress(
      { quiet: options.quiet === true, json: options.json === true },
      { out, err },
    );
    try {
      const counts = await scanMaster({
        master: word,
        file,
        marker: options.marker === undefined ? undefined : rawArgument(options.marker),
        oneFileSystem: options.oneFileSystem === true,
        jobs: options.jobs,
        stopped: stop.signal,
        problem({ path, message, remedy }) {
          err.write(`lfu: ${shown(path)}: ${message}`);
          if (options.verbose === true && remedy !== undefined) err.write(`     ${remedy}`);
        },
        ...(progress && {
          progress: (objects: number) => {
            progress({ phase: 'scan', objects });
          },
        }),
      });
      const seconds = (performance.now() - start) / 1000;
      if (options.json === true) {
        const record = {
          file: toJson(file),
          ...counts,
          seconds: Math.round(seconds * 1000) / 1000,
        };
        out.write(JSON.stringify(record));
      } else if (options.verbose === true) {
        const { objects, directories, bytes } = counts;
        err.write(
          `lfu: ${countText(objects, 'object')}, ${numberText(directories)} directories looked ` +
            `into, in ${durationText(seconds)}; ${printable(file)} has ${bytesText(bytes)}`,
        );
      }
      if (counts.unread > 0 && options.quiet !== true) {
        err.write(
          `lfu: ${numberText(counts.unread)} not looked at, and the index says so: ${SPARED}`,
        );
      }
      return counts.unread > 0 ? EXIT.failed : EXIT.done;
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      err.write('lfu: interrupted; no index was written');
      return STOPPED[error.signal];
    } finally {
      stop.forget();
    }
  },
};

interface Parsed extends CommonOptions {
  readonly output?: string;
  readonly oneFileSystem?: true;
  readonly jobs?: number;
  readonly marker?: string;
}

const SPARED = 'slaves keep what they have there';
