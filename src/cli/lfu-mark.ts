/** `lfu mark`: a name for a master's root, which runs can demand. */
import { printable, toJson, type Bytes } from '../bytes/bytes.ts';
import { basename } from '../bytes/path.ts';
import { NAME_EXPECTED, isMasterName, markMaster, markerOf } from '../lfu/marker.ts';
import { realPathOf } from '../lfu/update/update.ts';
import { EXIT } from '../message/error.ts';
import { openSite } from '../site/open.ts';
import { usageError, type CommonOptions, type LfuCommand } from './lfu-command.ts';
import { absolutePath, configOf, pairsOf } from './lfu-site.ts';
import { rawArgument } from './raw-argument.ts';

export const command: LfuCommand<Parsed> = {
  usage: 'MASTER [NAME]',
  details: `Gives the root of a master a name, in the file .lfu-master there. Run it once where the
master is at home. A run that demands the name (marker = true, or marker = NAME in /etc/lfu.toml;
lfu --marker NAME) is refused when another master is mounted there, or none: also when something stands
in the directory on which it ought to be mounted.

The file is never copied, and never deleted from a slave, which may be a master, too. NAME is by default
the one that /etc/lfu.toml has for the tree, else the last component of its path; it is printed.`,
  options: [
    { flags: '--force', summary: 'also when it has another name' },
    { flags: '--print', summary: 'print the name that it has, and touch nothing' },
  ],
  examples: [
    { command: 'lfu mark /export/local', explains: 'gives it the name local' },
    { command: 'lfu mark --print /export/local', explains: 'prints the name that it has' },
    {
      command: 'lfu --marker local -n /export/local /disk/local',
      explains: 'a run that demands the name',
    },
  ],
  exits: [
    { code: 0, means: 'the master has the name' },
    { code: 1, means: 'with --print: it has none' },
    { code: 2, means: 'usage' },
    { code: 3, means: 'it has another name already' },
  ],
  run({ args, options, out }) {
    const [word, wanted, ...more] = args.map((each) => rawArgument(each));
    if (word === undefined || more.length > 0) {
      throw usageError('MASTER is wanted, and perhaps NAME', 'for example: lfu mark /export/local');
    }
    const path = absolutePath(word);
    const say = (name: Bytes | undefined): void => {
      const isJson = options.json === true;
      if (isJson) {
        out.write(
          JSON.stringify({ path: toJson(path), name: name === undefined ? null : toJson(name) }),
        );
      } else if (name !== undefined) out.write(printable(name));
    };
    if (options.print === true) {
      const found = markerOf(path);
      say(found);
      return found === undefined ? EXIT.failed : EXIT.done;
    }
    const name = wanted ?? nameFor(path, options.root);
    if (!isMasterName(name)) {
      throw usageError(`'${printable(name)}' is no name for a master`, `write ${NAME_EXPECTED}`);
    }
    markMaster(path, name, options.force === true);
    if (options.quiet !== true) say(name);
    return EXIT.done;
  },
};

interface Parsed extends CommonOptions {
  readonly force?: true;
  readonly print?: true;
}

/** As the configuration calls it, else as its directory is called. */
function nameFor(path: Bytes, root: string | undefined): Bytes {
  const real = realPathOf(path);
  const known = pairsOf(configOf(openSite(root))).find((each) => each.path === real);
  return known?.name ?? basename(real);
}
