/** `xh publish [PKG…]`. */
import { bytes, printable, type Bytes } from '../../bytes/bytes.ts';
import {
  publishPackages,
  refreshPackages,
  type PublishOutcome,
  type PublishPackagesOptions,
} from '../../depot/store/publish-packages.ts';
import type { SoonOver } from '../../depot/store/publisher-trust.ts';
import { publicKeyNamed } from '../../distribute/keys.ts';
import { generateKey, keyId, type SigningKey } from '../../distribute/store/signed.ts';
import { toJsonText } from '../../host/json.ts';
import { visitHost, type Host } from '../../host/transaction.ts';
import { DiagnosticError, formatDiagnostic } from '../../message/diagnostic.ts';
import { EXIT, XhError, type ExitCode } from '../../message/error.ts';
import { listPackages, type PackageEntry } from '../../package/entries.ts';
import { findPackage } from '../../package/read.ts';
import { siteFileTypes } from '../../site/config.ts';
import { announcePublished } from '../announce-published.ts';
import { progressOf } from '../call-progress.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type Call, type Command } from '../command.ts';
import { bytesText, countText, numberText } from '../figures.ts';
import { textOption } from '../option-values.ts';
import { packageArgument } from '../package-arguments.ts';
import { signingKey } from '../passphrase.ts';
import { chosenStore, STORE_OPTION, withStore } from '../store-address.ts';

export const command: Command = {
  usage: '[package...]',
  details:
    'Writes packages into a store, from which hosts take them with xh pull: a directory that any web\n' +
    'server or file server can serve, or a bucket of an object store (s3://BUCKET/PREFIX). Without names all\n' +
    'packages of the depot are published that the key may sign for, but for those that say\n' +
    "'distribute = none'. What has not changed is not written again and costs a look at the state of each\n" +
    'file; a new revision becomes visible in one step, when all of it is in the store. Several hosts may publish into one store at the same time, each\n' +
    'the architecture that it has: the trees of the others stay as they are. Of logs and other files that\n' +
    "are one host's own, only the directories are published.\n" +
    '\n' +
    "What is published is signed with the key 'publish.key' and good for 'publish.days' days: xh publish,\n" +
    'run every week, say, keeps it good. A package whose metadata are broken is refused, and the others are\n' +
    'published all the same. To begin with a store:\n' +
    '\n' +
    '  xh key make site\n' +
    '  xh key make publisher\n' +
    '  xh key trust --store /srv/store\n' +
    "  xh key delegate publisher --packages '*' --store /srv/store\n" +
    '  xh publish --store /srv/store\n' +
    '\n' +
    'Where an object store is, and the keys to it, are told by the variables that all its tools read:\n' +
    'AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN.',
  options: [
    STORE_OPTION,
    { flags: '--key <name>', summary: "the key to sign with (default: 'publish.key')" },
    { flags: '--type <type>', summary: 'publish only the trees of this file type', repeats: true },
    { flags: '--refresh', summary: 'only sign again what would expire; look at nothing here' },
    { flags: '--anew', summary: 'take nothing of the store for granted: write all that it lacks' },
    {
      flags: '--drop <tree>',
      summary: 'take out a tree that nobody publishes any more, such as arch/linux-i686',
      repeats: true,
    },
    {
      flags: '--revision <count>',
      summary: 'begin with this revision, when a lost store is made again and hosts have seen more',
    },
    DRY_RUN_OPTION,
    JSON_OPTION,
  ],
  examples: [
    { command: 'xh publish', explains: 'everything that has changed' },
    { command: 'xh publish gcc@13 --dry-run', explains: 'what would be written, and nothing is' },
    { command: 'xh publish --type arch', explains: 'on the host where others are built' },
    { command: 'xh publish --refresh', explains: 'from cron, where the depot is not at hand' },
  ],
  exits: [
    { code: 1, means: 'some packages could not be published; they are named, the others are' },
    { code: 3, means: 'nothing could be published: broken metadata, or a key that may not' },
  ],
  async run(call) {
    const { args, options, terminal } = call;
    demandSense(call);
    return visitHost(
      call.site,
      (host) =>
        withStore(call, chosenStore(call), {}, async (store) => {
          const common = {
            ...(await choices(call)),
            done: teller(call),
            soonOver: ({ message, remedy }: SoonOver) => {
              terminal.warn(`${terminal.err.yellow('warning:')} ${message}`);
              terminal.warn(`    ${terminal.err.dim('→')} ${remedy}`);
            },
          };
          const outcomes =
            options['refresh'] === true
              ? await refreshPackages(host, call.config(), store, args.map(bytes), common)
              : await publishPackages(host, call.config(), store, packagesOf(call, host), {
                  ...common,
                  ...treeChoices(call),
                  whatMay: args.length === 0,
                });
          terminal.clear();
          if (options['json'] === true) {
            terminal.print(toJsonText({ store: store.name, packages: outcomes.map(plain) }, 2));
          }
          terminal.tell(summary(call, outcomes, store.name));
          if (options['dryRun'] !== true) await announcePublished(call, outcomes);
          return exitFor(outcomes);
        }),
      progressOf(call),
    );
  },
};

/** @throws XhError E_USAGE */
function demandSense({ options }: Call): void {
  const others = ['type', 'drop', 'anew', 'revision'].filter((name) => {
    const value = options[name];
    return (
      value === true || typeof value === 'string' || (Array.isArray(value) && value.length > 0)
    );
  });
  if (options['refresh'] !== true || others.length === 0) return;
  throw new XhError(
    'E_USAGE',
    `--refresh looks at no files, so --${others.join(', --')} means nothing`,
    {
      exit: EXIT.usage,
    },
  );
}

