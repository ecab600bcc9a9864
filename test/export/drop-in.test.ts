import { describe, expect, it } from 'vitest';
import { b } from '../../src/bytes/bytes.ts';
import { DiagnosticError } from '../../src/message/diagnostic.ts';
import { dropInKind } from '../../src/export/drop-in.ts';
import type { FragmentFile, MergedFragment, MergeResult } from '../../src/export/fragment.ts';
import { kindNamed } from '../../src/export/kinds.ts';
import {
  codes,
  file,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  type MemoryHost,
} from './memory-host.ts';

const PATH = '/etc/profile.d/foo.sh';
const FOO = owner('foo');
const FILES = [fragment('profile.d/foo.sh', 'PATH=$PATH:/x\n')];

function profileD(): NonNullable<ReturnType<typeof kindNamed>> {
  const kind = kindNamed('profile.d');
  if (!kind) throw new Error('profile.d is not in the table of kinds');
  return kind;
}

function merge(
  host: MemoryHost,
  files: readonly FragmentFile[] = FILES,
  before: readonly MergedFragment[] = [],
): MergeResult {
  const merged = profileD().merge({ owner: FOO, files, before, host });
  host.apply(merged.edits);
  return merged;
}

function remove(host: MemoryHost, before: readonly MergedFragment[]): MergeResult {
  const removed = profileD().remove({ owner: FOO, before: fromReceipt(before), host });
  host.apply(removed.edits);
  return removed;
}

describe('export/profile.d', () => {
  it('is copied with mode 0644, does nothing the second time, and goes again', () => {
    const host = memoryHost();
    const merged = merge(
      host,
      FILES.map((each) => ({ ...each, mode: 0o755 })),
    );
    expect(host.look(b`/etc/profile.d/foo.sh`)).toEqual(file('PATH=$PATH:/x\n', 0o644));
    const again = merge(host, FILES, fromReceipt(merged.merged));
    expect(again).toMatchObject({ edits: [], notes: [], merged: merged.merged });
    remove(host, again.merged);
    expect(host.objects.size).toBe(0);
  });

  it('never writes over another file, link or directory of that name', () => {
    for (const object of [
      file('theirs\n'),
      { type: 'link', target: b`/elsewhere` },
      { type: 'directory' },
    ] as const) {
      const host = memoryHost({ [PATH]: object });
      const merged = merge(host);
      expect(codes(merged)).toEqual(['E_DROPIN_TAKEN']);
      expect(merged.edits).toEqual([]);
    }
  });

  it('leaves a file that says the same, and leaves it at removal too', () => {
    const host = memoryHost({ [PATH]: 'PATH=$PATH:/x\n' });
    const merged = merge(host);
    expect(merged).toMatchObject({ edits: [], conflicts: [] });
    expect(merged.notes).toHaveLength(1);
    const again = merge(host, FILES, fromReceipt(merged.merged));
    expect(remove(host, again.merged)).toMatchObject({ edits: [], notes: [] });
    expect(host.text(PATH)).toBe('PATH=$PATH:/x\n');
  });

  it('keeps what an administrator made of it, at the next install and at removal, and says so', () => {
    const host = memoryHost();
    const before = fromReceipt(merge(host).merged);
    host.put(PATH, 'PATH=/mine\n');
    const changed = [fragment('profile.d/foo.sh', 'PATH=$PATH:/y\n')];
    const again = merge(host, changed, before);
    expect(again.edits).toEqual([]);
    expect(again.merged).toEqual(before);
    expect(again.notes).toEqual([expect.stringContaining('/etc/profile.d/foo.sh was edited')]);
    const removed = remove(host, again.merged);
    expect(removed.edits).toEqual([]);
    expect(removed.notes).toEqual([expect.stringContaining('kept')]);
  });

  it('follows the package: a changed file is written, a missing one removed, a lost one written again', () => {
    const host = memoryHost();
    const first = merge(host, [...FILES, fragment('profile.d/foo.csh', 'x\n')]);
    const changed = [fragment('profile.d/foo.sh', 'new\n')];
    const second = merge(host, changed, fromReceipt(first.merged));
    expect(host.text(PATH)).toBe('new\n');
    expect([...host.objects.keys()]).toEqual([PATH]);
    host.objects.delete(PATH);
    const third = merge(host, changed, fromReceipt(second.merged));
    expect(host.text(PATH)).toBe('new\n');
    expect(third.notes).toEqual([expect.stringContaining('was gone')]);
    host.objects.delete(PATH);
    expect(remove(host, third.merged)).toMatchObject({ edits: [], conflicts: [] });
  });

  it('warns of a name that no shell reads, and refuses directories', () => {
    const kind = profileD();
    const severities = (name: string): readonly string[] => {
      const each = fragment(`profile.d/${name}`, 'x\n');
      return kind.check(each, kind.parse(each), memoryHost()).map(({ severity }) => severity);
    };
    expect(['a.sh', 'a.csh', 'a-1.2.sh'].flatMap(severities)).toEqual([]);
    expect(['README', 'a.sh~', '.a.sh', 'a.bash'].flatMap(severities)).toEqual(
      Array(4).fill('warning'),
    );
    expect(() => kind.parse(fragment('profile.d/sub/a.sh', ''))).toThrow(DiagnosticError);
  });
});

describe('a file that two packages bring', () => {
  const BAR = owner('bar');

  it('stays until both are gone, when both say the same', () => {
    const host = memoryHost();
    for (const each of [FOO, BAR]) {
      const { edits, merged } = profileD().merge({ owner: each, files: FILES, before: [], host });
      host.apply(edits);
      host.receipts.set(each.package, fromReceipt(merged));
    }
    const gone = (each: typeof FOO): void => {
      const before = host.receipts.get(each.package) ?? [];
      host.receipts.delete(each.package);
      host.apply(profileD().remove({ owner: each, before, host }).edits);
    };
    gone(FOO);
    expect(host.text(PATH)).toBe('PATH=$PATH:/x\n');
    gone(BAR);
    expect(host.objects.size).toBe(0);
  });

  it('is refused when they say different things, and the other one is named', () => {
    const host = memoryHost();
    host.receipts.set('bar', fromReceipt(merge(host).merged));
    const other = [fragment('profile.d/foo.sh', 'other\n')];
    const merged = profileD().merge({ owner: FOO, files: other, before: [], host });
    expect(merged.conflicts[0]?.message).toBe(
      '/etc/profile.d/foo.sh is another file of package bar, not that of package foo (/software/foo/export/profile.d/foo.sh)',
    );
    host.receipts.set('foo', host.receipts.get('bar') ?? []);
    const before = host.receipts.get('bar') ?? [];
    expect(codes(profileD().merge({ owner: FOO, files: other, before, host }))).toEqual([
      'E_DROPIN_TAKEN',
    ]);
  });
});

describe('another directory of the same sort', () => {
  it('is one line: its name, its place, its mode', () => {
    const kind = dropInKind({
      name: 'sudoers.d',
      summary: 'rules',
      directory: b`/usr/local/etc/sudoers.d`,
      mode: 0o440,
    });
    const files = [fragment('sudoers.d/foo', 'x ALL=ALL\n')];
    const merged = kind.merge({ owner: FOO, files, before: [], host: memoryHost() });
    expect(merged.edits).toEqual([
      { op: 'write', path: '/usr/local/etc/sudoers.d/foo', content: 'x ALL=ALL\n', mode: 0o440 },
    ]);
  });
});
