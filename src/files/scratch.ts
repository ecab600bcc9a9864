/**
 * Files for another program to look at, in a directory that nobody else can open and that is gone
 * afterwards.
 */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toBuffer, type Bytes } from '../bytes/bytes.ts';
import { about } from './error.ts';

export interface ScratchFile {
  /** One component. */
  readonly name: Bytes;
  readonly content: Bytes;
  readonly mode: number;
}

/**
 * Calls `work` with the path of a directory that holds `files` until it is done, or what it promises.
 * @throws FileError when they cannot be written
 */
export function withScratch<T>(files: readonly ScratchFile[], work: (directory: string) => T): T {
  const directory = about(tmpdir() as Bytes, () => mkdtempSync(join(tmpdir(), 'xhier-')));
  const remove = (): void => {
    rmSync(directory, { recursive: true, force: true });
  };
  let lasting = false;
  try {
    for (const { name, content, mode } of files) {
      const path = Buffer.concat([Buffer.from(`${directory}/`), toBuffer(name)]);
      about(name, () => {
        writeFileSync(path, toBuffer(content), { mode: 0o600, flag: 'wx' });
        chmodSync(path, mode);
      });
    }
    const result = work(directory);
    lasting = result instanceof Promise;
    return result instanceof Promise ? (result.finally(remove) as T) : result;
  } finally {
    if (!lasting) remove();
  }
}

/**
 * Calls `work` with an empty directory for programs that make files themselves, of nobody else's; it
 * is gone when `work` is done.
 */
export async function withScratchDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = about(tmpdir() as Bytes, () => mkdtempSync(join(tmpdir(), 'xhier-')));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
