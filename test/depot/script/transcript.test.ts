import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { lineEnds, type Stream } from '../../../src/depot/script/transcript-text.ts';
import {
  openTranscript,
  transcriptsOf,
  type Transcript,
} from '../../../src/depot/script/transcript.ts';
import { createWalker, type Walker } from '../../../src/files/walk.ts';
import { freshSite } from '../../site.ts';
import { said } from '../../e2e/scripted.ts';

const RUN = { package: b`tool`, action: 'install' } as const;

function site(): { readonly walker: Walker; readonly text: (each: Transcript) => string } {
  const { path, root } = freshSite();
  mkdirSync(join(path, '.software/local/.admin/log'), { recursive: true });
  const walker = createWalker(root);
  onTestFinished(() => {
    walker.close();
  });
  return { walker, text: (each) => readFileSync(join(path, each.path), 'latin1') };
}

test('each line has its time and stream, and one that is cut in two goes on', () => {
  const { text, walker } = site();
  const transcript = openTranscript(walker, RUN, { keep: 5 });
  transcript.said('out', b`one\ntw`);
  transcript.said('err', b`oops\n`);
  transcript.said('out', b`o\n\nthree`);
  transcript.typed('yes');
  transcript.said('out', b` and\n`);
  transcript.remark('enough');
  transcript.facts(['ended', 'with 0']);
  expect(text(transcript).replaceAll(/^ +\d+\.\d{3}/gm, 'TIME')).toBe(`TIME out| one
TIME out| tw
TIME err| oops
TIME out+ o
TIME out| 
TIME out| three
TIME in | yes
TIME out+  and
TIME xh | enough
# ended        with 0
`);
  expect(transcript.last()).toEqual(['one', 'oops', 'two', 'three and']);
  transcript.close();
});

test('says of each stream what was said there, in whatever pieces it came', () => {
  const { text, walker } = site();
  const piece = fc.tuple(
    fc.constantFrom<Stream>('out', 'err'),
    fc.array(fc.constantFrom('a', 'b\u00ff', '\n', '|', '+ ', '#'), { maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const transcript = openTranscript(walker, RUN, { keep: 2 });
      const whole = { out: '', err: '', tty: '' };
      for (const [stream, words] of pieces) {
        transcript.said(stream, words.join('') as Bytes);
        whole[stream] += words.join('');
      }
      transcript.facts(['ended', 'with 0']);
      transcript.close();
      for (const stream of ['out', 'err'] as const) {
        const lines = said(text(transcript), new RegExp(`^${stream}$`));
        expect(lines.join('\n')).toBe(whole[stream].replace(/\n$/, ''));
      }
    }),
    { numRuns: 200 },
  );
});

test('lines of a terminal end as lines of files do, also when an end comes in two', () => {
  const ends = lineEnds('tty');
  const pieces = ['a\r', '\nb\r\r\n', '10%\r', '20%\r', '\n', 'c\r'].map((each) =>
    ends(Buffer.from(each)),
  );
  expect(pieces.join('') + ends(new Uint8Array())).toBe('a\nb\n10%\r20%\nc\r');
  expect(lineEnds('out')(Buffer.from('a\r\n'))).toBe('a\r\n');
});

test('only as many are kept as wanted, the newest, of each package and action', () => {
  const { walker } = site();
  const open = (name: string, keep: number): Bytes => {
    const transcript = openTranscript(walker, { ...RUN, package: bytes(name) }, { keep });
    transcript.close();
    return transcript.path;
  };
  const other = open('tool.install', 3);
  const all = Array.from({ length: 6 }, () => open('tool', 3));
  expect(transcriptsOf(walker, b`tool`)).toEqual(all.slice(-3));
  expect(transcriptsOf(walker, b`tool.install`)).toEqual([other]);
  expect(transcriptsOf(walker, b`nobody`)).toEqual([]);
});

test('what says too much is cut off, and says so', () => {
  const { text, walker } = site();
  const transcript = openTranscript(walker, RUN, { keep: 1 });
  const piece = `${'x'.repeat(1 << 20)}\n` as Bytes;
  for (let i = 0; i < 80; i++) transcript.said('out', piece);
  transcript.facts(['ended', 'with 0']);
  transcript.close();
  const whole = text(transcript);
  expect(whole.length).toBeLessThan(70 << 20);
  expect(whole.slice(-200)).toMatch(/is left out: too much\n# ended {8}with 0\n$/);
});
