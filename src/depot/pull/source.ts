/**
 * Where packages come from: a reader of objects, and heads that may be believed. Stores are believed
 * for the sake of signatures; what comes over a channel to somebody who is known, for his sake.
 */
import { bytes, compareBytes, printable, toText, type Bytes } from '../../bytes/bytes.ts';
import { writeFileDurably } from '../../files/content.ts';
import { makeDirs, type Walker } from '../../files/walk.ts';
import { EXIT, XhError } from '../../message/error.ts';
import { packagesOf } from '../../distribute/store/catalogue.ts';
import { parseHead, type Head } from '../../distribute/store/head.ts';
import { openReader } from '../../distribute/store/open.ts';
import { headPath } from '../../distribute/store/paths.ts';
import { severalStores } from '../../distribute/store/several.ts';
import { keyId, type PublicKey } from '../../distribute/store/signed.ts';
import type { StoreReader } from '../../distribute/store/store.ts';
import { followTrust, type BelievedTrust } from '../../distribute/store/trust-chain.ts';
import { demandHead, readTrust, type Trust } from '../../distribute/store/trust.ts';
import { configPath, type Config } from '../../site/config.ts';
import type { Site } from '../../site/site.ts';
import { pulledPackage, PULLED, TRUST_FILE, trustSeen } from '../pulled.ts';

/** A head that may be believed. */
export interface Believed {
  readonly head: Head;
  /** As it was signed. */
  readonly text: string;
  /** Where it came from, for people. */
  readonly store: string;
}

export interface PullSource {
  /** For people. */
  readonly name: string;
  /** For what is named by its hash; whoever reads it verifies it. */
  readonly store: StoreReader;
  /** Packages that may be had. @throws XhError */
  packages(): Promise<readonly Bytes[]>;
  /**
   * What a package is now; undefined when nobody has it.
   * @throws XhError E_STORE_READ when it cannot be known; E_HEAD_*, E_TRUST_* when it is not believed
   */
  head(directory: Bytes): Promise<Believed | undefined>;
  close(): void;
}

export interface SourceOptions {
  readonly walker: Walker;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Stores instead of those of the configuration. */
  readonly stores?: readonly Bytes[];
  /** Believes the keys of the configuration alone, and whatever revision: what was seen before is forgotten. */
  readonly anew?: boolean;
  /** Whether what is believed is written down, so that nothing older is from now on. */
  readonly remember: boolean;
  /** Told what went wrong and was got over. */
  readonly warn: (message: string) => void;
}

/**
 * The stores of the configuration, the nearest first, believed as far as keys of the site say.
 * @throws XhError E_NO_STORE, E_NO_SITE_KEY (2)
 */
export function storeSource(site: Site, config: Config, options: SourceOptions): PullSource {
  const { walker, now, warn } = options;
  const addresses = options.stores ?? config.values.stores;
  const file = configPath(site);
  if (addresses.length === 0) {
    throw new XhError('E_NO_STORE', 'there is no store to pull from', {
      exit: EXIT.usage,
      place: { file },
      remedy: `write there: stores = ["https://…"], or name one: --store ADDRESS`,
    });
  }
  const known = knownTrust(walker, config, options.anew === true);
  if (known.keys.length === 0) {
    throw new XhError(
      'E_NO_SITE_KEY',
      'no key of the site is known here: nothing could be believed',
      {
        exit: EXIT.usage,
        place: { file },
        remedy: 'write there the line site-keys = […] that xh key trust has printed',
      },
    );
  }
  const stores = addresses.map((address) => openReader(address));
  const store = severalStores(stores, (failed, error) => {
    warn(`${failed.name}: ${error.message}`);
  });
  let trust: Promise<Trust> | undefined;

  /** The newest record of trust that any of the stores has. */
  async function findTrust(): Promise<Trust> {
    let best: BelievedTrust | undefined;
    const errors: XhError[] = [];
    for (const each of stores) {
      try {
        const found = await followTrust(each, { site: known.keys, now, ...known.last });
        if (found === undefined) errors.push(lacksTrust(each));
        else if (found.trust.version > (best?.trust.version ?? 0)) best = found;
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        errors.push(error);
      }
    }
    if (best === undefined) throw worst(errors);
    for (const { message } of errors) warn(message);
    if (options.remember && best.text !== known.text) remember(walker, best.text);
    return best.trust;
  }

  /** That of the nearest store whose head is believed. */
  async function head(directory: Bytes): Promise<Believed | undefined> {
    trust ??= findTrust();
    const seen = options.anew === true ? undefined : revisionSeen(walker, directory);
    const belief = { trust: await trust, now, ...(seen !== undefined && { seen }) };
    const errors: XhError[] = [];
    for (const each of stores) {
      try {
        const content = await each.read(headPath(directory));
        if (content === undefined) continue;
        const text = content.toString();
        const parsed = parseHead(text);
        demandHead(directory, parsed, belief);
        for (const { message } of errors) warn(message);
        return { head: parsed.head, text, store: each.name };
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        errors.push(error);
      }
    }
    if (errors.length > 0) throw worst(errors);
    return undefined;
  }

  /** All that any of the stores has: one may have only a part, as a host has that feeds others. */
  async function packages(): Promise<readonly Bytes[]> {
    const names = new Set<Bytes>();
    const errors: XhError[] = [];
    for (const each of stores) {
      try {
        for (const name of await packagesOf(each)) names.add(name);
      } catch (error) {
        if (!(error instanceof XhError)) throw error;
        errors.push(error);
      }
    }
    if (errors.length === stores.length) throw worst(errors);
    for (const { message } of errors) warn(message);
    return [...names].toSorted(compareBytes);
  }

  return {
    name: store.name,
    store,
    packages,
    head,
    close() {
      store.close();
    },
  };
}

