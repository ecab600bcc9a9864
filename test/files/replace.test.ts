/** A file is what it was until the new one is whole, whoever is killed, and whoever else writes it. */
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { closeDir, openDir, type Dir } from '../../src/files/dir.ts';
import { replaceFileAt } from '../../src/files/replace.ts';

const OLD = Buffer.from('old');
const NEW = Buffer.from('new');

function freshDirectory(): { readonly path: string; readonly dir: Dir } {
  const path = mkdtempSync(join(tmpdir(), 'replace-'));
  const dir = openDir(bytes(path));
  onTestFinished(() => {
    closeDir(dir);
    rmSync(path, { recursive: true });
  });
  return { path, dir };
}

test('it is the old one until it is committed, and nothing is left beside it', () => {
  const { path, dir } = freshDirectory();
  const file = join(path, 'file');
  writeFileSync(file, OLD, { mode: 0o640 });
  const replacement = replaceFileAt(dir, b`file`, 0o600);
  replacement.write(NEW);
  expect(readFileSync(file)).toEqual(OLD);
  replacement.commit();
  replacement.abandon();
  expect(readFileSync(file)).toEqual(NEW);
  expect(statSync(file).mode & 0o777).toBe(0o640);
  expect(readdirSync(path)).toEqual(['file']);
});

test('one that is abandoned was never there', () => {
  const { path, dir } = freshDirectory();
  const replacement = replaceFileAt(dir, b`file`, 0o600);
  replacement.write(NEW);
  replacement.abandon();
  expect(readdirSync(path)).toEqual([]);
});

test('two cannot be written at a time', () => {
  const { path, dir } = freshDirectory();
  const first = replaceFileAt(dir, b`file`, 0o600);
  expect(() => replaceFileAt(dir, b`file`, 0o600)).toThrow('another process is writing');
  first.write(NEW);
  first.commit();
  expect(readFileSync(join(path, 'file'))).toEqual(NEW);
});

test('what a killed process has left of it is removed', () => {
  const { path, dir } = freshDirectory();
  const killed = replaceFileAt(dir, b`file`, 0o600);
  const [left = ''] = readdirSync(path);
  killed.abandon();
  writeFileSync(join(path, left), OLD);
  const replacement = replaceFileAt(dir, b`file`, 0o600);
  replacement.write(NEW);
  replacement.commit();
  expect(readdirSync(path)).toEqual(['file']);
  expect(readFileSync(join(path, 'file'))).toEqual(NEW);
});
