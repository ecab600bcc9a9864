import { describe, expect, it } from 'vitest';
import { b, bytes } from '../../src/bytes/bytes.ts';
import { DiagnosticError } from '../../src/message/diagnostic.ts';
import type {
  FragmentFile,
  HostObject,
  MergedFragment,
  MergeResult,
} from '../../src/export/fragment.ts';
import { replace, replacementTarget } from '../../src/export/replace.ts';
import {
  codes,
  file,
  fragment,
  fromReceipt,
  memoryHost,
  owner,
  program,
  type MemoryHost,
} from './memory-host.ts';

const VI = '/usr/bin/vi';
const KEPT = '/usr/bin/.vi.xhier-foo';
const TARGET = '/software/foo/export/replace/usr/bin/vi';
const FILES = [fragment('replace/usr/bin/vi', '#!/bin/sh\n')];
const link = (target: string): HostObject => ({ type: 'link', target: bytes(target) });

function merge(
  host: MemoryHost,
  files: readonly FragmentFile[] = FILES,
  before: readonly MergedFragment[] = [],
  name = 'foo',
): MergeResult {
  const merged = replace.merge({ owner: owner(name), files, before, host });
  host.apply(merged.edits);
  return merged;
}

function remove(host: MemoryHost, before: readonly MergedFragment[]): MergeResult {
  const removed = replace.remove({ owner: owner('foo'), before: fromReceipt(before), host });
  host.apply(removed.edits);
  return removed;
}

function targetOf(to: string | undefined, root = ''): string {
  return replacementTarget(
    owner('foo', { root }),
    fragment('replace/usr/bin/vi', '', to === undefined ? {} : { link: to }),
  );
}

describe('export/replace', () => {
  it.each([
    ['a program', file('ELF', 0o4755)],
    ['a link, as a link', link('/etc/alternatives/vi')],
  ])('puts a link in the place of %s, keeps it beside it, and brings it back', (_, original) => {
    const host = memoryHost({ [VI]: original });
    const merged = merge(host);
    expect(host.look(b`/usr/bin/vi`)).toEqual(link(TARGET));
    expect(host.look(b`/usr/bin/.vi.xhier-foo`)).toEqual(original);
    const again = merge(host, FILES, fromReceipt(merged.merged));
    expect(again).toMatchObject({ edits: [], notes: [], merged: merged.merged });
    remove(host, again.merged);
    expect([...host.objects]).toEqual([[VI, original]]);
  });

  it('is a plain link where nothing was, and leaves nothing there', () => {
    const host = memoryHost();
    const merged = merge(host);
    expect(merged.edits).toEqual([{ op: 'link', path: VI, target: TARGET }]);
    remove(host, merged.merged);
    expect(host.objects.size).toBe(0);
  });

  it('refuses a directory and a device', () => {
    for (const type of ['directory', 'special'] as const) {
      expect(codes(merge(memoryHost({ [VI]: { type } })))).toEqual(['E_REPLACE_TYPE']);
    }
  });

  it('refuses a path that another package has replaced, and names the package', () => {
    for (const target of [
      '/software/bar/export/replace/usr/bin/vi',
      '/.software/arch/bar/bin/vi',
    ]) {
      const merged = merge(memoryHost({ [VI]: link(target) }));
      expect(codes(merged)).toEqual(['E_REPLACE_TAKEN']);
      expect(merged.conflicts[0]?.message).toContain('package bar');
    }
  });

  it('refuses when the hidden name is taken: an original of an earlier time would be lost', () => {
    const merged = merge(memoryHost({ [VI]: 'new', [KEPT]: 'old' }));
    expect(merged.conflicts).toMatchObject([{ code: 'E_REPLACE_KEPT', path: KEPT }]);
  });

  it('leaves a link that is there already, also at removal', () => {
    const host = memoryHost({ [VI]: link(TARGET) });
    const merged = merge(host);
    expect(merged.edits).toEqual([]);
    expect(merged.notes).toHaveLength(1);
    expect(remove(host, merged.merged).edits).toEqual([]);
  });

  it('leaves what somebody put in its place, says so, and says where the original is', () => {
    for (const now of [file('from an update'), link('/usr/bin/nano')]) {
      const host = memoryHost({ [VI]: 'original' });
      const before = fromReceipt(merge(host).merged);
      host.objects.set(VI, now);
      const again = merge(host, FILES, before);
      expect(again).toMatchObject({ edits: [], conflicts: [], merged: before });
      const removed = remove(host, again.merged);
      expect(removed.edits).toEqual([]);
      for (const { notes } of [again, removed]) {
        expect(notes).toEqual([expect.stringContaining(`the original is ${KEPT}`)]);
      }
      expect(host.look(b`/usr/bin/vi`)).toEqual(now);
    }
  });

  it('links again, or brings the original back, when the link was deleted', () => {
    const host = memoryHost({ [VI]: 'original' });
    const before = fromReceipt(merge(host).merged);
    host.objects.delete(VI);
    const again = merge(host, FILES, before);
    expect(host.look(b`/usr/bin/vi`)).toEqual(link(TARGET));
    host.objects.delete(VI);
    remove(host, again.merged);
    expect([...host.objects]).toEqual([[VI, file('original')]]);
  });

  it('takes its link away and says what is missing when the original was deleted', () => {
    const host = memoryHost({ [VI]: 'original' });
    const merged = merge(host);
    host.objects.delete(KEPT);
    expect(remove(host, merged.merged).notes).toEqual([expect.stringContaining(KEPT)]);
    expect(host.objects.size).toBe(0);
  });

  it('follows the package: another target is linked, a path no longer there comes back', () => {
    const host = memoryHost({ [VI]: 'original', '/software/foo/bin/vi': program() });
    const before = fromReceipt(merge(host).merged);
    const other = [fragment('replace/usr/bin/vi', '', { link: '../../../../bin/vi' })];
    const second = merge(host, other, before);
    expect(host.look(b`/usr/bin/vi`)).toEqual(link('/software/foo/bin/vi'));
    const third = merge(host, [], fromReceipt(second.merged));
    expect(third.merged).toEqual([]);
    expect(host.text(VI)).toBe('original');
    expect(host.objects.has(KEPT)).toBe(false);
  });
});

