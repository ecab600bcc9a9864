import { describe, expect, it } from 'vitest';
import { bytes } from '../../src/bytes/bytes.ts';
import type { FragmentFile, FragmentOwner } from '../../src/export/fragment.ts';
import { kindNamed, KINDS } from '../../src/export/kinds.ts';
import { overlayHost } from '../../src/export/overlay.ts';
import { checkFragments, planFragments, removeFragments } from '../../src/export/planFragments.ts';
import {
  codes,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  program,
  systemFile,
  type MemoryHost,
  diagnosed,
} from './memory-host.ts';

const FOO = owner('foo', { account: 'games' });
const EXPORT: readonly FragmentFile[] = [
  fragment('crontab', '@daily /software/foo/servers/tidy\n'),
  fragment('inetd.conf', 'xh-news stream tcp nowait games /software/foo/servers/newsd\n'),
  fragment('profile.d/foo.sh', 'FOO=1\n'),
  fragment('replace/usr/bin/vi', '#!/bin/sh\n'),
  fragment('services', 'xh-news 5999/tcp\n'),
];

function stockHost(): MemoryHost {
  return memoryHost(
    {
      '/etc/services': systemFile('/etc/services', 'netbase'),
      '/etc/inetd.conf': systemFile('/etc/inetd.conf', 'openbsd-inetd'),
      '/usr/bin/vi': program(),
      '/software/foo/servers/newsd': program(),
    },
    ['root', 'games'],
  );
}

function errorsOf(
  exportFiles: readonly FragmentFile[],
  who: FragmentOwner = FOO,
): readonly string[] {
  return diagnosed(() => planFragments({ owner: who, exportFiles, before: [], host: stockHost() }));
}

describe('the plan for all fragments of a package', () => {
  it('changes everything in one go, nothing the second time, and takes all back', () => {
    const host = stockHost();
    const start = new Map(host.objects);
    const input = { owner: FOO, exportFiles: EXPORT, host };
    const plan = planFragments({ ...input, before: [] });
    expect(codes(plan)).toEqual([]);
    // the service of inetd.conf is the one that export/services brings: no warning
    expect(plan.warnings).toEqual([]);
    expect(plan.edits.map(({ path }) => path)).toEqual([
      '/etc/services',
      '/usr/bin/vi',
      '/etc/inetd.conf',
      '/var/spool/cron/crontabs/games',
      '/etc/profile.d/foo.sh',
    ]);
    host.apply(plan.edits);
    const before = fromReceipt(plan.merged);
    expect(planFragments({ ...input, before })).toMatchObject({
      edits: [],
      merged: before,
      notes: [],
    });
    const removal = removeFragments({ owner: FOO, before, host });
    expect(removal.edits.map(({ path }) => path)).toEqual(
      plan.edits.map(({ path }) => path).toReversed(),
    );
    host.apply(removal.edits);
    expect(host.objects).toEqual(start);
  });

  it('has every conflict of every kind, and no edit', () => {
    const host = stockHost();
    host.put('/etc/profile.d/foo.sh', 'other\n');
    host.objects.set('/usr/bin/vi', { type: 'directory' });
    const exportFiles = [...EXPORT, fragment('services', 'myssh 22/tcp\nssh 23/tcp\n')].filter(
      (file, index) => file.name !== 'services' || index === EXPORT.length,
    );
    const plan = planFragments({ owner: FOO, exportFiles, before: [], host });
    expect(codes(plan)).toEqual([
      'E_SERVICES_PORT',
      'E_SERVICES_NAME',
      'E_SERVICES_PORT',
      'E_REPLACE_TYPE',
      'E_DROPIN_TAKEN',
    ]);
    expect(plan).toMatchObject({ edits: [], merged: [] });
    for (const { message, remedy } of plan.conflicts) {
      expect(message).not.toBe('');
      expect(remedy).not.toBe('');
    }
  });

  it('takes out what the package no longer exports', () => {
    const host = stockHost();
    const start = new Map(host.objects);
    const plan = planFragments({ owner: FOO, exportFiles: EXPORT, before: [], host });
    host.apply(plan.edits);
    const before = fromReceipt(plan.merged);
    const later = planFragments({ owner: FOO, exportFiles: [], before, host });
    host.apply(later.edits);
    expect(later.merged).toEqual([]);
    expect(host.objects).toEqual(start);
  });

  it('shows a second package of the transaction what the first one does', () => {
    const host = overlayHost(stockHost());
    const services = [fragment('services', 'xh-news 5999/tcp\n')];
    const first = planFragments({ owner: FOO, exportFiles: services, before: [], host });
    host.apply(first.edits);
    const clash = [fragment('services', 'xh-other 5999/tcp\n')];
    const second = planFragments({ owner: owner('bar'), exportFiles: clash, before: [], host });
    expect(codes(second)).toEqual(['E_SERVICES_PORT']);
    expect(second.conflicts[0]?.message).toContain('of package foo');
  });
});

