/** `xh prefer [NAME [PKG]]`. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { planPrefer } from '../../depot/prefer.ts';
import { readPreferences } from '../../farm/state.ts';
import { createDraft } from '../../host/draft.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { changeHost, commit, dryRun, planSummary } from '../carry-out.ts';
import { DRY_RUN_OPTION, JSON_OPTION, REASON_OPTION, type Call, type Command } from '../command.ts';

export const command: Command = {
  usage: '[name] [package]',
  details:
    'Two packages with one name at equal priority are a conflict; this settles it for this host. The\n' +
    'name is that of the command, manual page, header or library (vi, vi.1). Without arguments the\n' +
    'preferences are listed.',
  options: [
    { flags: '--drop', summary: 'forget the preference for the name' },
    DRY_RUN_OPTION,
    JSON_OPTION,
    REASON_OPTION,
  ],
  examples: [
    { command: 'xh prefer vi nvi', explains: "vi is nvi's, whoever else has one" },
    { command: 'xh prefer --drop vi', explains: 'priorities decide again' },
  ],
  async run(call) {
    const [name, provider] = call.args;
    const drop = call.options['drop'] === true;
    if (name === undefined) return list(call);
    if (drop === (provider !== undefined)) {
      throw new XhError(
        'E_USAGE',
        drop ? '--drop takes a name only' : `which package shall ${name} come from?`,
        {
          exit: EXIT.usage,
          remedy: `xh prefer ${name} PACKAGE`,
        },
      );
    }
    const wanted = provider === undefined ? undefined : bytes(provider);
    if (call.options['dryRun'] === true) {
      return dryRun(call, (host) => planPrefer(host, call.config(), bytes(name), wanted));
    }
    return changeHost(call, (host) => {
      const plan = planPrefer(host, call.config(), bytes(name), wanted);
      commit(call, host, plan);
      call.terminal.tell(
        `${name}: ${provider === undefined ? 'priorities decide' : `${provider} is preferred`} (${planSummary(plan)})`,
      );
      return EXIT.done;
    });
  },
};

function list({ site, options, terminal }: Call): typeof EXIT.done {
  return visitHost(site, (host) => {
    const preferences = [...readPreferences(createDraft(host.walker))].map(([name, provider]) => ({
      name: printable(name),
      package: printable(provider),
    }));
    if (options['json'] === true) terminal.print(JSON.stringify(preferences, null, 2));
    else for (const each of preferences) terminal.print(`${each.name}  ${each.package}`);
    return EXIT.done;
  });
}
