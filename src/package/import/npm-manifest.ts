/** `package.json`, as far as a package needs it: names and paths made sure of, all else as text. */
import { b, bytes, type Bytes } from '../../bytes/bytes.ts';
import { basename, components, normalize } from '../../bytes/path.ts';
import { packageNameProblem } from '../name.ts';
import { list, object, parseJson, textOf, type Json } from './side-file.ts';

export interface NpmManifest {
  /** As npm has it: `@scope/name`. */
  readonly npmName: string;
  /** As a package may be called: `scope-name`. */
  readonly name: Bytes;
  readonly version: Bytes;
  readonly summary?: Bytes;
  readonly homepage?: Bytes;
  readonly licence?: Bytes;
  /** `Name <address>` */
  readonly author?: Bytes;
  /** What it wants of Node.js, as a range. */
  readonly node?: Bytes;
  /** Command and file, relative to the module. */
  readonly commands: readonly (readonly [name: Bytes, path: Bytes])[];
  /** Manual pages, relative to the module. */
  readonly pages: readonly Bytes[];
  /** Modules that it cannot do without, by their names in npm. */
  readonly dependencies: readonly string[];
  /** Scripts that npm would have run, unless it is told not to. */
  readonly scripts: readonly (readonly [name: string, command: string])[];
}

/** What a `package.json` says, or why it is none of an installed module. */
export function readManifest(content: Bytes): NpmManifest | { readonly fault: string } {
  const json = parseJson(content);
  const manifest = object(json);
  if (json === undefined) return { fault: 'package.json is no JSON' };
  const npmName = textOf(manifest['name']);
  const version = textOf(manifest['version']);
  if (npmName === undefined || version === undefined) {
    return { fault: 'package.json has no name and version' };
  }
  const name = bytes(npmName.replace(/^@/, '').replaceAll('/', '-'));
  const problem = packageNameProblem(name);
  if (problem !== undefined)
    return { fault: `its name, '${npmName}', cannot be a package's: ${problem}` };
  const summary = optional('summary', textOf(manifest['description']));
  const homepage = optional('homepage', homepageOf(manifest));
  const given = manifest['license'];
  const licence = optional('licence', textOf(given) ?? textOf(object(given)['type']));
  const author = optional('author', personOf(manifest['author']));
  const node = optional('node', textOf(object(manifest['engines'])['node']));
  const scripts = object(manifest['scripts']);
  return {
    npmName,
    name,
    version: bytes(version),
    ...summary,
    ...homepage,
    ...licence,
    ...author,
    ...node,
    commands: commandsOf(manifest['bin'], npmName),
    pages: pagesOf(manifest['man']),
    dependencies: Object.keys(object(manifest['dependencies'])).filter(
      (each) => object(manifest['optionalDependencies'])[each] === undefined,
    ),
    scripts: ['preinstall', 'install', 'postinstall'].flatMap((script) => {
      const command = textOf(scripts[script]);
      return command === undefined ? [] : [[script, command] as const];
    }),
  };
}

function optional<Key extends string>(
  key: Key,
  text: string | undefined,
): { readonly [K in Key]?: Bytes } {
  return text === undefined ? {} : ({ [key]: bytes(text) } as { [K in Key]: Bytes });
}

/** One that can be followed: `git+https://…` as `https://…`. */
function homepageOf(manifest: ReturnType<typeof object>): string | undefined {
  const repository =
    textOf(manifest['repository']) ?? textOf(object(manifest['repository'])['url']);
  return [textOf(manifest['homepage']), repository]
    .map((text) => text?.replace(/^git\+/, '').replace(/\.git$/, ''))
    .find((text) => text !== undefined && /^https?:\/\/\S+$/.test(text));
}

/** `"Jane <jane@example.org> (https://…)"`, or an object of the three. */
function personOf(value: Json | undefined): string | undefined {
  const { name, email } = object(value);
  const text =
    textOf(value) ?? [textOf(name), textOf(email) && `<${textOf(email) ?? ''}>`].join(' ');
  const plain = text.replace(/\([^()]*\)/, '').trim();
  return plain === '' ? undefined : plain;
}

/** `"cli.js"` for a command of the module's own name, or a map of them. */
function commandsOf(bin: Json | undefined, npmName: string): (readonly [Bytes, Bytes])[] {
  const one = textOf(bin);
  const own = npmName.slice(npmName.lastIndexOf('/') + 1);
  const entries = one === undefined ? Object.entries(object(bin)) : [[own, one] as const];
  return entries.flatMap(([name, path]) => {
    const command = basename(bytes(name));
    const file = inside(path);
    if (file === undefined || command === '' || /^\.{1,2}$|\0/.test(command)) return [];
    return [[command, file] as const];
  });
}

function pagesOf(man: Json | undefined): Bytes[] {
  const given = typeof man === 'string' ? [man] : list(man);
  return given
    .flatMap((path) => inside(path) ?? [])
    .filter((path) => /\.[0-9][^./]*(?:\.gz)?$/.test(path));
}

/** A path below the module; what leads out of it is none. */
function inside(path: Json | undefined): Bytes | undefined {
  const text = textOf(path);
  if (text === undefined || text.includes('\0')) return undefined;
  const parts = components(normalize(b`/${bytes(text)}`));
  return parts.length === 0 ? undefined : (parts.join('/') as Bytes);
}