function packagesOf({ args, site }: Call, host: Host): readonly PackageEntry[] {
  if (args.length === 0) return listPackages(host.site);
  const found = args.map((word) => {
    const { name, range } = packageArgument(word);
    return findPackage(site, range === undefined ? { name } : { name, range: range.text });
  });
  return [...new Map(found.map((entry) => [entry.directory, entry])).values()];
}

async function choices(
  call: Call,
): Promise<Pick<PublishPackagesOptions, 'key' | 'now' | 'days' | 'dryRun'>> {
  const { options, config } = call;
  const { values } = config();
  const name = typeof options['key'] === 'string' ? bytes(options['key']) : values['publish.key'];
  const dryRun = options['dryRun'] === true;
  const key = dryRun ? withoutSecret(call, name) : await signingKey(call, name);
  return { key, now: Date.now(), days: values['publish.days'], ...(dryRun && { dryRun }) };
}

/** What is signed for nobody needs no secret. */
function withoutSecret({ site }: Call, name: Bytes): SigningKey {
  const own = publicKeyNamed(site, name);
  return { ...generateKey().key, public: own, id: keyId(own) };
}

function treeChoices({
  options,
  config,
}: Call): Pick<PublishPackagesOptions, 'types' | 'drop' | 'anew' | 'revision'> {
  const types = words(options['type']);
  const drop = words(options['drop']);
  const known = siteFileTypes(config()).map(({ name }) => name);
  const wrong = types.find((type) => !known.includes(type));
  if (wrong !== undefined) {
    throw new XhError('E_USAGE', `there is no file type '${printable(wrong)}'`, {
      exit: EXIT.usage,
      remedy: `one of ${known.map(printable).join(', ')}`,
    });
  }
  return {
    ...(types.length > 0 && { types: new Set(types) }),
    ...(drop.length > 0 && { drop: new Set(drop) }),
    ...(options['anew'] === true && { anew: true }),
    ...textOption(options, 'revision', revisionIn),
  };
}

/** @throws XhError E_USAGE */
function revisionIn(word: string): number {
  if (/^[1-9]\d{0,8}$/.test(word)) return Number(word);
  throw new XhError(
    'E_USAGE',
    `--revision ${printable(bytes(word))}: expected a number, 1 or more`,
    {
      exit: EXIT.usage,
    },
  );
}

function words(value: unknown): Bytes[] {
  return Array.isArray(value) ? value.map((word) => bytes(String(word))) : [];
}

/** Tells of each package when it is done: what is as it was only to those who want to know. */
function teller({ terminal, options }: Call): PublishPackagesOptions['done'] {
  const { green, red, dim } = terminal.err;
  const would = options['dryRun'] === true ? 'would be ' : '';
  return (outcome) => {
    const { result, revision, added, error, lost } = outcome;
    const name = printable(outcome.package).padEnd(NAME);
    const number = revision === undefined ? '' : `revision ${revision}`.padEnd(14);
    switch (result) {
      case 'published':
        terminal.tell(`${green(name)}  ${number}  ${would}${addedText(added)}`);
        break;
      case 'refreshed':
        terminal.tell(`${name}  ${number}  ${would}signed again, nothing changed`);
        break;
      case 'unchanged':
        terminal.detail(`${name}  ${number}  unchanged`);
        break;
      case 'skipped':
        terminal.detail(
          `${name}  not published: ${outcome.why === 'key' ? 'this key may not sign for it' : "it says 'distribute = none'"}`,
        );
        break;
      case 'refused':
      case 'failed':
        terminal.warn(`${red(name)}  ${result}: ${firstLine(error)}`);
        if (error instanceof DiagnosticError) {
          for (const each of error.diagnostics) terminal.warn(formatDiagnostic(each));
        } else if (error?.remedy !== undefined) terminal.warn(`    ${dim('→')} ${error.remedy}`);
    }
    if (lost !== undefined) {
      terminal.warn(`    left out, the store lacks some of it: ${lost.map(printable).join(', ')}`);
      terminal.warn(`    ${dim('→')} publish these on a host that has them`);
    }
  };
}

function firstLine(error: XhError | undefined): string {
  return error instanceof DiagnosticError ? 'its metadata are broken' : (error?.message ?? '');
}

function addedText(added: PublishOutcome['added']): string {
  const { objects = 0, trees = 0, bytes: size = 0 } = added ?? {};
  return `${countText(objects, 'object')}, ${countText(trees, 'tree')}, ${bytesText(size)} added`;
}

function summary({ options }: Call, outcomes: readonly PublishOutcome[], store: string): string {
  const counts = RESULTS.flatMap((result) => {
    const count = outcomes.filter((each) => each.result === result).length;
    return count === 0 ? [] : [`${numberText(count)} ${result}`];
  });
  const size = outcomes.reduce((sum, { added }) => sum + (added?.bytes ?? 0), 0);
  const would = options['dryRun'] === true ? ' (nothing was written)' : '';
  const all = `${countText(outcomes.length, 'package')}: ${counts.join(', ') || 'nothing to publish'}`;
  return `${all}; ${bytesText(size)} added to ${store}${would}`;
}

const RESULTS = ['published', 'refreshed', 'unchanged', 'skipped', 'refused', 'failed'] as const;

function exitFor(outcomes: readonly PublishOutcome[]): ExitCode {
  const bad = outcomes.filter(({ result }) => result === 'refused' || result === 'failed');
  if (bad.length === 0) return EXIT.done;
  const allRefused =
    bad.length === outcomes.length && bad.every((each) => each.result === 'refused');
  return allRefused ? EXIT.refused : EXIT.failed;
}

function plain({ error, ...rest }: PublishOutcome): unknown {
  if (error === undefined) return rest;
  const { code, message, remedy } = error;
  return { ...rest, error: { code, message, remedy } };
}

const NAME = 24;
