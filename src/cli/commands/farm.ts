/** `xh farm [check] [WORD…]`, `xh farm --why NAME`. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { basename } from '../../bytes/path.ts';
import { checkFarm, listFarm, whyNotLinked } from '../../depot/farm.ts';
import { whoOwns } from '../../depot/which.ts';
import { LINK_CLASSES } from '../../farm/classes.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost, type Host } from '../../host/transaction.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { JSON_OPTION, type Call, type Command } from '../command.ts';
import { columns } from '../table.ts';
import { ownerText } from './which.ts';

export const command: Command = {
  usage: '[word...]',
  details:
    'Lists the links of the farms with the package that each comes from, and who else has the name;\n' +
    'with words, those whose name contains one of them. xh farm check looks for what is not as it\n' +
    'should be: links that are missing, lead nowhere, were turned or belong to nobody, and what xhier did\n' +
    'not make; each with what to do, and exit 1 when there is anything. Nothing is changed.',
  options: [
    { flags: '--why <name>', summary: 'who has the name and why, or why nobody has it' },
    {
      flags: '--class <class>',
      summary: 'only links of one class, such as bin or man',
      choices: LINK_CLASSES.map(({ name }) => name),
    },
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh farm', explains: 'every link' },
    { command: 'xh farm --why vi', explains: 'whose vi it is, and why' },
    { command: 'xh farm check', explains: 'from cron: silent and exit 0 when all is right' },
  ],
  run(call) {
    const { args, options } = call;
    const { why } = options;
    return visitHost(call.site, (host) => {
      if (typeof why === 'string') return explain(call, host, why);
      if (args[0] !== 'check') return list(call, host);
      if (args.length === 1) return check(call, host);
      throw new XhError('E_USAGE', 'xh farm check takes no words', { exit: EXIT.usage });
    });
  },
};

function list({ args, options, terminal }: Call, host: Host): ExitCode {
  const links = listFarm(host).filter(
    (link) =>
      (options['class'] === undefined || link.class === options['class']) &&
      (args.length === 0 || args.some((word) => printable(basename(link.path)).includes(word))),
  );
  if (options['json'] === true) terminal.print(toJsonText(links, 2));
  else {
    const rows = links.map(({ path, package: name, losers }) => [
      printable(path),
      printable(name) +
        (losers.length === 0 ? '' : ` (also in ${losers.map(printable).join(', ')})`),
    ]);
    for (const line of columns(rows)) terminal.print(line);
    if (links.length === 0) terminal.tell('no links');
  }
  return EXIT.done;
}

function check({ options, terminal }: Call, host: Host): ExitCode {
  const findings = checkFarm(host);
  if (options['json'] === true) terminal.print(toJsonText(findings, 2));
  else {
    for (const { kind, message, remedy } of findings) {
      terminal.print(`${terminal.out.yellow(kind.padEnd(8))}  ${message}`);
      terminal.print(`          ${terminal.out.dim('→')} ${remedy}`);
    }
  }
  return findings.length === 0 ? EXIT.done : EXIT.failed;
}

function explain({ options, terminal, config }: Call, host: Host, word: string): ExitCode {
  const name = bytes(word);
  const owners = whoOwns(host, config(), name).filter(({ kind }) => kind === 'link');
  const reasons = owners.length > 0 ? [] : whyNotLinked(host, config(), name);
  if (options['json'] === true) terminal.print(toJsonText({ links: owners, reasons }, 2));
  else for (const line of [...owners.map(ownerText), ...reasons]) terminal.print(line);
  if (owners.length > 0) return EXIT.done;
  if (reasons.length === 0)
    terminal.warn(`no installed package has anything called ${printable(name)}`);
  return EXIT.failed;
}