describe('where a replacement points', () => {
  it('is the file in export/replace, under the site root', () => {
    expect(targetOf(undefined, '/tmp/site')).toBe(`/tmp/site${TARGET}`);
  });

  it("is what the package's own link names, absolute through /software/PKG", () => {
    expect(targetOf('../../../../bin/vi')).toBe('/software/foo/bin/vi');
    expect(targetOf('../../../../bin/vi', '/tmp/site')).toBe('/tmp/site/software/foo/bin/vi');
    // /software is a link to /.software/share: above it is /.software
    expect(targetOf('../../../../../../arch/foo/bin/vi')).toBe('/.software/arch/foo/bin/vi');
    expect(targetOf('/.software/arch/foo-1.2/bin/vi')).toBe('/.software/arch/foo-1.2/bin/vi');
    expect(targetOf('/.software/arch/foo/bin/vi')).toBe('/.software/arch/foo/bin/vi');
  });

  it('is refused outside the package', () => {
    for (const to of [
      '/bin/busybox',
      '../../../../../bar/bin/vi',
      '/software/bar/x',
      '/software/foo-bar/x',
      'vi',
      '/',
    ]) {
      expect(() => targetOf(to)).toThrow(DiagnosticError);
    }
  });

  it('is refused where nothing is: the stock command would be gone', () => {
    const files = [fragment('replace/usr/bin/vi', '', { link: '../../../../bin/vi' })];
    const merged = merge(memoryHost({ [VI]: 'original' }), files);
    expect(codes(merged)).toEqual(['E_REPLACE_DANGLING']);
    expect(merged.edits).toEqual([]);
  });

  it('takes no path that leads elsewhere', () => {
    for (const name of ['replace/', 'replace/../x', 'replace/usr//vi', 'replace/usr/../vi']) {
      expect(() => replace.parse(fragment(name, ''))).toThrow(DiagnosticError);
    }
  });
});
