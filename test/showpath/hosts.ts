/** Sites in temporary directories: a path table, farms, packages. */
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll } from 'vitest';
import { b, bytes, concat, toBuffer, type Bytes } from '../../src/bytes/bytes.ts';
import { dirname, join } from '../../src/bytes/path.ts';
import type { PathDirectory } from '../../src/showpath/classes.ts';
import {
  renderPathTable,
  standardPathTable,
  type PathElement,
} from '../../src/showpath/pathTable.ts';
import { adminPath, type Site } from '../../src/site/site.ts';

const made: string[] = [];
afterAll(() => {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
});

/** An empty directory of this test file, gone when it is done. */
export function scratch(): Bytes {
  const directory = realpathSync(mkdtempSync(`${tmpdir()}/showpath-`));
  made.push(directory);
  return bytes(directory);
}

export function makeDirectory(path: Bytes): Bytes {
  mkdirSync(toBuffer(path), { recursive: true });
  return path;
}

export function makeFile(path: Bytes, content: Bytes = b``, mode = 0o644): Bytes {
  makeDirectory(dirname(path));
  writeFileSync(toBuffer(path), toBuffer(content));
  chmodSync(toBuffer(path), mode);
  return path;
}

export function makeCommand(path: Bytes): Bytes {
  return makeFile(path, b`#!/bin/sh\n`, 0o755);
}

export interface Host extends Site {
  /** Stands for the vendor's `/usr/bin` and so on. */
  readonly vendor: (name: string) => Bytes;
}

/** A site with the farms, two vendor directories a class, packages `gcc` and `gcc-9`, and its table. */
export function makeHost(siteElements: readonly PathElement[] = [], root: Bytes = scratch()): Host {
  const site = { root };
  const vendor = (name: string) => join(root, b`vendor/${bytes(name)}`);
  for (const name of ['bins/bin', 'bins/maintenance', 'bins/servers', 'man', 'pkgconfig']) {
    makeDirectory(adminPath(site, bytes(name)));
  }
  for (const name of ['usr/bin', 'bin', 'sbin', 'man']) makeDirectory(vendor(name));
  for (const name of ['gcc/bin', 'gcc/man', 'gcc/maintenance', 'gcc-9/bin', '.admin/man']) {
    makeDirectory(join(root, b`software/${bytes(name)}`));
  }
  writeTable(site, vendorOf(vendor), siteElements);
  return { root, vendor };
}

export function writeTable(
  site: Site,
  vendor: readonly PathDirectory[],
  siteElements: readonly PathElement[] = [],
): Bytes {
  const text = renderPathTable(standardPathTable(site, vendor, siteElements));
  makeFile(tablePath(site), text);
  return text;
}

export function tablePath(site: Site): Bytes {
  return adminPath(site, b`path-table`);
}

function vendorOf(vendor: (name: string) => Bytes): readonly PathDirectory[] {
  return [
    { class: 'bin', usedBy: 'maintainer', directory: vendor('sbin') },
    { class: 'bin', usedBy: 'user', directory: vendor('usr/bin') },
    { class: 'bin', usedBy: 'user', directory: vendor('bin') },
    { class: 'bin', usedBy: 'user', directory: vendor('games') },
    { class: 'man', usedBy: 'user', directory: vendor('man') },
  ];
}

/** One line of output: the directories joined. */
export function line(...directories: readonly Bytes[]): Bytes {
  return concat(directories.join(':') as Bytes, b`\n`);
}