describe("mistakes in a package's export/", () => {
  it('are named together, an unknown kind with the nearest known one', () => {
    expect(
      errorsOf([
        fragment('servces', ''),
        fragment('services', 'foo\n'),
        fragment('crontab', '@dayly x\n'),
        fragment('profile.d', 'x'),
        fragment('services/x', 'x'),
      ]),
    ).toEqual([
      "/software/foo/export/servces:1:1: error: there is no kind of fragment 'servces'\n  1 | servces\n    | ^~~~~~~ did you mean 'services'?",
      '/software/foo/export/profile.d:1:1: error: export/profile.d has to be a directory, not a file\n  1 | profile.d\n    | ^~~~~~~~~ put it at export/profile.d/NAME',
      '/software/foo/export/services/x:1:1: error: export/services has to be a file, not a directory\n  1 | services/x\n    | ^~~~~~~~ write the entries into one file export/services',
      '/software/foo/export/services:1:1: error: no port\n  1 | foo\n    | ^~~ NAME PORT/PROTOCOL [ALIAS…]',
      "/software/foo/export/crontab:1:1: error: cron knows no '@dayly'\n  1 | @dayly x\n    | ^~~~~~ did you mean '@daily'?",
    ]);
  });

  it('count among them a link to no file; one to a file stands for it', () => {
    expect(errorsOf([fragment('services', '', { link: '../data/services' })])).toEqual([
      '/software/foo/export/services:1:1: error: export/services is a link to no file\n  1 | ../data/services\n    | ^~~~~~~~~~~~~~~~ correct the link, or put the file itself there',
    ]);
    const host = stockHost();
    host.objects.set('/software/foo/export/services', { type: 'link', target: bytes('../data/s') });
    host.put('/software/foo/data/s', 'xh-news 5999/tcp\n');
    const exportFiles = [fragment('services', '', { link: '../data/s' })];
    const plan = planFragments({ owner: FOO, exportFiles, before: [], host });
    expect(plan.merged).toMatchObject([{ lines: ['xh-news 5999/tcp'] }]);
  });

  it('count among them a program that is not there and a link out of the package', () => {
    const found = errorsOf([
      fragment('inetd.conf', 'ssh stream tcp nowait root /software/foo/nosuch\n'),
      fragment('replace/usr/bin/vi', '', { link: '/bin/busybox' }),
    ]);
    expect(found.join('\n')).toContain('/software/foo/nosuch does not exist');
    expect(found.join('\n')).toContain('not to a file of foo');
    expect(found).toHaveLength(2);
  });

  it('are found without planning too', () => {
    const found = checkFragments({
      exportFiles: [fragment('servces', ''), fragment('profile.d/README', 'x\n')],
      host: stockHost(),
    });
    expect(found.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      'error E_FRAGMENT_KIND',
      'warning E_DROPIN_NAME',
    ]);
  });
});

describe('a receipt with a kind that this version does not know', () => {
  it('is neither forgotten nor half taken back', () => {
    const host = stockHost();
    const plan = planFragments({ owner: FOO, exportFiles: EXPORT, before: [], host });
    host.apply(plan.edits);
    const strange = {
      kind: 'firewall',
      name: bytes('boottime'),
      path: bytes('/etc/rc.local'),
      sha256: '',
      created: false,
    };
    const removal = removeFragments({ owner: FOO, before: [...plan.merged, strange], host });
    expect(removal.edits).toEqual([]);
    expect(removal.conflicts).toMatchObject([{ code: 'E_FRAGMENT_KIND', path: '/etc/rc.local' }]);
  });
});

describe('the table of kinds', () => {
  it('has every name once, found by its name', () => {
    for (const kind of KINDS) expect(kindNamed(kind.name)).toBe(kind);
    expect(new Set(KINDS.map(({ name }) => name)).size).toBe(KINDS.length);
    expect(kindNamed('nosuch')).toBeUndefined();
  });
});
