/** `xh domain list|hosts|files|compare`. */
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { compareGets, whatHostsGet, type Gets } from '../../depot/distribute/domain.ts';
import { hostsMeant } from '../../depot/distribute/words.ts';
import {
  domainsOf,
  hostNamed,
  inventoryOf,
  type Inventory,
} from '../../distribute/hosts/inventory.ts';
import { createWalker } from '../../files/walk.ts';
import { packageFiles } from '../../depot/package-files.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { siteFileTypes } from '../../site/config.ts';
import { isHostsOwn } from '../../site/file-types.ts';
import { JSON_OPTION, type Call, type Command } from '../command.ts';
import { countText } from '../figures.ts';
import { columns } from '../table.ts';

export const command: Command = {
  usage: '<question> [domain-or-host] [domain-or-host]',
  details:
    'Administrative domains say what hosts are for, from the special in front to the general behind: a\n' +
    'host in disked.sun4.sunos.cc.adm is in sun4.sunos.cc.adm, sunos.cc.adm, cc.adm and adm, too, and may\n' +
    "be in several. 'common' stands for any name at its level: mipsws.common.adm is mipsws of whatever\n" +
    'group. Domains stand in .admin/Targets of packages, in the tables [hosts."NAME"] of /etc/xhier.toml\n' +
    "of the host that distributes, and as 'domains' in that of each host itself.\n" +
    '\n' +
    'The questions, which are answered from the packages and the inventory alone:\n' +
    '\n' +
    '  list            all domains, and how many hosts are in each\n' +
    '  hosts [DOMAIN]  the hosts of a domain, or all, with what is known of them\n' +
    '  files DOMAIN    the packages that it gets; with --paths all their files\n' +
    '  compare A B     what one gets and the other does not\n' +
    '\n' +
    'A host may stand for a domain everywhere.',
  options: [
    { flags: '--paths', summary: 'the files of the packages, not only their names' },
    JSON_OPTION,
  ],
  words: { question: ['list', 'hosts', 'files', 'compare'], 'domain-or-host': 'any' },
  examples: [
    { command: 'xh domain list', explains: 'the domains, the general first' },
    { command: 'xh domain hosts mipsws.common.adm', explains: 'who that is' },
    { command: 'xh domain files sun4.cc.adm', explains: 'the packages that these hosts get' },
    { command: 'xh domain compare cc.adm osgrp.adm', explains: 'wherein the two differ' },
  ],
  run(call) {
    const [question = '', ...words] = call.args;
    const inventory = inventoryOf(call.site, call.config());
    switch (question) {
      case 'list':
        demandWords(question, words, 0, 0);
        return list(call, inventory);
      case 'hosts':
        demandWords(question, words, 0, 1);
        return hosts(call, words[0] === undefined ? inventory : meant(words[0], inventory));
      case 'files':
        demandWords(question, words, 1, 1);
        return files(call, meant(words[0] ?? '', inventory));
      case 'compare':
        demandWords(question, words, 2, 2);
        return compare(call, words, inventory);
      default:
        throw new XhError(
          'E_USAGE',
          `'${printable(bytes(question))}' is no question about domains`,
          {
            exit: EXIT.usage,
            remedy: didYouMean(question, QUESTIONS) ?? `ask one of: ${QUESTIONS.join(', ')}`,
          },
        );
    }
  },
};

const QUESTIONS = ['list', 'hosts', 'files', 'compare'];

function list({ options, terminal }: Call, inventory: Inventory): ExitCode {
  const domains = domainsOf(inventory).map(({ domain, hosts: members }) => ({
    name: domain,
    hosts: members.map(({ name }) => name),
  }));
  if (options['json'] === true) terminal.print(JSON.stringify(domains, null, 2));
  else {
    const rows = domains.map(({ name, hosts: members }) => [
      printable(name),
      countText(members.length, 'host'),
    ]);
    for (const line of columns(rows)) terminal.print(line);
    if (rows.length === 0) {
      terminal.tell(
        inventory.length === 0
          ? 'no hosts are known: write [hosts."NAME"] into /etc/xhier.toml'
          : 'no host is in a domain: write domains = […] into its table in /etc/xhier.toml',
      );
    }
  }
  return EXIT.done;
}

function hosts({ options, terminal }: Call, members: Inventory): ExitCode {
  if (options['json'] === true) {
    terminal.print(toJsonText(members, 2));
    return EXIT.done;
  }
  const rows = members.map(({ name, arch, domains, via }) => [
    printable(name),
    arch === undefined ? '-' : printable(arch),
    via === undefined ? '-' : `via ${printable(via)}`,
    domains.map(printable).join(' '),
  ]);
  // nobody is reached by way of another: then that is not told of each
  const short = members.every(({ via }) => via === undefined);
  for (const line of columns(short ? rows.map(([a = '', c = '', , d = '']) => [a, c, d]) : rows)) {
    terminal.print(line);
  }
  return EXIT.done;
}

