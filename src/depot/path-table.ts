/** Keeping the path table that showpath reads up to date. */
import { b, bytes, toText, type Bytes } from '../bytes/bytes.ts';
import type { PathDirectory } from '../showpath/classes.ts';
import type { Config } from '../site/config.ts';
import type { Site } from '../site/site.ts';
import {
  PATH_TABLE_NAME,
  readPathTable,
  renderPathTable,
  standardPathTable,
} from '../showpath/pathTable.ts';
import { vendorDirectories } from '../showpath/vendor.ts';
import type { Planning } from './context.ts';

/** Where it stands. */
export const PATH_TABLE: Bytes = b`/.software/local/.admin/${PATH_TABLE_NAME}`;

/** Plans the path table as it should be; a table that is right already is left alone. */
export function planPathTable(planning: Planning): void {
  planning.draft.write(PATH_TABLE, wantedTable(planning), { bookkeeping: true });
}

/** What the table that stands is: whole and right, whole and of another time, damaged, or not there. */
export function pathTableStanding(planning: Planning): 'right' | 'old' | 'damaged' | 'missing' {
  const content = planning.draft.read(PATH_TABLE)?.content;
  if (content === undefined) return 'missing';
  if (content === wantedTable(planning)) return 'right';
  return readPathTable(content) === undefined ? 'damaged' : 'old';
}

function wantedTable({ host, config }: Planning): Bytes {
  const vendor = vendorPaths(host.site, config);
  const elements = [...config.values['path-elements']].map(([name, classes]) => ({
    name: toText(name),
    directories: ofClasses(classes),
  }));
  return renderPathTable(standardPathTable(host.site, vendor, elements));
}

/** What is found on the host, but for the classes that the configuration has its own word on. */
function vendorPaths(site: Site, config: Config): PathDirectory[] {
  const given = config.values['vendor-path'];
  const found = vendorDirectories(site).filter((entry) => !given.has(bytes(configClass(entry))));
  return [...found, ...ofClasses(given)];
}

/** Directories by class, as the configuration has them. */
function ofClasses(classes: ReadonlyMap<Bytes, readonly Bytes[]>): PathDirectory[] {
  return [...classes].flatMap(([name, directories]) =>
    directories.map((directory) => ({ ...classNamed(toText(name)), directory })),
  );
}

/** Command directories are one class for showpath, three in the configuration. */
function configClass(entry: PathDirectory): string {
  return (
    COMMAND_CLASSES.find(({ usedBy }) => entry.class === 'bin' && usedBy === entry.usedBy)?.name ??
    entry.class
  );
}

function classNamed(name: string): Pick<PathDirectory, 'class' | 'usedBy'> {
  const command = COMMAND_CLASSES.find((each) => each.name === name);
  return command === undefined
    ? { class: name, usedBy: 'user' }
    : { class: 'bin', usedBy: command.usedBy };
}

const COMMAND_CLASSES = [
  { name: 'bin', usedBy: 'user' },
  { name: 'maintenance', usedBy: 'maintainer' },
  { name: 'servers', usedBy: 'program' },
] as const;
