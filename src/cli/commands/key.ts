/** `xh key make|list|trust|delegate|revoke|add-site`. */
import { b, bytes, printable, split, type Bytes } from '../../bytes/bytes.ts';
import {
  changeTrust,
  keyMeant,
  siteKeyFor,
  statedTrust,
  type TrustChange,
} from '../../depot/store/change-trust.ts';
import { knownKeys, makeKey, publicKeyNamed } from '../../distribute/keys.ts';
import { openReader } from '../../distribute/store/open.ts';
import { keyId, type PublicKey } from '../../distribute/store/signed.ts';
import type { Store } from '../../distribute/store/store.ts';
import { delegated, revoked, withSiteKey } from '../../distribute/store/trust-changes.ts';
import type { Publisher, Trust } from '../../distribute/store/trust.ts';
import { toJsonText } from '../../host/json.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { inSite } from '../../site/site.ts';
import { JSON_OPTION, type Call, type Command } from '../command.ts';
import { newPassphrase, signingKey } from '../passphrase.ts';
import { chosenStore, STORE_OPTION, storeAddress, withStore } from '../store-address.ts';
import { columns } from '../table.ts';

const ACTIONS: Readonly<
  Record<string, (call: Call, words: readonly Bytes[]) => Promise<ExitCode>>
> = {
  make,
  list,
  trust,
  delegate,
  revoke,
  'add-site': addSite,
};

export const command: Command = {
  usage: '<action> [key...]',
  words: { action: Object.keys(ACTIONS) },
  details:
    'Keys with which packages are signed, and whom a store says to believe. Two kinds are enough: the key\n' +
    'of the site says which publishers may sign for which packages, and is best kept away from the network;\n' +
    'a publisher signs what it publishes. Hosts are told the public key of the site once, in /etc/xhier.toml,\n' +
    'and believe nothing that does not follow from it. To begin:\n' +
    '\n' +
    '  xh key make site\n' +
    '  xh key make publisher\n' +
    '  xh key trust --store /srv/store\n' +
    "  xh key delegate publisher --packages '*' --store /srv/store\n" +
    '\n' +
    'The third prints the line that every host has in /etc/xhier.toml.\n' +
    '\n' +
    'Keys are kept in /etc/xhier/keys: NAME.key is the secret, for its owner alone, and NAME.pub may be given\n' +
    'to anybody. A passphrase is asked for on a terminal, and otherwise taken from XH_PASSPHRASE, or from the\n' +
    'file that XH_PASSPHRASE_FILE names. What a key signs hosts believe only for as long as it says; renew the\n' +
    "record of trust with xh key trust before its year is over, and a publisher's right with xh key delegate.",
  options: [
    STORE_OPTION,
    { flags: '--site-key <name>', summary: 'the key of the site to sign with (default: site)' },
    {
      flags: '--packages <globs>',
      summary: "delegate: the packages that the key may sign for, such as 'gcc-* tree'",
      repeats: true,
    },
    { flags: '--days <count>', summary: 'trust, delegate: how long it holds (default: 365)' },
    {
      flags: '--name <name>',
      summary: 'delegate: what the publisher is called (default: the key)',
    },
    {
      flags: '--number <count>',
      summary: 'trust: begin with this record, when a lost store is made again',
    },
    JSON_OPTION,
  ],
  sections: [
    {
      heading: 'Actions',
      parts: [
        [
          ['make NAME…', 'make keys on this host, and print their public halves'],
          ['list', 'list the keys of this host; with --store, whom that store says to believe'],
          ['trust', 'make a store one of this site, or its record of trust good for longer'],
          [
            'delegate KEY',
            'let a key sign for packages: a key of this host, or a public one (ed25519:…)',
          ],
          ['revoke KEY', 'let nobody believe a key any more: by its name, number, or public half'],
          ['add-site KEY', 'let another key, too, sign for the site'],
        ],
      ],
    },
    {
      heading: 'Changing keys',
      parts: [
        'A new key of the site: make it, xh key add-site NEW, and later xh key revoke OLD --site-key NEW. Hosts\n' +
          'go from record to record by themselves, also those that were away meanwhile; the line in their\n' +
          '/etc/xhier.toml need not be changed at once.',
        'A new key of a publisher: make it, delegate to it, revoke the old one, and xh publish --anew, since\n' +
          'nothing that the old key signed is believed any more.',
        'A store that was lost is copied from another one (xh store mirror). Where there is none, it is made\n' +
          'again with numbers above those that hosts have seen: xh key trust --number COUNT, xh key delegate,\n' +
          'xh publish --revision COUNT.',
      ],
    },
  ],
  examples: [
    { command: 'xh key make site', explains: "make the site's key" },
    {
      command: 'xh key trust --store /srv/store',
      explains: 'make a store, or renew its record of trust',
    },
    {
      command: "xh key delegate gnu --packages 'gcc-* make' --days 90",
      explains: 'let the key gnu of this host sign for these, for three months',
    },
    {
      command: 'xh key list --store https://depot.example.org',
      explains: 'whom that store says to believe',
    },
    { command: 'xh key revoke gnu', explains: 'nobody believes it any more' },
  ],
  run(call) {
    const [word = '', ...rest] = call.args;
    const action = ACTIONS[word];
    if (action !== undefined) {
      demandOptions(call, word);
      return action(call, rest.map(bytes));
    }
    const near = didYouMean(word, Object.keys(ACTIONS));
    throw new XhError('E_USAGE', `xh key: there is no action '${printable(bytes(word))}'`, {
      exit: EXIT.usage,
      remedy: near ?? `one of ${Object.keys(ACTIONS).join(', ')}`,
    });
  },
};

