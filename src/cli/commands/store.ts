/** `xh store gc|verify|mirror`. */
import { bytes, compareBytes, printable, type Bytes } from '../../bytes/bytes.ts';
import { storeBelief, type StoreBelief } from '../../depot/store/publisher-trust.ts';
import { packagesOf } from '../../distribute/store/catalogue.ts';
import { sweep, type Swept } from '../../distribute/store/gc.ts';
import { mirror } from '../../distribute/store/mirror.ts';
import { openReader } from '../../distribute/store/open.ts';
import type { Store, StoredName, StoreReader } from '../../distribute/store/store.ts';
import { verifyStore, type StoreFinding } from '../../distribute/store/verify.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost } from '../../host/transaction.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { didYouMean } from '../../message/nearest.ts';
import { progressOf } from '../call-progress.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { bytesText, countText } from '../figures.ts';
import { chosenStore, STORE_OPTION, storeAddress, withStore } from '../store-address.ts';

const ACTIONS: Readonly<
  Record<string, (call: Call, words: readonly string[]) => Promise<ExitCode>>
> = {
  gc,
  verify,
  mirror: mirrorStore,
};

export const command: Command = {
  usage: '<action> [word...]',
  words: { action: Object.keys(ACTIONS) },
  details:
    'Keeps stores in order. All three may run while others publish into the store and while hosts pull\n' +
    'from it.\n' +
    '\n' +
    'gc removes what none of the last revisions of any package needs. What is younger than a day is left\n' +
    'alone: somebody may be about to publish what needs it. Nothing is removed from a store whose heads\n' +
    'lead to something that is missing.\n' +
    '\n' +
    'verify reads everything and compares it with its name, and tells what is missing or damaged, which\n' +
    'packages need it, and what mends it; with --quick it only sees to it that all is there, with the right\n' +
    'length.\n' +
    '\n' +
    'mirror makes the store TO what FROM is, or only the named packages of it: objects first, each verified,\n' +
    'then the heads, so that hosts may pull from TO at any time. Where this host knows the keys of the site,\n' +
    'only heads that may be believed are taken over.',
  options: [
    STORE_OPTION,
    { flags: '--keep <count>', summary: 'gc: how many revisions of each package (default: 3)' },
    { flags: '--grace <hours>', summary: 'gc: leave alone what is younger (default: 24)' },
    { flags: '--quick', summary: 'verify: do not read what objects contain' },
    {
      flags: '--remove',
      summary: 'verify: remove what is damaged, so that it can be written again',
    },
    { flags: '--anew', summary: 'mirror: look for all objects, also those of unchanged packages' },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  sections: [
    {
      heading: 'Actions',
      parts: [
        [
          ['gc', 'remove what no kept revision needs'],
          ['verify', 'look for what is missing or damaged'],
          ['mirror FROM TO [PACKAGE…]', 'copy what TO lacks; FROM may be a web address, too'],
        ],
      ],
    },
    {
      heading: 'Mending',
      parts: [
        'xh store verify --remove takes damaged objects away. xh publish --anew, on the host that published\n' +
          'the packages, writes all that is lacking again; so does xh store mirror --anew from a store that has it.',
      ],
    },
  ],
  examples: [
    { command: 'xh store gc --keep 5', explains: 'keep five revisions of each package' },
    { command: 'xh store gc --dry-run', explains: 'how much would go' },
    { command: 'xh store verify --store s3://depot/store', explains: 'read all of a bucket' },
    {
      command: 'xh store mirror https://depot.example.org /srv/store',
      explains: 'from cron, on a server that serves a part of the site',
    },
  ],
  exits: [{ code: 1, means: 'something is missing or damaged, or not all could be mirrored' }],
  run(call) {
    const [word = '', ...rest] = call.args;
    const action = ACTIONS[word];
    if (action !== undefined) {
      demandOptions(call, word);
      return action(call, rest);
    }
    const near = didYouMean(word, Object.keys(ACTIONS));
    throw usage(
      `xh store: there is no action '${printable(bytes(word))}'`,
      near ?? `one of ${Object.keys(ACTIONS).join(', ')}`,
    );
  },
};

/** An option of another action would be passed over unseen. @throws XhError E_USAGE */
function demandOptions({ options }: Call, action: string): void {
  for (const [name, of] of Object.entries(OPTIONS_OF)) {
    const flag = name === 'dryRun' ? 'dry-run' : name;
    if (options[name] !== undefined && !of.includes(action)) {
      throw usage(`--${flag} means nothing to xh store ${action}`, `it is for ${of.join(' and ')}`);
    }
  }
}

const OPTIONS_OF: Readonly<Record<string, readonly string[]>> = {
  keep: ['gc'],
  grace: ['gc'],
  quick: ['verify'],
  remove: ['verify'],
  store: ['gc', 'verify'],
  anew: ['mirror'],
  dryRun: ['gc'],
};

async function gc(call: Call, words: readonly string[]): Promise<ExitCode> {
  demandNone('gc', words);
  const keep = numberOf(call, 'keep', { usual: 3, least: 1 });
  const hours = numberOf(call, 'grace', { usual: 24, least: 0 });
  const dryRun = call.options['dryRun'] === true;
  return withStore(call, chosenStore(call), {}, async (store) => {
    const swept = await sweep(store, { keep, now: Date.now(), grace: hours * HOUR, dryRun });
    tellSwept(call, store, swept);
    return EXIT.done;
  });
}

function tellSwept({ terminal, options }: Call, store: Store, swept: Swept): void {
  const { removed, kept, keptBytes, broken } = swept;
  const size = sizeOf(removed);
  if (options['json'] === true) {
    const bytesRemoved = size;
    terminal.print(
      toJsonText({ store: store.name, removed, bytesRemoved, kept, keptBytes, broken }, 2),
    );
  }
  for (const { path, size: each } of removed)
    terminal.detail(`  ${printable(path)}  ${bytesText(each)}`);
  const would = options['dryRun'] === true ? 'would be ' : '';
  terminal.tell(
    removed.length === 0
      ? `${store.name}: nothing to remove`
      : `${store.name}: ${countText(removed.length, 'file')} ${would}removed, ${bytesText(size)}`,
  );
  terminal.tell(
    `    ${countText(kept, 'file')} ${would === '' ? 'are' : 'would be'} left, ${bytesText(keptBytes)}`,
  );
  for (const head of broken) {
    terminal.warn(
      `    revision ${head.revision} of ${printable(head.package)}, an earlier one, is not whole any more`,
    );
  }
}

function sizeOf(names: readonly StoredName[]): number {
  return names.reduce((sum, { size }) => sum + size, 0);
}

async function verify(call: Call, words: readonly string[]): Promise<ExitCode> {
  demandNone('verify', words);
  const { options, terminal } = call;
  const show = progressOf(call);
  return withStore(call, chosenStore(call), {}, async (store) => {
    const belief = await beliefIn(call, store);
    const contents = await verifyStore(store, {
      quick: options['quick'] === true,
      ...(belief !== undefined && { believe: belief.demand }),
      ...(show !== undefined && {
        progress: (done, size) => {
          show({ doing: 'verifying', unit: 'objects', done, bytes: size });
        },
      }),
    });
    terminal.clear();
    const { heads, findings, checked, bytes: size } = contents;
    const removed = options['remove'] === true ? await removeDamaged(store, findings) : [];
    if (options['json'] === true) {
      const packages = heads.length;
      terminal.print(
        toJsonText(
          { store: store.name, count: packages, checked, bytes: size, findings, removed },
          2,
        ),
      );
    } else for (const finding of findings) show1(call, finding, removed);
    const all = `${store.name}: ${countText(heads.length, 'package')}, ${countText(checked, 'object')}, ${bytesText(size)}`;
    terminal.tell(
      `${all}: ${findings.length === 0 ? 'all as it should be' : countText(findings.length, 'finding')}`,
    );
    if (belief === undefined) {
      terminal.tell(
        "    signatures were not looked at: no key of the site is known here ('site-keys')",
      );
    }
    return findings.length === 0 ? EXIT.done : EXIT.failed;
  });
}

/** Objects and listings alone: a head that is damaged is its publisher's to replace. */
async function removeDamaged(
  store: Store,
  findings: readonly StoreFinding[],
): Promise<readonly Bytes[]> {
  const damaged = findings.filter(
    ({ code, path }) => code !== 'E_STORE_MISSING' && /^(?:objects|trees)\//.test(path),
  );
  for (const { path } of damaged) await store.remove(path);
  return damaged.map(({ path }) => path);
}

function show1({ terminal }: Call, finding: StoreFinding, removed: readonly Bytes[]): void {
  const { out } = terminal;
  const { code, path, message, packages, past } = finding;
  const what =
    code === 'E_STORE_MISSING' ? 'missing' : code === 'E_STORE_DAMAGED' ? 'damaged' : 'refused';
  const mark = removed.includes(path) ? 'removed' : what;
  terminal.print(
    `${out.red(mark.padEnd(8))}  ${printable(path)}${what === 'refused' ? `: ${message}` : ''}`,
  );
  const names = packages.toSorted(compareBytes).map(printable).join(' ');
  const who =
    packages.length === 0
      ? 'nobody needs it'
      : past
        ? `earlier revisions of ${names} need it`
        : `needed by ${names}`;
  terminal.print(`          ${who}`);
  terminal.print(`          ${out.dim('→')} ${remedyOf(finding, mark)}`);
}

function remedyOf({ code, packages, past, path }: StoreFinding, mark: string): string {
  if (path.startsWith('heads/'))
    return 'look who can write to the store; xh publish --anew writes it again';
  const again = past
    ? 'they cannot be gone back to; nothing else suffers'
    : `xh publish --anew ${packages.map(printable).join(' ')}, or xh store mirror --anew from another store`;
  if (code === 'E_STORE_MISSING' || mark === 'removed')
    return packages.length === 0 ? 'nothing is to be done' : again;
  return `xh store verify --remove${packages.length === 0 || past ? '' : `, then ${again}`}`;
}

async function mirrorStore(call: Call, words: readonly string[]): Promise<ExitCode> {
  const [fromWord, toWord, ...names] = words;
  if (fromWord === undefined || toWord === undefined) {
    throw usage('xh store mirror wants two stores', 'xh store mirror FROM TO [PACKAGE…]');
  }
  const { terminal, options } = call;
  const show = progressOf(call);
  const from = openReader(storeAddress(fromWord));
  try {
    return await withStore(call, storeAddress(toWord), { create: true }, async (to) => {
      const belief = await beliefIn(call, from);
      const packages = names.length > 0 ? names.map(bytes) : await packagesOf(from);
      const failures: { package: Bytes; code: string; message: string }[] = [];
      const done = await mirror(from, to, packages, {
        anew: options['anew'] === true,
        ...(belief !== undefined && { believe: belief.demand }),
        failed: (name, { code, message, remedy }) => {
          failures.push({ package: name, code, message });
          terminal.warn(`${terminal.err.red(printable(name))}  not mirrored: ${message}`);
          if (remedy !== undefined) terminal.warn(`    ${terminal.err.dim('→')} ${remedy}`);
        },
        ...(show !== undefined && {
          progress: ({ objects, bytes: size }) => {
            show({ doing: 'mirroring', unit: 'objects', done: objects, bytes: size });
          },
        }),
      });
      terminal.clear();
      if (options['json'] === true) {
        const { packages: changed, objects, bytes: size } = done;
        terminal.print(
          toJsonText({ from: from.name, to: to.name, changed, objects, bytes: size, failures }, 2),
        );
      }
      terminal.tell(
        `${to.name}: ${countText(packages.length, 'package')}, ${done.packages} of them new or changed; ${countText(done.objects, 'object')}, ${bytesText(done.bytes)} copied from ${from.name}`,
      );
      if (packages.length === 0) terminal.tell('    the store has no packages');
      return failures.length === 0 ? EXIT.done : EXIT.failed;
    });
  } finally {
    from.close();
  }
}

/** Undefined where no key of the site is known. */
function beliefIn(call: Call, store: StoreReader): Promise<StoreBelief | undefined> {
  return visitHost(call.site, ({ walker }) =>
    storeBelief(store, { site: call.site, walker, config: call.config(), now: Date.now() }),
  );
}

function numberOf(
  { options }: Call,
  name: string,
  { usual, least }: { readonly usual: number; readonly least: number },
): number {
  const word = options[name];
  if (word === undefined) return usual;
  if (typeof word === 'string' && /^\d{1,6}$/.test(word) && Number(word) >= least)
    return Number(word);
  throw usage(`--${name} ${printable(bytes(String(word)))}: expected a number, ${least} or more`);
}

function demandNone(action: string, [word]: readonly string[]): void {
  if (word === undefined) return;
  throw usage(
    `xh store ${action}: what is '${printable(bytes(word))}'?`,
    'the store is named with --store',
  );
}

function usage(message: string, remedy?: string): XhError {
  return new XhError('E_USAGE', message, {
    exit: EXIT.usage,
    ...(remedy !== undefined && { remedy }),
  });
}

const HOUR = 3_600_000;
