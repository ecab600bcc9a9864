#!/usr/bin/env node
/**
 * Makes the compiled forms that `compiled.ts` loads: runs each part of the programs on a small site of
 * its own, so that V8 has compiled what a command needs, and writes down what it has. Run at build and
 * at installation; where the directory cannot be written, programs start without, a little later.
 */
import { basename, join } from 'node:path';
import { bytes } from '../bytes/bytes.ts';
import { closeDir, openDir } from '../files/dir.ts';
import { writeFileDurably } from '../files/content.ts';
import { withScratch } from '../files/scratch.ts';
import type { Dispatch } from './start.ts';
import { compiledPath, loadAnew } from './compiled.ts';

/** A bundle that exports `dispatch`, and command lines that use what most others use, too. */
interface Part {
  readonly file: string;
  /** One after the other in an empty directory, which is ROOT. */
  readonly lines: readonly string[];
}

const PARTS: readonly Part[] = [
  {
    file: 'xh-commands.cjs',
    lines: [
      'recover --root ROOT --quiet',
      'mkpkg sample --maintainer root --root ROOT --quiet',
      'install sample --root ROOT --quiet',
      'make-links --root ROOT --quiet',
      'uninstall sample --root ROOT --quiet',
    ],
  },
  {
    file: 'xh-hosts.cjs',
    lines: ['freeze --root ROOT --quiet', 'maintenance logs --now --root ROOT --quiet'],
  },
  { file: 'xh-list.cjs', lines: ['list --root ROOT'] },
  // one run that copies, and one that finds nothing to do
  {
    file: 'lfu-commands.cjs',
    lines: ['ROOT/.software ROOT/copy', 'ROOT/.software ROOT/copy'],
  },
  { file: 'lfck-commands.cjs', lines: ['--quiet --root ROOT ROOT/copy'] },
];

withScratch([], async (root) => {
  for (const part of PARTS) await compile(part, root);
}).catch((error: unknown) => {
  const why = error instanceof Error ? error.message : String(error);
  process.stderr.write(`programs will start without compiled forms: ${why}\n`);
  process.exitCode = 1;
});

async function compile({ file, lines }: Part, root: string): Promise<void> {
  const path = join(import.meta.dirname, file);
  const part = loadAnew(path);
  const { dispatch } = part.exports as { readonly dispatch: Dispatch };
  for (const line of lines) {
    await dispatch(line.split(' ').map((word) => word.replace('ROOT', root)));
  }
  const dir = openDir(bytes(import.meta.dirname));
  try {
    writeFileDurably(dir, bytes(basename(compiledPath(path))), part.compiledForm(), 0o644);
  } finally {
    closeDir(dir);
  }
}
