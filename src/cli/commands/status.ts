/** `xh status [PACKAGE|HOST]`: who still lacks what, since when, and why. */
import { bytes, printable } from '../../bytes/bytes.ts';
import { answerFor, type Answer, type Question } from '../../depot/status/answer.ts';
import { collect, type Collected } from '../../depot/status/collect.ts';
import { shownRecord } from '../../distribute/status/record.ts';
import { forgetHost } from '../../distribute/status/seen.ts';
import { textForOthers } from '../../distribute/status/signed-record.ts';
import { recordText } from '../../distribute/status/host-record.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { JSON_OPTION, type Call, type Command } from '../command.ts';
import { hostText, packagesText, summaryText, type StatusText } from '../status-text.ts';

export const command: Command = {
  usage: '[package-or-host]',
  details:
    'Tells which hosts still lack the newest revision of which packages, since when, and why: frozen,\n' +
    'refused, failed, cut off from the stores, or not heard from. Records come from this host, from the\n' +
    'directory that hosts share (status-directory), from NATS (nats), and with --ask over ssh from every\n' +
    'host of the inventory; what should be there, from the stores. A record in the name of another host,\n' +
    'an old one, one from the future or a damaged one is refused, and its host is named.\n' +
    'Exit 1 when a host lacks something, or was not heard from for status-stale hours.',
  options: [
    {
      flags: '--lacking',
      summary: 'only the lines of hosts that lack something, for other programs',
    },
    {
      flags: '--revision <number>',
      summary: 'ask for this revision of the package, or a later one',
    },
    { flags: '-a, --all', summary: 'show those, too, that have what they should' },
    { flags: '--ask', summary: 'ask every host of the inventory over ssh' },
    {
      flags: '--print',
      summary: 'print the record of this host, for those who gather; nothing else',
    },
    { flags: '--forget', summary: 'believe the host anew, whatever its records said before' },
    JSON_OPTION,
  ],
  exits: [{ code: 1, means: 'a host lacks something, or was not heard from for too long' }],
  words: { 'package-or-host': 'package' },
  examples: [
    { command: 'xh status', explains: 'what is missing anywhere' },
    { command: 'xh status gcc', explains: 'who still lacks the newest gcc, since when, and why' },
    {
      command: 'xh status gcc --revision 41 --lacking',
      explains: 'the hosts alone that lack revision 41',
    },
    { command: 'xh status argus', explains: 'all about one host' },
    { command: 'xh status argus --forget', explains: 'argus was put back from a backup' },
  ],
  run(call) {
    const { options } = call;
    if (options['print'] === true) return printOwn(call);
    if (options['forget'] === true) return forget(call);
    return visitHost(call.site, async (host) => {
      const ask = options['ask'] === true;
      const collected = await collect(host, call.config(), { now: Date.now(), ask });
      return show(call, collected);
    });
  },
};

/** Harmless, whoever asks for it: that is what hosts let others call over ssh. */
function printOwn({ site, config, terminal }: Call): ExitCode {
  const record = shownRecord(site, config());
  try {
    terminal.print(oneLine(textForOthers(site, config(), record)));
  } catch (error) {
    if (!(error instanceof XhError)) throw error;
    terminal.warn(`xh: ${error.message}: the record is not signed`);
    terminal.print(oneLine(recordText(record)));
  }
  return EXIT.done;
}

function oneLine(text: string): string {
  return JSON.stringify(JSON.parse(text));
}

function forget({ site, args, terminal }: Call): ExitCode {
  const [name] = args;
  if (name === undefined) {
    throw new XhError('E_USAGE', '--forget needs the name of a host', {
      exit: EXIT.usage,
      remedy: 'xh status HOST --forget',
    });
  }
  if (forgetHost(site, name)) terminal.tell(`${name}: its next record is believed`);
  else terminal.tell(`${printable(bytes(name))}: nothing was remembered of it`);
  return EXIT.done;
}

