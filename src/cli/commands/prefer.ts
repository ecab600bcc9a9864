/** `xh prefer [NAME [PKG]]`. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { planPrefer } from '../../depot/prefer.ts';
import { preferencesIn } from '../../farm/state.ts';
import { createDraft } from '../../host/draft.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, XhError } from '../../message/error.ts';
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