/** For a host that has packages by links alone. */
export function emptySource(): PullSource {
  const store: StoreReader = {
    name: 'no store',
    read: () => Promise.resolve(undefined),
    close: () => undefined,
  };
  return {
    name: store.name,
    store,
    packages: () => Promise.resolve([]),
    head: () => Promise.resolve(undefined),
    close: () => undefined,
  };
}

/** Somebody who is known at the other end of a channel, whose word is taken. @param store what he offers */
export function channelSource(store: StoreReader): PullSource {
  return {
    name: store.name,
    store,
    packages: () => packagesOf(store),
    async head(directory) {
      const content = await store.read(headPath(directory));
      if (content === undefined) return undefined;
      const text = content.toString();
      const { head } = parseHead(text);
      if (head.package === directory) return { head, text, store: store.name };
      throw new XhError(
        'E_HEAD_PACKAGE',
        `what ${store.name} says of ${printable(directory)} is about ${printable(head.package)}`,
        { exit: EXIT.refused, remedy: 'look at the other end: it should not do that' },
      );
    },
    close() {
      store.close();
    },
  };
}

/** Whether an error says that nothing could be known, and not that something was wrong. */
export function isUnreachable(error: XhError): boolean {
  return error.code === 'E_STORE_READ';
}

/** The last revision that was believed for the sake of a signature: others count for themselves. */
function revisionSeen(walker: Walker, directory: Bytes): number | undefined {
  const pulled = pulledPackage(walker, directory);
  if (pulled === undefined) return undefined;
  const { signed } = parseHead(pulled.head);
  return signed.signatures.length > 0 ? pulled.revision : undefined;
}

interface KnownTrust {
  /** Any of these may have signed the next record. */
  readonly keys: readonly PublicKey[];
  readonly last: { readonly version?: number };
  readonly text?: string;
}

/** What this host goes on from: the last record that it believed, and the keys of its configuration that were not revoked. */
function knownTrust(walker: Walker, config: Config, anew: boolean): KnownTrust {
  const configured = config.values['site-keys'].map((key) => toText(key) as PublicKey);
  const text = trustSeen(walker);
  if (anew || text === undefined) return { keys: configured, last: {} };
  const { site, version, revoked } = readTrust(text);
  const keys = [...new Set([...site, ...configured])].filter(
    (key) => !revoked.includes(keyId(key)),
  );
  return { keys, last: { version }, text };
}

function worst(errors: readonly XhError[]): XhError {
  const [first, ...more] = errors.toSorted((one, other) => rank(other) - rank(one));
  if (first === undefined) throw new Error('no error');
  if (more.length === 0) return first;
  return new XhError(first.code, errors.map(({ message }) => message).join('\n'), {
    exit: first.exit,
    ...(first.remedy !== undefined && { remedy: first.remedy }),
  });
}

/** What is not believed is worse than what cannot be reached. */
function rank(error: XhError): number {
  return isUnreachable(error) ? 0 : error.exit === EXIT.refused ? 2 : 1;
}

function lacksTrust(store: StoreReader): XhError {
  return new XhError('E_TRUST_MISSING', `${store.name} has no record of trust`, {
    exit: EXIT.refused,
    remedy: 'is it a store? xh key trust makes the record',
  });
}

function remember(walker: Walker, text: string): void {
  makeDirs(walker, PULLED);
  const { dir, name } = walker.locate(TRUST_FILE, { follow: true });
  writeFileDurably(dir, name, bytes(text), 0o644);
}
