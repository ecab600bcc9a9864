/** Sources that are nowhere but in a test. */
import { bytes } from '../../src/bytes/bytes.ts';
import type { BuildRequest } from '../../src/make/build-system.ts';
import type { SourceTree } from '../../src/make/source-tree.ts';

/** A tree at `/src/foo-1.2` with these files. */
export function memoryTree(files: Readonly<Record<string, string>>): SourceTree {
  const contents = new Map(Object.entries(files).map(([name, text]) => [bytes(name), bytes(text)]));
  return {
    path: bytes('/src/foo-1.2'),
    has: (path) => contents.has(path),
    read: (path) => contents.get(path),
    files: () => [...contents.keys()],
  };
}

/** A request for a build of `files`, for this very machine. */
export function request(
  files: Readonly<Record<string, string>>,
  changes: Partial<BuildRequest> = {},
): BuildRequest {
  return {
    tree: memoryTree(files),
    build: bytes('/src/foo-1.2/.xh/linux-x86_64/build'),
    prefix: bytes('/software/foo'),
    stage: bytes('/stage'),
    toolchain: { architecture: bytes('linux-x86_64'), variables: {} },
    jobs: 4,
    extra: [],
    template: (): undefined => undefined,
    ...changes,
  };
}

/** The words of a command on one line. */
export function line({ argv }: { readonly argv: readonly string[] }): string {
  return argv.join(' ');
}
