/** `xh receive`: the one command that the key of whoever distributes is confined to. */
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { farWords } from '../../depot/distribute/far-words.ts';
import { receive, type ReceiveOptions } from '../../depot/distribute/receive.ts';
import { previewPull, pull } from '../../depot/pull/pull.ts';
import { isSdist } from '../../depot/sdist/receive-build.ts';
import { recordOutcomes } from '../../distribute/status/record.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { globProblem } from '../../site/glob.ts';
import { changeHost, commit, tellServices } from '../carry-out.ts';
import type { Call, Command } from '../command.ts';
import { scriptingFor } from '../scripting.ts';
import { shareStatus } from '../share-status.ts';

export const command: Command = {
  usage: '',
  details:
    'Takes packages that another host distributes to this one (xh distribute). It is not called by\n' +
    'people: it is what the key of the other host is confined to, in ~/.ssh/authorized_keys of the\n' +
    'account that this site belongs to,\n' +
    '\n' +
    '  command="xh receive --allow \'*\'",restrict ssh-ed25519 AAAA… master\n' +
    '\n' +
    'so that whoever has that key can offer packages, and nothing else. What becomes of them is decided\n' +
    'here: only those come that --allow matches, that this host subscribes to (subscribe.only,\n' +
    'subscribe.never), that are not frozen, that are meant for it (.admin/Targets), and that have files\n' +
    'for its architecture. All that comes is verified by its hash, made beside its place, switched in one\n' +
    'step, and installed, as xh pull does it. When the connection breaks off, everything stays as it was.\n' +
    '\n' +
    'With xh dist-recurse it then distributes to the hosts below: those of its own /etc/xhier.toml, and\n' +
    'with --relay also those that it is told by the other end, by name, address, port and account alone.\n' +
    'With --build it also builds what xh sdist sends.\n' +
    "The same key may ask for this host's record (xh status --print), which xh status gathers.",
  options: [
    { flags: '--allow <glob>', summary: 'packages that may come; none else may', repeats: true },
    { flags: '--relay', summary: 'go on to hosts that the other end names' },
    { flags: '--build', summary: 'build sources, too, that xh sdist sends' },
    { flags: '--no-install', summary: 'put the trees in place, and install nothing' },
  ],
  examples: [
    { command: "xh receive --allow '*'", explains: 'whatever the other end has' },
    {
      command: "xh receive --allow 'gcc*' --allow tex",
      explains: 'these alone, whatever is offered',
    },
  ],
  async run(call) {
    const asked = process.env['SSH_ORIGINAL_COMMAND'];
    if (call.options['build'] === true && isSdist(asked)) {
      const { command: sdist } = await import('./sdist.ts');
      return sdist.run({ ...call, args: [], options: { receive: true } });
    }
    const words = farWords(asked);
    if (words === 'status') {
      const { command: status } = await import('./status.ts');
      return status.run({ ...call, args: [], options: { print: true } });
    }
    const { options, site } = call;
    await receive(site, call.config(), {
      input: process.stdin,
      output: process.stdout,
      allow: allowed(call),
      relay: options['relay'] === true,
      pull: pulling(call),
      command: call.commandLine,
    });
    // whoever is at the other end may keep it open
    process.stdin.destroy();
    return EXIT.done;
  },
};

function allowed({ options }: Call): readonly Bytes[] {
  const given = options['allow'];
  const globs = (Array.isArray(given) ? given : []).map((glob: string) => bytes(glob));
  if (globs.length === 0) {
    throw new XhError('E_USAGE', 'xh receive takes nothing without --allow', {
      exit: EXIT.usage,
      remedy: "say which packages may come: --allow '*', or --allow gcc --allow 'tex*'",
    });
  }
  for (const glob of globs) {
    const problem = globProblem(glob);
    if (problem === undefined) continue;
    throw new XhError('E_USAGE', `--allow '${printable(glob)}': ${problem}`, {
      exit: EXIT.usage,
      remedy: "give a glob over the names of packages, such as 'gcc*'",
    });
  }
  return globs;
}

/** How packages come: as with xh pull, from whoever is at the other end. */
function pulling(call: Call): ReceiveOptions['pull'] {
  const { site, terminal, options } = call;
  return async (packages, source, { dryRun, progress }) => {
    const now = Date.now();
    if (dryRun) return previewPull(site, call.config(), source, { packages, now });
    const result = await pull(site, call.config(), source, {
      packages,
      now,
      command: call.commandLine,
      lockTimeout: call.config().values['lock-timeout'],
      install: options['install'] !== false,
      progress,
      warn: (message) => {
        terminal.warn(`warning: ${message}`);
      },
      change: (work) => changeHost(call, work),
      commit: (host, plan) => {
        commit(call, host, plan);
        tellServices(call, host, plan);
      },
      scripting: scriptingFor(call, 'install', 'installed'),
    });
    await changeHost(call, () => recordOutcomes(site, result.outcomes, { config: call.config() }));
    await shareStatus(call);
    return result;
  };
}
