/** A depot to publish on a network of hosts: packages with trees for all and for an architecture, some for some hosts alone. */
import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { randomFillSync } from 'node:crypto';
import { expect } from 'vitest';
import type { NetworkHost } from './hosts.ts';

/** Whom a host of this site believes. */
export interface Depot {
  readonly publisher: NetworkHost;
  /** The store's directory. */
  readonly store: string;
  /** The line `site-keys = …` of each host's configuration. */
  readonly siteKeys: string;
}

/** A site root with the links that every site has. */
export function makeSiteRoot({ root }: NetworkHost): void {
  mkdirSync(join(root, '.software/share'), { recursive: true });
  mkdirSync(join(root, '.software/arch'), { recursive: true });
  if (!existsSync(join(root, 'software'))) symlinkSync('.software/share', join(root, 'software'));
}

/**
 * Makes the depot and its keys: `tools` with a large file, small ones, and programs of the publisher's
 * architecture; `lab`, which is for hosts called `lower*`.
 */
export async function makeDepot(publisher: NetworkHost, store: string): Promise<Depot> {
  makeSiteRoot(publisher);
  mkdirSync(store, { recursive: true });
  publisher.configure(`publish.store = "${store}"\n`);
  writeTools(publisher, '1');
  writeProgram(publisher, 'tools 1');
  writeLab(publisher);
  await publisher.xhDone('key', 'make', 'site', 'publisher');
  await publisher.xhDone('key', 'trust');
  await publisher.xhDone('key', 'delegate', 'publisher', '--packages', '*');
  const key = readFileSync(join(publisher.root, 'etc/xhier/keys/site.pub'), 'utf8').trim();
  return { publisher, store, siteKeys: `site-keys = ["${key}"]\n` };
}

/** What all hosts share of `tools`. */
export function writeTools({ root }: NetworkHost, version: string): void {
  const top = join(root, '.software/share/tools');
  for (const name of ['.admin', 'data', 'man/man1'])
    mkdirSync(join(top, name), { recursive: true });
  writeFileSync(join(top, '.admin/Maintainer'), 'root\n');
  writeFileSync(join(top, '.admin/Options'), `version = ${version}\nsummary = tools of a test\n`);
  writeFileSync(
    join(top, 'man/man1/tool.1'),
    `.TH TOOL 1\n.SH NAME\ntool \\- version ${version}\n`,
  );
  for (let i = 0; i < FILES; i++) writeFileSync(join(top, 'data', `file${i}`), `${version} ${i}\n`);
  writeFileSync(join(top, 'data/large'), randomFillSync(Buffer.alloc(400_000)));
  writeFileSync(join(top, 'data/same'), 'in every version\n'.repeat(5000));
  rmSync(join(top, 'bin'), { force: true });
  symlinkSync('../../arch/tools/bin', join(top, 'bin'));
}

/** A package for some hosts alone. */
export function writeLab({ root }: NetworkHost, targets = 'host:lower*'): void {
  const lab = join(root, '.software/share/lab');
  mkdirSync(join(lab, '.admin'), { recursive: true });
  writeFileSync(join(lab, '.admin/Maintainer'), 'root\n');
  writeFileSync(join(lab, '.admin/Targets'), `${targets}\n`);
  writeFileSync(join(lab, 'notes'), 'for the lab\n');
}

/** What hosts of one architecture share of it. */
export function writeProgram({ root }: NetworkHost, says: string): void {
  const bin = join(root, '.software/arch/tools/bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, 'tool'), `#!/bin/sh\necho ${says}\n`, { mode: 0o755 });
}

/** The depot of a publisher for another architecture: what is shared is the same, the key too. */
export function makeSecondPublisher({ publisher, store }: Depot, second: NetworkHost): void {
  makeSiteRoot(second);
  second.configure(`publish.store = "${store}"\n`);
  for (const name of ['.software/share/tools', '.software/share/lab', 'etc/xhier']) {
    cpSync(join(publisher.root, name), join(second.root, name), {
      recursive: true,
      preserveTimestamps: true,
      verbatimSymlinks: true,
    });
  }
}

/** A package's tree, as rsync sees what is different between two hosts; '' when nothing is. */
export function differences(one: NetworkHost, other: NetworkHost, tree: string): string {
  const words = ['-aHXAcn', '--delete', '--itemize-changes'];
  return execFileSync(
    'rsync',
    [...words, `${join(one.root, tree)}/`, `${join(other.root, tree)}/`],
    { encoding: 'utf8' },
  );
}

/** That all files of `tools` are of the version that its program says. */
export function expectWhole({ root }: NetworkHost, said: string): void {
  const [, version = ''] = /^tools ([12])/.exec(said) ?? [];
  const files = Array.from({ length: FILES }, (_, i) => i);
  const data = join(root, 'software/tools/data');
  expect(files.map((i) => readFileSync(join(data, `file${i}`), 'utf8'))).toEqual(
    files.map((i) => `${version} ${i}\n`),
  );
}

const FILES = 50;
