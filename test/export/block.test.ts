import { describe, expect, it } from 'vitest';
import { b } from '../../src/bytes/bytes.ts';
import type { MergedFragment } from '../../src/export/fragment.ts';
import { services } from '../../src/export/services.ts';
import { codes, fragment, fromReceipt, memoryHost, owner, type MemoryHost } from './memory-host.ts';

const PATH = '/etc/services';
const FOO = owner('foo');
const FRAGMENT = '# news\nxa 5001/tcp\nxb 5002/tcp\n';
const BLOCK = `# BEGIN xhier foo\n${FRAGMENT}# END xhier foo\n`;

function installed(text: string): { host: MemoryHost; before: readonly MergedFragment[] } {
  const host = memoryHost({ [PATH]: text });
  return { host, before: install(host) };
}

function install(
  host: MemoryHost,
  before: readonly MergedFragment[] = [],
  content = FRAGMENT,
): readonly MergedFragment[] {
  const files = [fragment('services', content)];
  const merged = services.merge({ owner: FOO, files, before, host });
  expect(merged.conflicts).toEqual([]);
  host.apply(merged.edits);
  return fromReceipt(merged.merged);
}

function remove(host: MemoryHost, before: readonly MergedFragment[]): readonly string[] {
  const removed = services.remove({ owner: FOO, before, host });
  expect(removed.conflicts).toEqual([]);
  host.apply(removed.edits);
  return removed.notes;
}

describe('a block goes in and out', () => {
  it('before a last line without newline, which stays the last and without one', () => {
    const { host, before } = installed('a 1/tcp\nb 2/tcp');
    expect(host.text(PATH)).toBe(`a 1/tcp\n${BLOCK}b 2/tcp`);
    remove(host, before);
    expect(host.text(PATH)).toBe('a 1/tcp\nb 2/tcp');
  });

  it('with the line ends of the file', () => {
    const { host, before } = installed('a 1/tcp\r\nb 2/tcp\r\n');
    expect(host.text(PATH)).toBe(`a 1/tcp\r\nb 2/tcp\r\n${BLOCK.replaceAll('\n', '\r\n')}`);
    remove(host, before);
    expect(host.text(PATH)).toBe('a 1/tcp\r\nb 2/tcp\r\n');
  });

  it('of an empty file, which stays, and of one that is not there, which goes again', () => {
    const empty = installed('');
    expect(empty.host.text(PATH)).toBe(BLOCK);
    remove(empty.host, empty.before);
    expect(empty.host.text(PATH)).toBe('');

    const host = memoryHost();
    const before = install(host);
    expect(before[0]?.created).toBe(true);
    expect(host.text(PATH)).toContain(BLOCK);
    remove(host, before);
    expect(host.look(b`/etc/services`)).toEqual({ type: 'absent' });
  });

  it('of a file that another package made, which goes with the last of them', () => {
    const host = memoryHost();
    const first = install(host);
    const bar = owner('bar');
    const files = [fragment('services', 'xc 5003/tcp\n')];
    const second = services.merge({ owner: bar, files, before: [], host });
    host.apply(second.edits);
    remove(host, first);
    expect(host.text(PATH)).toContain('xc 5003/tcp');
    host.apply(services.remove({ owner: bar, before: second.merged, host }).edits);
    expect(host.text(PATH)).toBeUndefined();
  });

  it('through a symbolic link: the file that it names is edited', () => {
    const host = memoryHost({
      [PATH]: { type: 'link', target: b`../srv/services` },
      '/srv/services': 'a 1/tcp\n',
    });
    const before = install(host);
    expect(host.text('/srv/services')).toBe(`a 1/tcp\n${BLOCK}`);
    expect(host.look(b`/etc/services`).type).toBe('link');
    remove(host, before);
    expect(host.text('/srv/services')).toBe('a 1/tcp\n');
  });

  it('not where there is a directory or a link to nothing: that is a conflict', () => {
    const files = [fragment('services', FRAGMENT)];
    for (const object of [
      { type: 'directory' },
      { type: 'special' },
      { type: 'link', target: b`nowhere` },
    ] as const) {
      const merged = services.merge({
        owner: FOO,
        files,
        before: [],
        host: memoryHost({ [PATH]: object }),
      });
      expect(codes(merged)).toEqual(['E_FRAGMENT_TARGET']);
    }
  });
});

