/**
 * Prefixes of conda and its likes: `conda-meta` has a record for every package in them. One package is
 * taken for what it is; several are an environment, imported as one software of the directory's name.
 */
import { b, bytes, compareBytes, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { namesIn } from '../../files/forgiving.ts';
import { openPrefix } from './prefix.ts';
import { list, object, parseJson, sideFile, textOf, type JsonObject } from './side-file.ts';
import type { ImportedDependency, ImportSource } from './source.ts';

export const conda: ImportSource = {
  name: 'conda',
  title: 'prefix of conda',
  recognises: (path) => recordNames(path).length > 0,
  open(path, options) {
    const own = openPrefix(path, options);
    const records = recordNames(path).flatMap((name): JsonObject[] => {
      const content = sideFile(join(path, b`conda-meta/${name}`));
      const record = object(content && parseJson(content));
      return textOf(record['name']) === undefined ? [] : [record];
    });
    const names = new Set(records.map((record) => textOf(record['name'])));
    const [only] = records.length === 1 ? records : [];
    const text = (key: string): Bytes | undefined => {
      const value = textOf(only?.[key]);
      return value === undefined ? undefined : bytes(value);
    };
    const [name, version, licence] = [text('name'), text('version'), text('license')];
    const architecture = architectureOf(textOf(records[0]?.['subdir']));
    return {
      ...own,
      source: conda.name,
      ...(name !== undefined && { name }),
      ...(version !== undefined && { version }),
      ...(licence !== undefined && { licence }),
      ...(architecture !== undefined && { architecture }),
      dependencies: outside(records, names),
      provides:
        records.length > 1
          ? [...names].flatMap((each) => (each === undefined ? [] : bytes(each)))
          : [],
      builtBy: `conda${records.length > 1 ? `, ${records.length} packages` : ''}`,
    };
  },
};

function recordNames(path: Bytes): Bytes[] {
  return namesIn(join(path, b`conda-meta`)).filter((name) => name.endsWith('.json'));
}

/** What the packages need that none of them is. Virtual ones (`__glibc`) are about the host. */
function outside(
  records: readonly JsonObject[],
  names: ReadonlySet<string | undefined>,
): ImportedDependency[] {
  const found = new Map<Bytes, ImportedDependency>();
  for (const record of records) {
    for (const given of list(record['depends'])) {
      const [name = '', versions = ''] = (textOf(given) ?? '').split(' ');
      if (name === '' || name.startsWith('__') || names.has(name)) continue;
      const range = rangeOf(versions);
      found.set(bytes(name), {
        strength: 'required',
        alternatives: [{ name: bytes(name), ...(range !== undefined && { range }) }],
      });
    }
  }
  return [...found].toSorted(([one], [other]) => compareBytes(one, other)).map(([, each]) => each);
}

/** `>=3.10,<3.11.0a0`; one that is not of comparisons (`1.2.*`) is left open. */
function rangeOf(versions: string): Bytes | undefined {
  const parts = versions.split(',');
  if (!parts.every((part) => /^(?:>=|<=|>|<|==?)[0-9][0-9A-Za-z.+_-]*$/.test(part)))
    return undefined;
  return bytes(parts.map((part) => part.replace(/^==/, '=')).join(' '));
}

/** `linux-64` as `linux-x86_64`. */
function architectureOf(subdir: string | undefined): Bytes | undefined {
  const known: Readonly<Record<string, string>> = {
    'linux-64': 'linux-x86_64',
    'linux-aarch64': 'linux-aarch64',
    'linux-ppc64le': 'linux-ppc64le',
    'osx-64': 'darwin-x86_64',
    'osx-arm64': 'darwin-arm64',
    noarch: 'all',
  };
  const found = subdir === undefined ? undefined : known[subdir];
  return found === undefined ? undefined : bytes(found);
}
