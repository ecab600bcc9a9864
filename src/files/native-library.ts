/**
 * The native library, `native/*.c` in one shared object: built at install where there is a compiler,
 * and never more than an accelerator.
 */
import { toText, type Bytes } from '../bytes/bytes.ts';
import { loadLibrary, type LibraryFunction } from './kernel.ts';
import { shippedPath } from './shipped.ts';

/**
 * A part of the library: its functions by their prototypes, bound at the first call of what is
 * returned. That answers undefined where there is no library, or `XHIER_NATIVE` is `no`, or the
 * library is of another version than `version` says.
 */
export function nativeLibrary<Name extends string>(
  versionOf: string,
  version: number,
  prototypes: Readonly<Record<Name, string>>,
): () => Readonly<Record<Name, LibraryFunction>> | undefined {
  let loaded: Readonly<Record<Name, LibraryFunction>> | false | undefined;
  return () => {
    if (process.env['XHIER_NATIVE'] === 'no') return undefined;
    loaded ??= load(versionOf, version, prototypes) ?? false;
    return loaded === false ? undefined : loaded;
  };
}

function load<Name extends string>(
  versionOf: string,
  version: number,
  prototypes: Readonly<Record<Name, string>>,
): Readonly<Record<Name, LibraryFunction>> | undefined {
  const path = shippedPath('native/pair-scan.so');
  if (path === undefined) return undefined;
  try {
    const functions = loadLibrary(toText(path as Bytes));
    if (functions(`int ${versionOf}()`)() !== version) return undefined;
    const bound = Object.entries<string>(prototypes).map(
      ([name, prototype]) => [name, functions(prototype)] as const,
    );
    return Object.fromEntries(bound) as Record<Name, LibraryFunction>;
  } catch {
    // built for another machine, or from older sources
    return undefined;
  }
}
