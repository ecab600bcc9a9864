import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { b, bytes } from '../../../src/bytes/bytes.ts';
import { planImport } from '../../../src/package/import/import.ts';
import { openSoftware } from '../../../src/package/import/sources.ts';
import { temporaryDirectory } from '../../site.ts';
import { failure, findingsOf, listing, refusals, sampleFile } from './sample.ts';
import { file, program, tarOf } from './tar-writer.ts';

/** A prefix `hello-2.12` with these files. */
function prefixOf(files: Readonly<Record<string, string>>): string {
  const top = join(temporaryDirectory('prefix'), 'hello-2.12');
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(top, path)), { recursive: true });
    writeFileSync(join(top, path), content);
  }
  return top;
}

describe('an installed prefix', () => {
  it('becomes a package, its own absolute links included', async () => {
    const top = prefixOf({
      'bin/hello': '#!/bin/sh\n',
      'share/hello/text': 'hi',
      'lib64/h.so': '',
    });
    chmodSync(join(top, 'bin/hello'), 0o755);
    linkSync(join(top, 'bin/hello'), join(top, 'bin/hi'));
    symlinkSync(join(top, 'share/hello/text'), join(top, 'bin/text'));
    symlinkSync('/etc/hello.conf', join(top, 'share/hello/conf'));
    writeFileSync(join(top, 'share/hello/script'), `cat ${top}/share/hello/text ${top}\n`);
    execFileSync('touch', ['-d', '@-1.5', join(top, 'share/hello/text')]);
    const plan = await planImport(bytes(top));
    expect([plan.name, plan.version]).toEqual(['hello', '2.12']);
    expect(listing(plan)).toEqual([
      'bin/hello',
      'bin/hi = bin/hello',
      'bin/text -> ../share/hello/text',
      'lib/h.so',
      'share/hello/conf -> /etc/hello.conf',
      'share/hello/script',
      'share/hello/text',
    ]);
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE').map((text) => text.replaceAll(top, 'TOP'))).toEqual(
      [
        'share/hello/script: names TOP/share/hello/text in line 1; now /software/hello/share/hello/text',
        'share/hello/script: names TOP in line 1; now /software/hello',
      ],
    );
    const text = plan.objects.find(({ path }) => path === 'share/hello/text');
    expect(text?.mtime).toEqual({ seconds: -2, nanoseconds: 500_000_000 });
  });

  it('may have a hash of others in its name', async () => {
    const hash = 'abcdefghijklmnopqrstuvwxyz234567';
    for (const name of [`hello-2.12-${hash}`, `0a1b2c3d4f5g6h7i8j9k0l1m2n3p4q5r-hello-2.12`]) {
      const top = join(temporaryDirectory('prefix'), name);
      mkdirSync(join(top, 'bin'), { recursive: true });
      const { name: own, version } = await openSoftware(bytes(top));
      expect([own, version]).toEqual(['hello', '2.12']);
    }
  });

  it('that was made with DESTDIR is a root', async () => {
    const top = prefixOf({ 'usr/local/bin/hello': 'x', 'usr/local/share/hello/a': 'y' });
    writeFileSync(join(top, 'usr/local/bin/names'), '/usr/local/share/hello/a');
    const plan = await planImport(bytes(top));
    expect(listing(plan)).toEqual(['bin/hello', 'bin/names', 'share/hello/a']);
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE')).toHaveLength(1);
  });

  it('may have been built for another place', async () => {
    const top = prefixOf({ 'bin/hello': '#!/opt/h/bin/hello\n' });
    chmodSync(join(top, 'bin/hello'), 0o755);
    const plan = await planImport(bytes(top), { origin: b`/opt/h` });
    expect(findingsOf(plan, 'IMPORT_SHEBANG')).toHaveLength(1);
  });

  it('keeps names that are no text, and contents', async () => {
    const top = prefixOf({ 'bin/hello': 'x' });
    const name = Buffer.concat([Buffer.from(`${top}/bin/`), Buffer.from('caf\xe9', 'latin1')]);
    writeFileSync(name, 'content');
    const software = await openSoftware(bytes(top));
    const entry = software.entries.find(({ path }) => path === 'bin/caf\xe9');
    expect(entry?.type === 'file' && software.read(entry)?.toString()).toBe('content');
  });

  it('has its links followed by nobody while it is read', async () => {
    const top = prefixOf({ 'bin/hello': 'x' });
    symlinkSync('/', join(top, 'root'));
    const plan = await planImport(bytes(top));
    expect(listing(plan)).toEqual(['bin/hello', 'root -> /']);
  });

  it('that leads above itself is refused', async () => {
    const top = prefixOf({ 'bin/hello': 'x' });
    symlinkSync('../../../etc', join(top, 'bin/up'));
    expect(await refusals(planImport(bytes(top)))).toEqual(['E_IMPORT_LINK_ESCAPES bin/up']);
  });

  it('that changes while it is read is an error', async () => {
    const top = prefixOf({ 'bin/hello': 'x', 'bin/other': 'y' });
    const software = await openSoftware(bytes(top));
    writeFileSync(join(top, 'bin/other'), 'longer');
    const entry = software.entries.find(({ path }) => path === 'bin/other');
    const reading = Promise.resolve().then(() => entry?.type === 'file' && software.read(entry));
    expect((await failure(reading)).code).toBe('E_IMPORT_CHANGED');
  });

  it('stops at the limits', async () => {
    const top = prefixOf({ a: 'x'.repeat(100), c: 'y' });
    const options = { limits: { maxEntries: 2 } };
    expect((await failure(planImport(bytes(top), options))).code).toBe('E_IMPORT_LIMIT');
    const few = { limits: { maxBytes: 100 } };
    expect((await failure(planImport(bytes(top), few))).code).toBe('E_IMPORT_LIMIT');
  });

  it('leaves pipes out', async () => {
    const top = prefixOf({ 'bin/hello': 'x' });
    execFileSync('mkfifo', [join(top, 'bin/pipe')]);
    const plan = await planImport(bytes(top));
    expect(findingsOf(plan, 'IMPORT_PIPE')).toHaveLength(1);
  });
});

describe('a source', () => {
  it('is known by what it is, not by its name', async () => {
    const tar = tarOf([program('bin/x')]);
    expect((await openSoftware(sampleFile(tar, 'x.deb'))).source).toBe('tarball');
    expect((await openSoftware(bytes(prefixOf({ x: '' })))).source).toBe('prefix');
  });

  it('that is a pipe, a device or nothing known is refused at once', async () => {
    const pipe = join(temporaryDirectory('pipe'), 'x.tar');
    execFileSync('mkfifo', [pipe]);
    for (const path of [pipe, '/dev/null', '/dev/zero']) {
      expect((await failure(openSoftware(bytes(path)))).code).toBe('E_IMPORT_SOURCE');
    }
  });

  it('whose entries are a root or a prefix is told apart', async () => {
    const root = await openSoftware(sampleFile(tarOf([file('./'), program('./usr/bin/x')])));
    const top = await openSoftware(sampleFile(tarOf([program('foo/bin/x'), file('foo/usr/y')])));
    const bare = await openSoftware(sampleFile(tarOf([program('bin/x')])));
    expect([root, top, bare].map(({ base, origin }) => `${base} ${origin ?? 'unknown'}`)).toEqual([
      ' /',
      'foo /',
      ' unknown',
    ]);
  });
});
