/**
 * `xh readme`: the READMEs of all packages, found where packages have them, as text. Whatever the
 * encoding, what people wrote is shown; what a terminal or a browser would obey is not.
 */
import { gunzipSync } from 'node:zlib';
import { b, fromBuffer, printable, utf8, type Bytes } from '../bytes/bytes.ts';
import { isWithin, join } from '../bytes/path.ts';
import { sha256 } from '../files/content.ts';
import { beginningOf, namesIn, realPathOf } from '../files/forgiving.ts';
import { XhError } from '../message/error.ts';
import { listPackages, type PackageEntry } from '../package/entries.ts';
import { readPackage } from '../package/read.ts';
import { printMailbox } from '../site/mailbox.ts';
import { inSite, type Site } from '../site/site.ts';

/** What the document says of one package; all of it is text, not markup. */
export interface ReadmeEntry {
  readonly directory: string;
  readonly version?: string;
  readonly summary?: string;
  readonly licence?: string;
  readonly homepage?: string;
  readonly maintainers: readonly string[];
  /** Why there is no more to say of it. */
  readonly problem?: string;
  readonly readmes: readonly Readme[];
}

export interface Readme {
  /** Below the package: `doc/README.md`. */
  readonly path: string;
  readonly text: string;
}

/** All packages of the depot, or those of these names, in the order of their directories. */
export function collectReadmes(site: Site, packages = listPackages(site)): ReadmeEntry[] {
  return packages.map((entry) => {
    const { directory, version, path } = entry;
    const readmes = readmesOf(site, path, entry.name);
    const base = {
      directory: printable(directory),
      ...(version !== undefined && { version: printable(version) }),
      readmes,
    };
    return { ...base, ...aboutOf(site, entry) };
  });
}

/** What a package says of itself; one that cannot be read still has its README. */
function aboutOf(
  site: Site,
  entry: PackageEntry,
): Pick<ReadmeEntry, 'summary' | 'licence' | 'homepage' | 'maintainers' | 'problem'> {
  try {
    const { options, maintainers } = readPackage(site, entry);
    const { summary, licence, homepage } = options.values;
    return {
      ...(summary !== undefined && { summary: printable(summary) }),
      ...(licence !== undefined && { licence: printable(licence) }),
      ...(homepage !== undefined && { homepage: printable(homepage) }),
      maintainers: maintainers.map((mailbox) => printable(printMailbox(mailbox))),
    };
  } catch (error) {
    if (error instanceof XhError) return { maintainers: [], problem: error.message };
    throw error;
  }
}

/** As many of one package. */
const MOST_READMES = 4;

/** The READMEs of the package at `top`: the plain one first, each text once. */
function readmesOf(site: Site, top: Bytes, name: Bytes): Readme[] {
  const places = [b``, b`doc`, b`doc/${name}`, b`share/doc`, b`share/doc/${name}`, b`data`];
  // the document is for everybody, and a link to what only its maker may read is in no package
  const trees = [top, inSite(site, b`/.software`)].flatMap((tree) => realPathOf(tree) ?? []);
  const isOwn = (path: Bytes): boolean => {
    const real = realPathOf(path);
    return real !== undefined && trees.some((tree) => isWithin(tree, real));
  };
  const seen = new Set<string>();
  const found: Readme[] = [];
  for (const place of places) {
    const names = namesIn(join(top, place)).filter((each) => README.test(each));
    for (const file of names.toSorted(plainestFirst)) {
      const path = join(place, file);
      if (found.length >= MOST_READMES || !isOwn(join(top, path))) continue;
      const content = contentOf(join(top, path));
      if (content === undefined) continue;
      const hash = sha256(content);
      if (seen.has(hash)) continue;
      seen.add(hash);
      found.push({ path: printable(path), text: readmeText(content) });
    }
  }
  return found;
}

const README = /^read[-_]?me(?:$|[._-])/i;

/** `README`, `README.md`, `README.txt`, and then those with something special to say. */
function plainestFirst(one: Bytes, other: Bytes): number {
  const rank = (name: Bytes): number => {
    const plain = name.toLowerCase().replace(/\.gz$/, '');
    if (!plain.includes('.')) return 0;
    return /\.(?:md|markdown|txt|rst|text)$/.test(plain) ? 1 : 2;
  };
  return rank(one) - rank(other) || (one < other ? -1 : 1);
}

/** Bytes of one README; what is longer is cut. */
const MOST = 512 * 1024;

/** The content of a file, unpacked; undefined for what is none, is empty, or is damaged. */
function contentOf(path: Bytes): Buffer | undefined {
  const content = beginningOf(path, MOST)?.content ?? Buffer.alloc(0);
  const isGzip = content[0] === 0x1f && content[1] === 0x8b;
  try {
    const whole = isGzip ? gunzipSync(content, { maxOutputLength: 8 * MOST }) : content;
    return whole.length === 0 ? undefined : whole.subarray(0, MOST);
  } catch {
    return undefined;
  }
}

/**
 * What a README says: UTF-8 where it is, else UTF-16 by its mark, else Windows-1252, in which every
 * byte is a letter. Overstruck letters and what drives terminals are taken out.
 */
export function readmeText(content: Buffer): string {
  return decoded(content)
    .replace(/^\ufeff/, '')
    .replace(/\r\n?/g, '\n')
    .replace(/\f/g, '\n')
    .replace(/[^\n]\u0008/gu, '')
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|.)/gu, '')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (unit) =>
      unit === '\n' || unit === '\t' || unit === '\u200d' || unit === '\u00ad' ? unit : '',
    )
    .trimEnd();
}

function decoded(content: Buffer): string {
  if (content[0] === 0xff && content[1] === 0xfe)
    return new TextDecoder('utf-16le').decode(content);
  if (content[0] === 0xfe && content[1] === 0xff)
    return new TextDecoder('utf-16be').decode(content);
  const whole = fromBuffer(content);
  // one that is cut may be cut in a letter
  const text = utf8(
    content.length < MOST ? whole : (whole.replace(/[\x80-\xff]{1,3}$/, '') as Bytes),
  );
  return text ?? whole.replace(/[\x80-\x9f]/g, (byte) => WINDOWS[byte.charCodeAt(0) - 0x80] ?? '');
}

/** What Windows-1252 has at 0x80 to 0x9f; five of them are nothing. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';
