/** `xh report --hourly|--daily`. */
import { bytes, printable, toText } from '../../bytes/bytes.ts';
import { composeIncoming, lettersText, type IncomingReport } from '../../depot/status/report.ts';
import type { ReportKind } from '../../depot/status/incoming.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';

export const command: Command = {
  usage: '',
  details:
    'Tells what has come in since the last report: hosts that nothing is heard of or that are not\n' +
    'believed, packages that were refused or failed somewhere, what hosts have pulled, and new lines of\n' +
    'logs: those of xhier, those of the packages, and those that report.logs names. Lines that differ only\n' +
    'in figures are one.\n' +
    '\n' +
    'Whatever nobody has said anything about comes first, and at once. What report.drop in /etc/xhier.toml\n' +
    'fits is left out and counted; what report.wait fits waits for the daily report, which also has all\n' +
    'that was in the hourly ones. When there is nothing to tell, nothing is printed or mailed.\n' +
    '\n' +
    'The report is printed, for cron to mail; with --mail it is mailed to the maintainer of this host, and\n' +
    'what concerns others to them. What was told once is not told again until report.remind-days are over.',
  options: [
    { flags: '--hourly', summary: 'what is new and unknown' },
    { flags: '--daily', summary: 'all of the day, with what could wait' },
    { flags: '--mail', summary: 'mail it instead of printing it' },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh report --hourly --mail', explains: 'from cron, every hour' },
    { command: 'xh report --daily', explains: 'all of the day, here' },
    { command: 'xh report --hourly --dry-run', explains: 'look without having been told' },
  ],
  async run(call) {
    const { site, config, options } = call;
    const kind = kindOf(call);
    return visitHost(site, async (host) => {
      const report = await composeIncoming(host, config(), { kind, now: Date.now() });
      const dry = options['dryRun'] === true;
      if (options['mail'] === true && !dry) mail(call, report);
      else show(call, report);
      if (!dry) report.remember();
      return EXIT.done satisfies ExitCode;
    });
  },
};

function kindOf({ options }: Call): ReportKind {
  const [hourly, daily] = [options['hourly'] === true, options['daily'] === true];
  if (hourly !== daily) return hourly ? 'hourly' : 'daily';
  throw new XhError('E_USAGE', 'say which report: --hourly or --daily', {
    exit: EXIT.usage,
    remedy: 'xh report --daily',
  });
}

function mail({ terminal }: Call, report: IncomingReport): void {
  for (const { letter, delivery } of report.send()) {
    const to = letter.to.map(printable).join(', ');
    if (delivery.how === 'mailed') terminal.tell(`mailed to ${to}: ${letter.subject}`);
    else {
      const why = delivery.why === undefined ? 'this host has no mailer' : delivery.why;
      terminal.warn(`warning: not mailed (${printable(bytes(why))}); kept in .admin/log/reports:`);
      for (const line of lettersText([letter])) terminal.print(line);
    }
  }
}

function show({ terminal, options }: Call, { letters, digest, problems }: IncomingReport): void {
  if (options['json'] === true) {
    const shown = letters.map(({ to, subject, body }) => ({ to: to.map(toText), subject, body }));
    terminal.print(JSON.stringify({ letters: shown, digest, problems }, null, 2));
    return;
  }
  for (const line of lettersText(letters)) terminal.print(line);
  if (letters.length === 0) terminal.tell('nothing has come in that would have to be told');
}
