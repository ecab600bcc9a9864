/** Debian packages. Source: deb(5). */
import { b, fromBuffer, printable, slice, split, trim, type Bytes } from '../../bytes/bytes.ts';
import { errnoOf } from '../../files/error.ts';
import { AR_MAGIC, readAr, type ArMember } from './ar.ts';
import { memberPath, openArchive, type Archive } from './archive.ts';
import {
  copyrightLicence,
  debianArchitecture,
  parseControl,
  parseRelations,
  type ControlFields,
} from './control.ts';
import { unreadable } from './findings.ts';
import { openPacked, readStart } from './packed.ts';
import type {
  FileEntry,
  ImportedDependency,
  ImportedSoftware,
  ImportLimits,
  ImportSource,
  MaintainerScript,
} from './source.ts';

export const deb: ImportSource = {
  name: 'deb',
  title: 'Debian package',
  recognises,
  async open(path, { limits, origin }) {
    const { control, data } = partsOf(path);
    const information = await openControl(path, control, limits);
    const fields = controlFields(path, information);
    const archive = await openArchive(openPacked({ path, ...data }, limits), path, limits);
    return softwareOf(path, fields, information, archive, origin);
  },
};

function recognises(path: Bytes): boolean {
  try {
    const start = fromBuffer(readStart({ path, start: 0, size: 64 }, 64));
    return start.startsWith(AR_MAGIC) && start.startsWith('debian-binary', AR_MAGIC.length);
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}

interface Part {
  readonly start: number;
  readonly size: number;
}

/** Where the two archives of the package are. */
function partsOf(path: Bytes): { readonly control: Part; readonly data: Part } {
  const fail = (what: string): never => {
    throw unreadable('E_DEB', path, `no sound Debian package: ${what}`);
  };
  const [first, ...members] = readAr(path);
  if (first?.name !== 'debian-binary') return fail('it does not begin with debian-binary');
  const format = fromBuffer(readStart({ path, ...first }, 32));
  if (!/^2\.[0-9]+\n/.test(format)) fail(`format ${printable(trim(format))} is not known`);
  const one = (stem: string): ArMember => {
    const found = members.filter(({ name }) => name === stem || name.startsWith(`${stem}.`));
    const [member] = found;
    if (member === undefined) return fail(`${stem} is missing`);
    if (found.length > 1) return fail(`${stem} is there ${found.length} times`);
    return member;
  };
  return { control: one('control.tar'), data: one('data.tar') };
}

/** What a control archive holds; more is no information about a package. */
const MOST_CONTROL_BYTES = 32 * 2 ** 20;

/** The files of the control archive by their names. */
async function openControl(
  path: Bytes,
  part: Part,
  limits: ImportLimits,
): Promise<ReadonlyMap<Bytes, Bytes>> {
  const small = {
    ...limits,
    maxBytes: MOST_CONTROL_BYTES,
    keepBytes: MOST_CONTROL_BYTES,
    maxEntries: 10_000,
  };
  const archive = await openArchive(openPacked({ path, ...part }, small), path, small);
  const files = new Map<Bytes, Bytes>();
  for (const entry of archive.entries) {
    const content = entry.type === 'file' ? archive.read(entry) : undefined;
    if (content !== undefined) files.set(entry.path, fromBuffer(content));
  }
  return files;
}

function controlFields(path: Bytes, information: ReadonlyMap<Bytes, Bytes>): ControlFields {
  const content = information.get(b`control`);
  if (content === undefined) {
    throw unreadable('E_DEB', path, 'no sound Debian package: its control file is missing');
  }
  const fields = parseControl(content);
  if ('fault' in fields) {
    throw unreadable('E_CONTROL', path, `control file, line ${fields.line}: ${fields.fault}`);
  }
  for (const needed of [b`package`, b`version`, b`architecture`]) {
    if (!/^[!-\xff]+$/.test(fields.get(needed) ?? '')) {
      throw unreadable('E_CONTROL', path, `control file: no field '${needed}'`);
    }
  }
  return fields;
}

function softwareOf(
  path: Bytes,
  fields: ControlFields,
  information: ReadonlyMap<Bytes, Bytes>,
  archive: Archive,
  origin: Bytes | undefined,
): ImportedSoftware {
  const name = fields.get(b`package`) ?? b``;
  const [summary] = split(fields.get(b`description`) ?? b``, '\n');
  const homepage = fields.get(b`homepage`);
  const maintainer = fields.get(b`maintainer`);
  const licence = licenceIn(archive, name);
  return {
    source: deb.name,
    path,
    name,
    version: fields.get(b`version`) ?? b``,
    ...(summary && { summary }),
    ...(homepage && { homepage }),
    ...(maintainer && { maintainer }),
    ...(licence !== undefined && { licence }),
    architecture: debianArchitecture(fields.get(b`architecture`) ?? b``),
    dependencies: [
      ...relations(path, fields, b`pre-depends`, 'required'),
      ...relations(path, fields, b`depends`, 'required'),
      ...relations(path, fields, b`recommends`, 'recommended'),
    ],
    provides: names(relations(path, fields, b`provides`, 'required')),
    conflicts: names([
      ...relations(path, fields, b`conflicts`, 'required'),
      ...relations(path, fields, b`breaks`, 'required'),
    ]),
    base: b``,
    origin: origin ?? b`/`,
    ...archive,
    scripts: SCRIPTS.flatMap((script): MaintainerScript[] => {
      const content = information.get(script);
      return content === undefined ? [] : [{ name: script, content }];
    }),
    conffiles: conffiles(information.get(b`conffiles`)),
    triggers: lines(information.get(b`triggers`)),
  };
}

const SCRIPTS = [b`preinst`, b`postinst`, b`prerm`, b`postrm`, b`config`];

function relations(
  path: Bytes,
  fields: ControlFields,
  field: Bytes,
  strength: ImportedDependency['strength'],
): ImportedDependency[] {
  const parsed = parseRelations(fields.get(field) ?? b``, strength);
  if (parsed === undefined) {
    throw unreadable('E_CONTROL', path, `control file: the field '${field}' is malformed`);
  }
  return parsed;
}

function names(dependencies: readonly ImportedDependency[]): Bytes[] {
  return [...new Set(dependencies.flatMap(({ alternatives }) => alternatives.map((a) => a.name)))];
}

/** Absolute paths, a line each; `remove-on-upgrade PATH` is about one that is not there any more. */
function conffiles(content: Bytes | undefined): Bytes[] {
  return lines(content)
    .filter((line) => line.startsWith('/'))
    .map((line) => memberPath(slice(line, 1)));
}

function lines(content: Bytes | undefined): Bytes[] {
  return split(content ?? b``, '\n')
    .map(trim)
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function licenceIn(archive: Archive, name: Bytes): Bytes | undefined {
  const entry = archive.entries.find(
    (candidate): candidate is FileEntry =>
      candidate.type === 'file' &&
      candidate.path === `usr/share/doc/${name}/copyright` &&
      candidate.size < 2 ** 20,
  );
  const content = entry && archive.read(entry);
  return content && copyrightLicence(fromBuffer(content));
}
