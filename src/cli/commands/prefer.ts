/** `xh prefer [NAME [PKG]]`. */
import { readFileSync } from 'node:fs';
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { planPrefer, planPreferences, type Preference } from '../../depot/prefer.ts';
import { preferencesIn } from '../../farm/state.ts';
import { asFileError } from '../../files/error.ts';
import { createDraft } from '../../host/draft.ts';
import { fromJsonText, toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { validatePackageName } from '../../package/name.ts';
import { changeHost, commit, dryRun, planSummary, tellServices } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Call, type Command } from '../command.ts';
import { columns } from '../table.ts';

export const command: Command = {
  usage: '[name] [package]',
  details:
    'Two packages with one name at equal priority are a conflict; this settles it for this host. The\n' +
    'name is that of the command, manual page, header or library (vi, vi.1). Without arguments the\n' +
    'preferences are listed.',
  options: [
    { flags: '--drop', summary: 'forget the preference for the name' },
    {
      flags: '--import <file>',
      summary: "set what 'xh prefer --json' printed, here or elsewhere (-: standard input)",
    },
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  words: { name: 'command' },
  examples: [
    { command: 'xh prefer vi nvi', explains: "vi is nvi's, whoever else has one" },
    { command: 'xh prefer --drop vi', explains: 'priorities decide again' },
    {
      command: 'xh prefer --json | ssh other xh prefer --import -',
      explains: 'the same choices on another host',
    },
  ],
  async run(call) {
    const [name, provider] = call.args;
    const drop = call.options['drop'] === true;
    const from = call.options['import'];
    if (typeof from === 'string') return importAll(call, from);
    if (name === undefined) return list(call);
    if (drop === (provider !== undefined)) {
      throw new XhError(
        'E_USAGE',
        drop
          ? '--drop takes a name only'
          : `which package shall ${printable(bytes(name))} come from?`,
        {
          exit: EXIT.usage,
          remedy: drop ? 'leave the package out' : `xh prefer ${printable(bytes(name))} PACKAGE`,
        },
      );
    }
    const wanted = provider === undefined ? undefined : bytes(provider);
    if (call.options['dryRun'] === true) {
      return dryRun(call, (host) => planPrefer(host, call.config(), bytes(name), wanted));
    }
    return changeHost(call, (host) => {
      const plan = planPrefer(host, call.config(), bytes(name), wanted);
      const generation = commit(call, host, plan);
      if (call.options['json'] === true) call.terminal.print(JSON.stringify({ generation }));
      call.terminal.tell(
        `${printable(bytes(name))}: ${provider === undefined ? 'priorities decide' : `${printable(bytes(provider))} is preferred`} (${planSummary(plan)})`,
      );
      tellServices(call, host, plan);
      return EXIT.done;
    });
  },
};

function importAll(call: Call, from: string): Promise<ExitCode> | ExitCode {
  const { args, options, terminal } = call;
  if (args.length > 0 || options['drop'] === true) {
    throw new XhError('E_USAGE', '--import takes no names', { exit: EXIT.usage });
  }
  const preferences = readPreferences(from);
  if (options['dryRun'] === true) {
    return dryRun(call, (host) => planPreferences(host, call.config(), preferences));
  }
  return changeHost(call, (host) => {
    const plan = planPreferences(host, call.config(), preferences);
    const generation = commit(call, host, plan);
    if (options['json'] === true) terminal.print(JSON.stringify({ generation }));
    terminal.tell(`${preferences.length} preferences (${planSummary(plan)})`);
    tellServices(call, host, plan);
    return EXIT.done;
  });
}

/** @throws XhError E_PREFERENCES (exit 2) for what is not what `--json` prints */
function readPreferences(from: string): Preference[] {
  const text = readText(from);
  const wrong = (why: string): XhError =>
    new XhError('E_PREFERENCES', `${from === '-' ? 'standard input' : from}: ${why}`, {
      exit: EXIT.usage,
      remedy: 'expected is what \'xh prefer --json\' prints: [{"name": …, "package": …}]',
    });
  let given: unknown;
  try {
    given = fromJsonText(text);
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : 'no JSON');
  }
  if (!Array.isArray(given)) throw wrong('not a list');
  return given.map((each: unknown, i) => {
    const { name, package: provider } = (each ?? {}) as Partial<Record<string, unknown>>;
    if (typeof name !== 'string' || name === '' || typeof provider !== 'string') {
      throw wrong(`the entry ${i + 1} has no name, or no package`);
    }
    validatePackageName(provider as Bytes);
    return { name: name as Bytes, package: provider as Bytes };
  });
}

function readText(from: string): string {
  try {
    return readFileSync(from === '-' ? 0 : from, 'utf8');
  } catch (error) {
    throw asFileError(error, bytes(from));
  }
}

function list({ site, options, terminal }: Call): typeof EXIT.done {
  return visitHost(site, (host) => {
    const preferences = [...preferencesIn(createDraft(host.walker))].map(([name, provider]) => ({
      name,
      package: provider,
    }));
    const rows = preferences.map((each) => [printable(each.name), printable(each.package)]);
    if (options['json'] === true) terminal.print(toJsonText(preferences, 2));
    else for (const line of columns(rows)) terminal.print(line);
    if (rows.length === 0) terminal.tell('nothing is preferred: priorities decide');
    return EXIT.done;
  });
}