describe('installing again', () => {
  it('replaces a changed fragment in place', () => {
    const { host, before } = installed('a 1/tcp\n');
    host.put(PATH, `${host.text(PATH)}below 2/tcp\n`);
    const changed = install(host, before, 'xa 5001/tcp\nxz 5009/tcp\n');
    expect(host.text(PATH)).toBe(
      'a 1/tcp\n# BEGIN xhier foo\nxa 5001/tcp\nxz 5009/tcp\n# END xhier foo\nbelow 2/tcp\n',
    );
    remove(host, changed);
    expect(host.text(PATH)).toBe('a 1/tcp\nbelow 2/tcp\n');
  });

  it('takes the block out when the fragment has become empty or is gone', () => {
    const one = installed('a 1/tcp\n');
    expect(install(one.host, one.before, '# nothing\n')[0]?.lines).toEqual([]);
    expect(one.host.text(PATH)).toBe('a 1/tcp\n');

    const two = installed('a 1/tcp\n');
    const merged = services.merge({ owner: FOO, files: [], before: two.before, host: two.host });
    two.host.apply(merged.edits);
    expect(merged.merged).toEqual([]);
    expect(two.host.text(PATH)).toBe('a 1/tcp\n');
  });

  it('keeps an edited block and says so, with the same fragment and with a new one', () => {
    const { host, before } = installed('a 1/tcp\n');
    const edited = host.text(PATH)?.replace('xb 5002/tcp', 'xb 5002/tcp xbb') ?? '';
    host.put(PATH, edited);
    for (const content of [FRAGMENT, 'xq 5010/tcp\n']) {
      const files = [fragment('services', content)];
      const merged = services.merge({ owner: FOO, files, before, host });
      expect(merged).toMatchObject({ edits: [], conflicts: [] });
      expect(merged.notes).toEqual([
        expect.stringContaining('/etc/services:2: the block of foo was edited'),
      ]);
      expect(fromReceipt(merged.merged)).toEqual(before);
    }
  });

  it('writes the block again when it is gone, unless its markers stand with nothing between', () => {
    const { host, before } = installed('a 1/tcp\n');
    const standing = host.text(PATH);
    host.put(PATH, 'a 1/tcp\n');
    const files = [fragment('services', FRAGMENT)];
    const merged = services.merge({ owner: FOO, files, before, host });
    host.apply(merged.edits);
    expect(host.text(PATH)).toBe(standing);
    expect(merged.notes).toEqual([expect.stringContaining('was gone and is written again')]);

    host.put(PATH, '# BEGIN xhier foo\n# END xhier foo\n');
    expect(services.merge({ owner: FOO, files, before, host }).edits).toEqual([]);
  });

  it('does not take a file whose line ends were converted for an edited one', () => {
    const { host, before } = installed('a 1/tcp\n');
    host.put(PATH, host.text(PATH)?.replaceAll('\n', '\r\n') ?? '');
    const files = [fragment('services', FRAGMENT)];
    expect(services.merge({ owner: FOO, files, before, host })).toMatchObject({
      edits: [],
      notes: [],
    });
    remove(host, before);
    expect(host.text(PATH)).toBe('a 1/tcp\r\n');
  });

  it('takes over a block without a receipt only when it says the same', () => {
    const { host } = installed('a 1/tcp\n');
    const files = [fragment('services', FRAGMENT)];
    const merged = services.merge({ owner: FOO, files, before: [], host });
    expect(merged).toMatchObject({ edits: [], conflicts: [] });
    expect(merged.merged).toHaveLength(1);

    const other = [fragment('services', 'xq 5010/tcp\n')];
    expect(codes(services.merge({ owner: FOO, files: other, before: [], host }))).toEqual([
      'E_FRAGMENT_BLOCK',
    ]);
  });
});