function show(call: Call, collected: Collected): ExitCode {
  const { args, options, terminal } = call;
  const asked = questionOf(call, collected);
  const answer = answerFor(asked);
  for (const problem of collected.problems) terminal.warn(`warning: ${problem}`);
  const text: StatusText = {
    styles: terminal.out,
    now: asked.now,
    every: options['all'] === true || asked.package !== undefined,
  };
  if (options['json'] === true) terminal.print(toJsonText(jsonOf(answer, collected), 2));
  else if (options['lacking'] === true) {
    for (const line of lackingLines(answer)) terminal.print(line);
  } else {
    const [host] = answer.hosts;
    const lines =
      asked.host !== undefined && host !== undefined
        ? hostText(host, answer, text)
        : packagesText(answer, text);
    for (const line of lines) terminal.print(line);
    if (args.length === 0) terminal.tell(endText(answer, collected));
  }
  return isWell(answer) ? EXIT.done : EXIT.failed;
}

/** A word is a package, where there is one of the name; else a host. */
function questionOf({ args, options }: Call, { question }: Collected): Question {
  const [word] = args;
  const every = options['all'] === true;
  if (word === undefined) {
    if (options['revision'] !== undefined) throw noPackageFor('--revision');
    return { ...question, every };
  }
  const all = answerFor({ ...question, published: question.published });
  const packages = all.packages.map((each) => each.package);
  const name = packages.find((each) => each === bytes(word));
  if (name !== undefined)
    return { ...withRevision(question, name, options['revision']), package: name, every };
  const host = all.hosts.find((each) => each.host === word || each.host.split('.')[0] === word);
  if (host !== undefined) return { ...question, host: host.host, every: true };
  const names = [...packages.map(printable), ...all.hosts.map((each) => each.host)];
  throw new XhError(
    'E_UNKNOWN_NAME',
    `there is no package and no host '${printable(bytes(word))}' that anybody knows of`,
    {
      exit: EXIT.usage,
      remedy: didYouMean(word, names) ?? 'xh status lists them all with --all',
    },
  );
}

function withRevision(question: Question, name: Question['package'], given: unknown): Question {
  if (typeof given !== 'string') return question;
  const revision = /^[1-9]\d{0,14}$/.test(given) ? Number(given) : undefined;
  if (revision === undefined || name === undefined) {
    throw new XhError(
      'E_USAGE',
      `--revision ${printable(bytes(given))}: expected a number from 1 on`,
      {
        exit: EXIT.usage,
      },
    );
  }
  const known = question.published.find((each) => each.package === name);
  const others = question.published.filter((each) => each.package !== name);
  return { ...question, published: [...others, { ...(known ?? { package: name }), revision }] };
}

function noPackageFor(option: string): XhError {
  return new XhError('E_USAGE', `${option} is about one package: name it`, {
    exit: EXIT.usage,
    remedy: `xh status PACKAGE ${option} NUMBER`,
  });
}

function isWell({ packages, hosts }: Answer): boolean {
  return packages.every(({ lacking }) => lacking === 0) && !hosts.some(({ silent }) => silent);
}

/** HOST PACKAGE STATE REVISION, a line each. */
function lackingLines({ packages }: Answer): string[] {
  return packages.flatMap(({ hosts }) =>
    hosts
      .filter(({ state }) => state !== 'has')
      .map(({ host, package: name, state, revision }) =>
        [host, printable(name), state, revision ?? '-'].join('\t'),
      ),
  );
}

function endText(answer: Answer, { certain, sources }: Collected): string {
  if (answer.hosts.length === 0) {
    return 'nothing is known of any host: set status-directory or nats in /etc/xhier.toml, or use --ask';
  }
  const unsure = certain
    ? ''
    : '; what is published is not known, so hosts are compared with each other';
  return `${summaryText(answer)}${unsure} (from ${sources.join(', ')})`;
}

function jsonOf(answer: Answer, { problems, sources, certain }: Collected): unknown {
  const time = (value: number | undefined): string | undefined =>
    value === undefined ? undefined : new Date(value).toISOString();
  return {
    packages: answer.packages.map((each) => ({
      package: each.package,
      version: each.version,
      revision: each.revision,
      published: time(each.published),
      meant: each.meant,
      lacking: each.lacking,
      hosts: each.hosts.map(({ since, frozenUntil, package: name, ...standing }) => ({
        ...standing,
        package: name,
        since: time(since),
        frozenUntil: time(frozenUntil),
      })),
    })),
    hosts: answer.hosts.map(({ heard, ...each }) => ({ ...each, heard: time(heard) })),
    problems,
    sources,
    certain,
  };
}