/** An option of another action would be passed over unseen. @throws XhError E_USAGE */
function demandOptions({ options }: Call, action: string): void {
  for (const [name, of] of Object.entries(OPTIONS_OF)) {
    const value = options[name];
    const isGiven = Array.isArray(value) ? value.length > 0 : value !== undefined;
    if (!isGiven || of.includes(action)) continue;
    const flag = name === 'siteKey' ? 'site-key' : name;
    throw new XhError('E_USAGE', `--${flag} means nothing to xh key ${action}`, {
      exit: EXIT.usage,
      remedy: `it is for ${of.join(', ')}`,
    });
  }
}

const OPTIONS_OF: Readonly<Record<string, readonly string[]>> = {
  store: ['list', 'trust', 'delegate', 'revoke', 'add-site'],
  siteKey: ['trust', 'delegate', 'revoke', 'add-site'],
  packages: ['delegate'],
  name: ['delegate'],
  days: ['trust', 'delegate'],
  number: ['trust'],
};

async function make(call: Call, names: readonly Bytes[]): Promise<ExitCode> {
  const { site, terminal, options } = call;
  if (names.length === 0) throw wants('make', 'a name for the key, such as site or publisher');
  const made: { name: Bytes; id: string; public: PublicKey }[] = [];
  for (const name of names) {
    const key = makeKey(site, name, await newPassphrase(call, name));
    made.push({ name, id: keyId(key), public: key });
    terminal.tell(
      `made the key ${printable(name)} (${keyId(key)}): its secret is ${printable(inSite(site, b`/etc/xhier/keys/${name}.key`))}`,
    );
    terminal.tell('    keep a copy of it in a safe place; it cannot be had again');
    if (options['json'] !== true) terminal.print(key);
  }
  if (options['json'] === true) terminal.print(toJsonText(made, 2));
  return EXIT.done;
}

