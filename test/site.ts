/** Sites for tests: a fresh root in a temporary directory, removed afterwards. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { bytes } from '../src/bytes/bytes.ts';
import type { Site } from '../src/site/site.ts';

/** An empty directory of this test's own, real path. */
export function temporaryDirectory(name = 'xhier'): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), `${name}-test-`)));
  onTestFinished(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}

/** A site root with an empty `/etc`. */
export function freshSite(): Site & { readonly path: string } {
  const path = temporaryDirectory('site');
  mkdirSync(join(path, 'etc'));
  return { root: bytes(path), path };
}

/** A directory that lasts as long as the group of tests that asks for it. */
export function siteThatStays(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'site-test-')));
  afterAll(() => {
    rmSync(path, { recursive: true, force: true });
  });
  return path;
}
