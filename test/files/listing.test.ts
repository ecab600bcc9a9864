/** A directory read whole, compared with what Node's own calls say of each object in it. */
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../src/bytes/bytes.ts';
import { closeDir, openDir } from '../../src/files/dir.ts';
import { readListing, statIn } from '../../src/files/listing.ts';
import { openTree, placeBelow, ROOT_PLACE, type Place } from '../../src/files/tree.ts';
import { makeDirAt } from '../../src/files/names.ts';
import { runningFiles } from '../../src/files/running.ts';
import { statAt } from '../../src/files/stat.ts';
import { temporaryDirectory } from '../site.ts';

test('a listing says of every object what lstat says', () => {
  const path = temporaryDirectory();
  mkdirSync(join(path, 'd'));
  symlinkSync('somewhere', join(path, 'l'));
  for (let i = 0; i < 800; i++) writeFileSync(join(path, `file-${i}`), 'x'.repeat(i % 7));
  execFileSync('setfattr', ['-n', 'user.a', '-v', '1', join(path, 'file-7')]);
  const dir = openDir(bytes(path));
  const where = process.cwd();
  const listing = readListing(dir, { privileged: true, workingDirectory: openDir(b`.`) });
  // and once more by the same handle
  const again = readListing(dir, { privileged: true, workingDirectory: openDir(b`.`) });
  closeDir(dir);
  expect(process.cwd()).toBe(where);
  expect(again.names.length).toBe(802);
  expect(listing.failed.size).toBe(0);
  for (const [index, name] of listing.names.entries()) {
    const found = lstatSync(join(path, name), { bigint: true });
    const stat = statIn(listing, index);
    expect({
      ino: stat.inode,
      size: BigInt(stat.size),
      mode: BigInt(stat.mode),
      nlink: BigInt(stat.links),
      mtimeNs: BigInt(stat.mtime.seconds) * 1_000_000_000n + BigInt(stat.mtime.nanoseconds),
      blocks: BigInt(stat.blocks),
    }).toEqual({
      ino: found.ino,
      size: found.size,
      mode: found.mode & 0o7777n,
      nlink: found.nlink,
      mtimeNs: found.mtimeNs,
      blocks: found.blocks,
    });
    if (stat.type === 'l') {
      expect(listing.targets.get(index)).toBe(readlinkSync(join(path, name)));
    }
    expect(listing.attributes.has(index)).toBe(name === 'file-7');
  }
});

test('directories of any depth are reached by handles, and known again', () => {
  const path = temporaryDirectory();
  const root = openDir(bytes(path));
  const tree = openTree(root);
  const deepest: Place[] = [];
  let place: Place = ROOT_PLACE;
  for (let level = 0; level < 150; level++) {
    const dir = tree.open(place);
    const name = bytes('n'.repeat(100));
    makeDirAt(dir, name, 0o755);
    const found = statAt(dir, name);
    place = placeBelow(place, name, found);
    deepest.push(place);
  }
  expect(place.path.length).toBeGreaterThan(15_000);
  // more of them than are kept open, there and back
  for (const one of [...deepest, ...deepest.toReversed()]) {
    expect(statAt(tree.open(one), b`.`)?.inode).toBe(one.identity?.inode);
  }
  tree.closeBelow();
  closeDir(root);
  execFileSync('rm', ['-rf', join(path, 'n'.repeat(100))]);
});

test('a directory that has become another one is refused', () => {
  const path = temporaryDirectory();
  mkdirSync(join(path, 'd'));
  const root = openDir(bytes(path));
  const tree = openTree(root);
  const place = placeBelow(ROOT_PLACE, b`d`, statAt(root, b`d`));
  execFileSync('sh', ['-c', 'mv d old; mkdir d'], { cwd: path });
  expect(() => tree.open(place)).toThrow('another directory has been put in its place');
  execFileSync('sh', ['-c', 'rmdir d; ln -s old d'], { cwd: path });
  expect(() => tree.open(place)).toThrow(/not a directory|symbolic link/);
  execFileSync('sh', ['-c', 'rm d; mv old d'], { cwd: path });
  expect(tree.open(place).fd).toBeGreaterThan(2);
  tree.closeBelow();
  closeDir(root);
});

test('the program that runs this test is seen to run', () => {
  const path = bytes(process.execPath);
  const dir = openDir(bytes(join(path, '..')));
  const found = statAt(dir, bytes(path.slice(path.lastIndexOf('/') + 1)));
  closeDir(dir);
  expect(found).toBeDefined();
  const running = runningFiles();
  expect(found && running.has(found, '/no/such/path' as Bytes)).toBe(true);
  expect(running.has({ inode: 0n, device: 0n }, path)).toBe(true);
  expect(running.has({ inode: 0n, device: 0n }, '/no/such/path' as Bytes)).toBe(false);
});