describe("an administrator's edits survive the removal", () => {
  const above = '# above\na 1/tcp\n';
  const below = 'z 9/tcp # below\n';

  it('above and below the block', () => {
    const { host, before } = installed('a 1/tcp\n');
    host.put(PATH, `# above\n${host.text(PATH)}${below}`);
    expect(remove(host, before)).toEqual([]);
    expect(host.text(PATH)).toBe(`${above}${below}`);
  });

  it('inside the block: added and changed lines stay, outside any marker, and are reported', () => {
    const { host, before } = installed('a 1/tcp\n');
    host.put(
      PATH,
      'a 1/tcp\n# BEGIN xhier foo\n# news\nmine 7/tcp\nxa 5001/tcp xalias\n\nxb 5002/tcp\nxb 5002/tcp\n# END xhier foo\n',
    );
    const notes = remove(host, before);
    expect(host.text(PATH)).toBe('a 1/tcp\nmine 7/tcp\nxa 5001/tcp xalias\n\nxb 5002/tcp\n');
    expect(notes).toHaveLength(3);
    expect(notes[0]).toContain("'mine 7/tcp'");
  });

  it('when the block was moved', () => {
    const { host, before } = installed(`a 1/tcp\n`);
    host.put(PATH, `${BLOCK}a 1/tcp\n${below}`);
    remove(host, before);
    expect(host.text(PATH)).toBe(`a 1/tcp\n${below}`);
  });

  it('when the block or the file was deleted', () => {
    const { host, before } = installed('a 1/tcp\n');
    host.put(PATH, `a 1/tcp\n${below}`);
    expect(remove(host, before)).toEqual([expect.stringContaining('is not there any more')]);
    expect(host.text(PATH)).toBe(`a 1/tcp\n${below}`);
    host.objects.delete(PATH);
    expect(remove(host, before)).toEqual([expect.stringContaining('is gone')]);
  });

  it('when only the markers were deleted: the lines are theirs now, and named', () => {
    const { host, before } = installed('a 1/tcp\n');
    host.put(PATH, `a 1/tcp\n${FRAGMENT}`);
    const notes = remove(host, before);
    expect(host.text(PATH)).toBe(`a 1/tcp\n${FRAGMENT}`);
    expect(notes).toEqual([
      expect.stringContaining('is not there any more'),
      expect.stringContaining("/etc/services:3: 'xa 5001/tcp' stands outside any block: kept"),
      expect.stringContaining('/etc/services:4'),
    ]);
  });

  it('in a file that we made, which then stays', () => {
    const host = memoryHost();
    const before = install(host);
    host.put(PATH, `${host.text(PATH)}${below}`);
    remove(host, before);
    expect(host.text(PATH)).toBe(below);
  });

  it('when the final newline was taken away', () => {
    const { host, before } = installed('a 1/tcp\n');
    host.put(PATH, host.text(PATH)?.slice(0, -1) ?? '');
    const changed = install(host, before, 'xq 5010/tcp\n');
    expect(host.text(PATH)?.endsWith('xq 5010/tcp\n# END xhier foo')).toBe(true);
    remove(host, changed);
    expect(host.text(PATH)).toBe('a 1/tcp\n');
  });

  it('and a new block never goes into another one', () => {
    const text = 'a 1/tcp\n# BEGIN xhier bar\nq 5/tcp\n# END xhier bar';
    const { host, before } = installed(text);
    expect(host.text(PATH)).toBe(`a 1/tcp\n${BLOCK}# BEGIN xhier bar\nq 5/tcp\n# END xhier bar`);
    remove(host, before);
    expect(host.text(PATH)).toBe(text);
  });
});
