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
import { compiledPath, loadAnew } from './compiled.ts';

/** A bundle that exports `dispatch`, and command lines that use what most others use, too. */
interface Part {
  readonly file: string;
  readonly lines: readonly (readonly string[])[];
}

type Dispatch = (argv: readonly string[]) => Promise<number>;

const PARTS: readonly Part[] = [
  {
    file: 'xh-commands.cjs',
    lines: [
      ['recover'],
      ['mkpkg', 'sample', '--maintainer', 'root'],
      ['install', 'sample'],
      ['make-links'],
      ['uninstall', 'sample'],
    ],
  },
  { file: 'xh-list.cjs', lines: [['list']] },
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
  for (const line of lines) await dispatch(['--root', root, '--quiet', ...line]);
  const dir = openDir(bytes(import.meta.dirname));
  try {
    writeFileDurably(dir, bytes(basename(compiledPath(path))), part.compiledForm(), 0o644);
  } finally {
    closeDir(dir);
  }
}
