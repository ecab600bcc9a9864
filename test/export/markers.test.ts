import { describe, expect, it } from 'vitest';
import { b, bytes, split } from '../../src/bytes/bytes.ts';
import { XhError } from '../../src/message/error.ts';
import { beginMarker, disabledPrefix, findBlocks } from '../../src/export/markers.ts';
import { services } from '../../src/export/services.ts';
import { fragment, memoryHost, owner } from './memory-host.ts';

function problems(...lines: readonly string[]): readonly string[] {
  return findBlocks(lines.map(bytes)).problems.map(({ line, message }) => `${line}: ${message}`);
}

describe('the markers of a file', () => {
  it('pair, each package its own', () => {
    const text = b`x\n# BEGIN xhier a\ny\n# END xhier a\n# BEGIN xhier b\n# END xhier b \t`;
    expect(findBlocks(split(text, '\n'))).toEqual({
      blocks: [
        { package: 'a', begin: 1, end: 3 },
        { package: 'b', begin: 4, end: 5 },
      ],
      problems: [],
    });
  });

  it('are whole lines: text around them makes them ordinary comments', () => {
    expect(
      findBlocks(
        ['see # BEGIN xhier a', ' # BEGIN xhier a', '# BEGIN xhier a b', '# BEGIN xhier '].map(
          bytes,
        ),
      ),
    ).toEqual({ blocks: [], problems: [] });
  });

  it('are refused with their lines when they do not pair', () => {
    expect(problems('# BEGIN xhier a')).toEqual(['1: the block of a (line 1) does not end']);
    expect(problems('x', '# END xhier a')).toEqual([
      '2: the end of a block of a that does not begin',
    ]);
    expect(
      problems('# BEGIN xhier a', '# BEGIN xhier b', '# END xhier b', '# END xhier a'),
    ).toEqual([
      '2: a block of b begins inside the block of a (line 1)',
      '4: the end of a block of a that does not begin',
    ]);
    expect(problems('# BEGIN xhier a', '# END xhier b')).toEqual([
      '2: the end of a block of b inside the block of a (line 1)',
    ]);
    expect(
      problems('# BEGIN xhier a', '# END xhier a', '# BEGIN xhier a', '# END xhier a'),
    ).toEqual(['3: a second block of a; the first begins in line 1']);
  });

  it('refuse the merge and the removal, naming file and line, and nothing is changed', () => {
    const host = memoryHost({
      '/etc/services': 'ssh 22/tcp\n# BEGIN xhier other\nfoo 99/tcp\n',
    });
    const files = [fragment('services', 'bar 98/tcp\n')];
    const record = {
      kind: 'services',
      name: b`services`,
      path: b`/etc/services`,
      sha256: '',
      created: false,
      lines: [b`bar 98/tcp`],
    };
    for (const result of [
      services.merge({ owner: owner('foo'), files, before: [], host }),
      services.remove({ owner: owner('foo'), before: [record], host }),
    ]) {
      expect(result.edits).toEqual([]);
      expect(result.conflicts).toMatchObject([
        { code: 'E_FRAGMENT_MARKERS', path: '/etc/services', line: 2 },
      ]);
      expect(result.conflicts[0]?.message).toContain('/etc/services:2');
    }
  });

  it('cannot be made of a name that would break them', () => {
    for (const name of ['a b', 'a\nb', 'a#', '']) {
      expect(() => beginMarker(bytes(name))).toThrow(XhError);
      expect(() => disabledPrefix(bytes(name))).toThrow(XhError);
    }
    expect(beginMarker(bytes('größe-1.2+b'))).toBe(bytes('# BEGIN xhier größe-1.2+b'));
  });
});