async function list(call: Call, words: readonly Bytes[]): Promise<ExitCode> {
  const { site, terminal, options } = call;
  demandNone('list', words);
  if (typeof options['store'] === 'string') return listTrust(call, options['store']);
  const keys = knownKeys(site).map((key) => ({ ...key, id: keyId(key.public) }));
  if (options['json'] === true) terminal.print(toJsonText(keys, 2));
  else {
    const rows = keys.map((key) => [
      printable(key.name),
      key.id,
      key.private ? 'secret here' : 'public half only',
      key.public,
    ]);
    for (const line of columns(rows)) terminal.print(line);
    if (keys.length === 0) terminal.tell('no keys: xh key make NAME makes one');
  }
  return EXIT.done;
}

async function listTrust({ site, terminal, options }: Call, word: string): Promise<ExitCode> {
  const store = openReader(storeAddress(word));
  try {
    const stated = await statedTrust(store);
    if (options['json'] === true) {
      terminal.print(toJsonText({ store: store.name, ...stated }, 2));
      return EXIT.done;
    }
    const here = new Map(knownKeys(site).map((key) => [key.public, printable(key.name)]));
    const local = (key: PublicKey): string => (here.has(key) ? `${here.get(key) ?? ''}, here` : '');
    terminal.print(`record of trust ${stated.version}, ${untilText(stated.expires)}`);
    const rows = [
      ...stated.site.map((key) => ['site', keyId(key), local(key), key]),
      ...stated.publishers.map((each) => publisherRow(each)),
      ...stated.revoked.map((id) => ['revoked', id]),
    ];
    for (const line of columns(rows)) terminal.print(`  ${line}`);
    if (stated.publishers.length === 0) {
      terminal.tell('nobody may publish yet: xh key delegate lets a key sign for packages');
    }
    return EXIT.done;
  } finally {
    store.close();
  }
}

function publisherRow({ name, key, packages, expires }: Publisher): string[] {
  return [
    'publisher',
    keyId(key),
    printable(bytes(name)),
    `${untilText(expires)}: ${packages.map(printable).join(' ')}`,
  ];
}

function untilText(time: string): string {
  const left = (Date.parse(time) - Date.now()) / DAY;
  const day = time.slice(0, 10);
  if (left <= 0) return `good until ${day}: no more`;
  return left > SOON ? `good until ${day}` : `good until ${day}: ${Math.ceil(left)} days more`;
}

async function trust(call: Call, words: readonly Bytes[]): Promise<ExitCode> {
  demandNone('trust', words);
  const lifetime = daysOf(call) * DAY;
  const number = numberOf(call);
  const stated = await change(call, 'make', () => ({ lifetime, number }));
  const { terminal, options } = call;
  if (options['json'] === true) return EXIT.done;
  terminal.tell(
    "every host that is to pull from it has this line in its /etc/xhier.toml, beside 'stores':",
  );
  terminal.print(`site-keys = [${stated.site.map((key) => `"${key}"`).join(', ')}]`);
  if (stated.publishers.length === 0) {
    terminal.tell("next, let a key publish: xh key delegate publisher --packages '*'");
  }
  return EXIT.done;
}

async function delegate(call: Call, words: readonly Bytes[]): Promise<ExitCode> {
  const { options, site } = call;
  const word = onlyOne('delegate', words);
  const given = options['packages'];
  const packages = (Array.isArray(given) ? given : [])
    .flatMap((each) => split(bytes(String(each).replaceAll(/[\s,]+/g, ' ')), ' '))
    .filter((glob) => glob !== '');
  if (packages.length === 0) {
    throw wants('delegate', "the packages: --packages 'gcc-* make', or --packages '*' for all");
  }
  const key = publicKeyNamed(site, word);
  const known = knownKeys(site).find((each) => each.public === key);
  const name =
    typeof options['name'] === 'string'
      ? options['name']
      : known !== undefined
        ? printable(known.name)
        : keyId(key);
  const expires = new Date(Date.now() + daysOf(call) * DAY).toISOString();
  await change(call, 'keep', () => ({
    change: (stated) => delegated(stated, { name, key, packages, expires }),
  }));
  call.terminal.tell(
    `${name} (${keyId(key)}) may publish ${packages.map(printable).join(' ')}, ${untilText(expires)}`,
  );
  return EXIT.done;
}

