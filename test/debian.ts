/**
 * Real Debian packages for the tests, fetched once with apt and kept below the system's temporary
 * directory. They are only unpacked and read, never installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CACHE = join(tmpdir(), 'xhier-debs');

/** Paths of the `.deb` files of `names`, in that order. @throws Error when apt cannot get one */
export function debianPackages(names: readonly string[]): string[] {
  mkdirSync(CACHE, { recursive: true });
  const missing = names.filter((name) => cached(name) === undefined);
  if (missing.length > 0) download(missing);
  return names.map((name) => {
    const path = cached(name);
    if (path === undefined) throw new Error(`apt-get download has left no file for ${name}`);
    return path;
  });
}

function cached(name: string): string | undefined {
  const file = readdirSync(CACHE).find(
    (each) => each.startsWith(`${name}_`) && each.endsWith('.deb'),
  );
  return file === undefined ? undefined : join(CACHE, file);
}

/** Into a directory of its own first: other suites may be looking for the same files. */
function download(names: readonly string[]): void {
  const directory = mkdtempSync(join(CACHE, 'fetch-'));
  try {
    const { status, stderr, error } = spawnSync('apt-get', ['download', ...names], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 100_000,
    });
    if (status !== 0) {
      throw new Error(
        `these tests need Debian packages (${names.join(', ')}), and apt-get download failed: ` +
          `${error?.message ?? stderr.trim()}; they need Debian's apt and a network ` +
          `(apt-get update), or the .deb files in ${CACHE}`,
      );
    }
    for (const file of readdirSync(directory)) renameSync(join(directory, file), join(CACHE, file));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