function files(call: Call, members: Inventory): ExitCode {
  const { options, terminal } = call;
  const gets = getsOf(call, members);
  if (options['paths'] === true) return paths(call, gets);
  if (options['json'] === true) {
    terminal.print(toJsonText(gets, 2));
    return EXIT.done;
  }
  for (const line of columns(gets.map((each) => row(each, members.length)))) terminal.print(line);
  if (gets.length === 0) terminal.tell('no package here is meant for them');
  return EXIT.done;
}

/** A package in a table: with its version, and who gets it when not all do. */
function row({ package: directory, version, hosts: takers, without }: Gets, all: number): string[] {
  const some = takers.length === all ? [] : [`only ${namesText(takers)}`];
  const lacking = without.length === 0 ? [] : [`no files for ${namesText(without)}`];
  return [
    printable(directory),
    version === undefined ? '-' : printable(version),
    [...some, ...lacking].join('; '),
  ];
}

function namesText(names: readonly Bytes[]): string {
  const shown = names.slice(0, MOST).map(printable).join(', ');
  return names.length > MOST ? `${shown} and ${names.length - MOST} more` : shown;
}

const MOST = 6;

function paths({ site, config, options, terminal }: Call, gets: readonly Gets[]): ExitCode {
  const walker = createWalker(site.root);
  try {
    const types = siteFileTypes(config()).filter((type) => !isHostsOwn(type));
    const found = gets.flatMap((each) =>
      packageFiles(walker, types, each.package)
        .filter(({ type }) => type !== 'directory')
        .map(({ path }) => ({ package: each.package, path })),
    );
    if (options['json'] === true) terminal.print(toJsonText(found, 2));
    else for (const { path } of found) terminal.print(printable(path));
    return EXIT.done;
  } finally {
    walker.close();
  }
}

function compare(call: Call, words: readonly string[], inventory: Inventory): ExitCode {
  const { terminal, options } = call;
  const [first = '', second = ''] = words;
  const [one, other] = [meant(first, inventory), meant(second, inventory)];
  const compared = compareGets(getsOf(call, one), getsOf(call, other), [one.length, other.length]);
  if (options['json'] === true) {
    terminal.print(toJsonText(compared, 2));
    return EXIT.done;
  }
  const { bold } = terminal.out;
  const show = (heading: string, lines: readonly string[]): void => {
    if (lines.length === 0) return;
    terminal.print(bold(heading));
    for (const line of lines) terminal.print(`  ${line}`);
  };
  show(`only ${first}`, columns(compared.first.map((each) => row(each, one.length))));
  show(`only ${second}`, columns(compared.second.map((each) => row(each, other.length))));
  show(
    'not all hosts of both',
    columns(
      compared.partly.map((each) => [
        printable(each.one.package),
        `${each.one.hosts.length} of ${one.length} in ${first}`,
        `${each.other.hosts.length} of ${other.length} in ${second}`,
      ]),
    ),
  );
  const differ = compared.first.length + compared.second.length + compared.partly.length;
  terminal.tell(
    differ === 0
      ? `both get the same: ${countText(compared.both, 'package')}`
      : `${countText(compared.both, 'package')} the same for all, ${countText(differ, 'package')} not`,
  );
  return EXIT.done;
}

function getsOf(call: Call, members: Inventory): readonly Gets[] {
  const { site, terminal } = call;
  const walker = createWalker(site.root);
  try {
    const { gets, problems } = whatHostsGet(site, call.config(), { walker, hosts: members });
    for (const { message } of problems) terminal.warn(`warning: ${message}`);
    return gets;
  } finally {
    walker.close();
  }
}

/** One level is a domain here, too, when it is no host. */
function meant(word: string, inventory: Inventory): Inventory {
  const name = bytes(word);
  const isLevel = !word.includes('.') && hostNamed(inventory, name) === undefined;
  return hostsMeant(isLevel ? bytes(`.${word}`) : name, inventory);
}

function demandWords(
  question: string,
  words: readonly string[],
  least: number,
  most: number,
): void {
  if (words.length >= least && words.length <= most) return;
  const wants = most === 0 ? 'nothing more' : least === 2 ? 'two' : 'one';
  throw new XhError(
    'E_USAGE',
    `xh domain ${question} wants ${wants === 'nothing more' ? wants : `${wants} ${least === 2 ? 'domains or hosts' : 'domain or host'}`}`,
    {
      exit: EXIT.usage,
      remedy: 'xh help domain shows what each question is about',
    },
  );
}