async function revoke(call: Call, words: readonly Bytes[]): Promise<ExitCode> {
  const word = onlyOne('revoke', words);
  let id = '';
  await change(call, 'keep', () => ({
    change: (stated) => {
      id = keyMeant(word, stated, knownKeys(call.site));
      return revoked(stated, id);
    },
  }));
  call.terminal.tell(`nobody believes key ${id} any more, as soon as he has seen this record`);
  call.terminal.tell('    what it alone has signed has to be published again: xh publish --anew');
  return EXIT.done;
}

async function addSite(call: Call, words: readonly Bytes[]): Promise<ExitCode> {
  const key = publicKeyNamed(call.site, onlyOne('add-site', words));
  const stated = await change(call, 'keep', () => ({ change: (each) => withSiteKey(each, key) }));
  const { terminal, options } = call;
  if (options['json'] === true) return EXIT.done;
  terminal.tell(
    `${keyId(key)} may sign for the site, too; new hosts have this line in /etc/xhier.toml:`,
  );
  terminal.print(`site-keys = [${stated.site.map((each) => `"${each}"`).join(', ')}]`);
  return EXIT.done;
}

/** Puts the next record of trust into the store that is meant, and tells of it. */
async function change(
  call: Call,
  store: 'make' | 'keep',
  what: () => Pick<TrustChange, 'change' | 'lifetime' | 'number'>,
): Promise<Trust> {
  const { options, site, terminal } = call;
  return withStore(call, chosenStore(call), { create: store === 'make' }, async (opened: Store) => {
    const named = options['siteKey'];
    const name = typeof named === 'string' ? bytes(named) : await siteKeyFor(site, opened);
    const key = await signingKey(call, name);
    const stated = await changeTrust(opened, { key, now: Date.now(), ...what() });
    terminal.tell(
      `${opened.name}: record of trust ${stated.version}, signed by ${printable(name)} (${key.id}), ${untilText(stated.expires)}`,
    );
    if (options['json'] === true) terminal.print(toJsonText({ store: opened.name, ...stated }, 2));
    return stated;
  });
}

/** @throws XhError E_USAGE */
function daysOf({ options }: Call): number {
  const { days } = options;
  if (days === undefined) return 365;
  if (typeof days === 'string' && /^[1-9]\d{0,3}$/.test(days) && Number(days) <= 3650)
    return Number(days);
  throw new XhError(
    'E_USAGE',
    `--days ${printable(bytes(String(days)))}: expected a number of days, 1 to 3650`,
    {
      exit: EXIT.usage,
    },
  );
}

/** @throws XhError E_USAGE */
function numberOf({ options }: Call): number {
  const { number } = options;
  if (number === undefined) return 1;
  if (typeof number === 'string' && /^[1-9]\d{0,8}$/.test(number)) return Number(number);
  throw new XhError(
    'E_USAGE',
    `--number ${printable(bytes(String(number)))}: expected a number, 1 or more`,
    {
      exit: EXIT.usage,
    },
  );
}

function onlyOne(action: string, [word, second]: readonly Bytes[]): Bytes {
  if (word !== undefined && second === undefined) return word;
  throw wants(action, 'one key: a name of xh key list, or a public key (ed25519:…)');
}

function demandNone(action: string, [word]: readonly Bytes[]): void {
  if (word === undefined) return;
  throw new XhError('E_USAGE', `xh key ${action}: what is '${printable(word)}'?`, {
    exit: EXIT.usage,
    remedy: 'it takes options only, such as --store',
  });
}

function wants(action: string, what: string): XhError {
  return new XhError('E_USAGE', `xh key ${action} wants ${what}`, { exit: EXIT.usage });
}

const DAY = 86_400_000;
/** Days. */
const SOON = 30;
