/**
 * Prefixes that Spack has installed: `.spack/spec.json` says what they are, down to the compiler and
 * the hash of every dependency. Older ones have the same as YAML.
 * Source: Spack's documentation of the spec format; both the list of nodes and the older map of them.
 */
import { b, bytes, type Bytes } from '../../bytes/bytes.ts';
import { join } from '../../bytes/path.ts';
import { openPrefix } from './prefix.ts';
import {
  list,
  object,
  parseJson,
  sideFile,
  textOf,
  type Json,
  type JsonObject,
} from './side-file.ts';
import type { ImportedDependency, ImportSource } from './source.ts';
import { parsePlainYaml } from './plain-yaml.ts';

export const spack: ImportSource = {
  name: 'spack',
  title: 'prefix of Spack',
  recognises: (path) => specOf(path) !== undefined,
  open(path, options) {
    const own = openPrefix(path, { ...options, ...originOf(path, options.origin) });
    const nodes = specOf(path) ?? [];
    const [root] = nodes;
    if (root === undefined) return own;
    const name = textOf(root['name']);
    const version = textOf(root['version']);
    const architecture = architectureOf(object(root['arch']));
    return {
      ...own,
      source: spack.name,
      ...(name !== undefined && { name: bytes(name) }),
      ...(version !== undefined && { version: bytes(version) }),
      ...(architecture !== undefined && { architecture }),
      dependencies: dependenciesOf(root, nodes),
      builtBy: ['Spack', compilerOf(root)].filter((each) => each !== undefined).join(' with '),
    };
  },
};

/** The nodes of the spec, that of the package itself first; undefined when there is no spec. */
function specOf(path: Bytes): readonly JsonObject[] | undefined {
  const json = sideFile(join(path, b`.spack/spec.json`));
  const yaml = json === undefined ? sideFile(join(path, b`.spack/spec.yaml`)) : undefined;
  const whole = json === undefined ? yaml && parsePlainYaml(yaml) : parseJson(json);
  if (whole === undefined) return undefined;
  const spec = object(whole)['spec'];
  // format 1 has a list of single-key maps from name to node, format 2 and later a list of nodes
  const nodes = Array.isArray(spec) ? list(spec) : list(object(spec)['nodes']);
  const found = nodes.map((node) => {
    const given = object(node);
    if (given['name'] !== undefined) return given;
    const [[name, inner] = []] = Object.entries(given);
    return name === undefined ? given : { ...object(inner), name };
  });
  return found.length === 0 ? undefined : found;
}

/** What is linked or run; a build's tools are not needed any more. */
function dependenciesOf(root: JsonObject, nodes: readonly JsonObject[]): ImportedDependency[] {
  const byHash = new Map(nodes.map((node) => [textOf(node['hash']), node]));
  const byName = new Map(nodes.map((node) => [textOf(node['name']), node]));
  return dependencyList(root['dependencies']).flatMap((given): ImportedDependency[] => {
    const name = textOf(given['name']);
    if (name === undefined) return [];
    const types = list(object(given['parameters'])['deptypes'] ?? given['type']).map(textOf);
    if (types.length > 0 && !types.some((type) => type === 'link' || type === 'run')) return [];
    const node = byHash.get(textOf(given['hash'])) ?? byName.get(name);
    const version = textOf(node?.['version']);
    const range = version === undefined ? {} : { range: b`>=${bytes(version)}` };
    return [{ strength: 'required', alternatives: [{ name: bytes(name), ...range }] }];
  });
}

/** A list, or in older specs a map from name to the rest. */
function dependencyList(value: Json | undefined): readonly JsonObject[] {
  if (Array.isArray(value)) return list(value).map(object);
  return Object.entries(object(value)).map(([name, rest]) => ({ ...object(rest), name }));
}

/** `linux` and `x86_64_v3` or `skylake` of `x86_64`, as `xh arch` prints it. */
function architectureOf(arch: JsonObject): Bytes | undefined {
  const platform = textOf(arch['platform']);
  const target = object(arch['target']);
  const family = textOf(target['name']) ?? textOf(arch['target']);
  const cpu = [family, ...list(target['parents']).map(textOf)].find(
    (name) => name !== undefined && FAMILIES.test(name),
  );
  if (platform === undefined || cpu === undefined) return undefined;
  return bytes(`${platform}-${cpu === 'arm64' && platform === 'linux' ? 'aarch64' : cpu}`);
}

const FAMILIES = /^(?:x86_64(?:_v[2-4])?|aarch64|arm64|ppc64le|ppc64|riscv64|s390x|i686)$/;

function compilerOf(root: JsonObject): string | undefined {
  const { name, version } = object(root['compiler']);
  const text = textOf(name);
  return text === undefined ? undefined : [text, textOf(version)].join(' ').trim();
}

/** Where it was installed, whatever it has been copied to since: the manifest names every file. */
function originOf(path: Bytes, given: Bytes | undefined): { readonly origin?: Bytes } {
  if (given !== undefined) return { origin: given };
  const manifest = sideFile(join(path, b`.spack/install_manifest.json`));
  const names = Object.keys(object(manifest && parseJson(manifest))).filter((name) =>
    name.startsWith('/'),
  );
  const [shortest] = names.toSorted((one, other) => one.length - other.length);
  // the prefix itself is in it, or something right below
  const inside = names.every((name) => name === shortest || name.startsWith(`${shortest ?? ''}/`));
  return shortest === undefined || !inside ? {} : { origin: bytes(shortest) };
}
