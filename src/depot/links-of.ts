/** Which links a package wants on this host: what it has, what its Options say, what the site decides. */
import { b, printable, type Bytes } from '../bytes/bytes.ts';
import { classesNamed, LINK_CLASSES, type LinkClass } from '../farm/classes.ts';
import { wantedLinks, type WantedLink } from '../farm/wanted.ts';
import type { Host } from '../host/transaction.ts';
import { DiagnosticError } from '../message/diagnostic.ts';
import { didYouMean } from '../message/nearest.ts';
import type { PackageOptions } from '../package/options.ts';
import { readPackageOptions } from '../package/read.ts';
import { type PackageEntry } from '../package/entries.ts';
import { isDefaultPackage, type Config } from '../site/config.ts';

/** A package with its options, as far as links go. */
export type Linked = Pick<PackageEntry, 'name' | 'directory' | 'path'> & {
  readonly options?: PackageOptions;
};

/**
 * The links that the package wants; none when it is no default package here.
 * @param seen told of every directory, and every file whose mode matters, that was looked at
 * @throws DiagnosticError for Options that cannot be read
 */
export function wantedBy(
  { walker, site }: Host,
  config: Config,
  pack: Linked,
  seen?: (path: Bytes) => void,
): readonly WantedLink[] {
  const { name, directory } = pack;
  const options = pack.options ?? readPackageOptions(pack);
  if (!isDefaultPackage(config, [name, directory], options.values.default)) return [];
  return wantedLinks(walker, site, { name, directory, classes: classesFor(pack, options) }, seen);
}

function classesFor(pack: Linked, options: PackageOptions): readonly LinkClass[] {
  const { links } = options.values;
  if (links.which === 'all') return LINK_CLASSES;
  if (links.which === 'none') return [];
  const known = LINK_CLASSES.map(({ name }) => name);
  const unknown = links.classes.find((name) => !known.includes(name));
  if (unknown === undefined) return classesNamed(links.classes);
  throw new DiagnosticError([
    {
      severity: 'error',
      code: 'E_OPTION_VALUE',
      message: `there is no class of links '${printable(unknown)}'`,
      file: b`/software/${pack.directory}/.admin/Options`,
      line: options.lines.get('links') ?? 1,
      column: 1,
      source: b`links = ${links.classes.join(' ') as Bytes}`,
      hint: didYouMean(unknown, known) ?? `known: ${known.join(', ')}`,
    },
  ]);
}
