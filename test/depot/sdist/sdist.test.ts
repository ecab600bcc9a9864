/** What is sent, what is answered, and the digest over architectures. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { b, bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import {
  digestBuilds,
  digestText,
  isRunning,
  silentMasters,
} from '../../../src/depot/sdist/digest.ts';
import { parseSdistIgnore } from '../../../src/depot/sdist/ignore.ts';
import type { Master } from '../../../src/depot/sdist/masters.ts';
import { askedBySsh } from '../../../src/depot/sdist/receive-build.ts';
import {
  answerLine,
  isId,
  orderLine,
  parseAnswer,
  parseOrder,
  type BuildJob,
  type BuildOrder,
} from '../../../src/depot/sdist/request.ts';
import type { Jobs, MasterAnswer } from '../../../src/depot/sdist/sdist.ts';
import { DiagnosticError } from '../../../src/message/diagnostic.ts';
import { XhError } from '../../../src/message/error.ts';

const order: BuildOrder = {
  id: '20261122T031700Z-1a2b3c4d',
  name: b`hello`,
  version: b`2.12`,
  directory: b`hello-2.12`,
  target: 'install',
  words: ['CC=gcc -m64'],
  from: 'jane@pub',
  size: 10_240,
};
const begun = Date.UTC(2026, 10, 22, 3, 17);
const job: BuildJob = {
  ...order,
  state: 'done',
  begun,
  outcome: { status: 0, ended: begun + 12_000 },
  tail: [],
};

describe('.admin/sdist-ignore', () => {
  function left(text: string, paths: readonly string[]): readonly string[] {
    const ignore = parseSdistIgnore(b`sdist-ignore`, bytes(text));
    return paths.filter(
      (path) => !ignore.ignores(bytes(path.replace(/\/$/, '')), path.endsWith('/')),
    );
  }

  test.each([
    ['*.tmp', ['a.tmp', 'b/c.tmp', 'b/c.c'], ['b/c.c']],
    ['/a.tmp', ['a.tmp', 'b/a.tmp'], ['b/a.tmp']],
    ['doc/*.ps', ['doc/a.ps', 'x/doc/a.ps', 'doc/b/a.ps'], ['x/doc/a.ps', 'doc/b/a.ps']],
    ['build/', ['build', 'x/build/', 'x/build/y'], ['build']],
    ['*\n!keep.me', ['a', 'keep.me', 'd/', 'd/keep.me'], ['keep.me']],
    ['# a comment\n\n  *.o  \n', ['a.o', '# a comment'], ['# a comment']],
    ['**/deep/*', ['deep/a', 'x/y/deep/b', 'x/deep'], ['x/deep']],
  ])('%j', (text, paths, stay) => {
    expect(left(text, paths)).toEqual(stay);
  });

  test('any text is patterns, or findings with their places', () => {
    const line = fc
      .uint8Array({ maxLength: 20 })
      .map((units) => Buffer.from(units).toString('latin1') as Bytes);
    fc.assert(
      fc.property(line, line, (text, path) => {
        try {
          expect(typeof parseSdistIgnore(b`f`, text).ignores(path, false)).toBe('boolean');
        } catch (error) {
          expect(error).toBeInstanceOf(DiagnosticError);
        }
      }),
    );
  });
});

describe('an order', () => {
  test('reads back as it was written', () => {
    expect(parseOrder(orderLine(order))).toEqual(order);
  });

  test('that could do harm by its words is none', () => {
    const bad: readonly Record<string, unknown>[] = [
      { id: '../../etc' },
      { name: '../x' },
      { directory: '..' },
      { directory: 'a/b' },
      { target: '--root' },
      { words: ['--build-dir=/etc'] },
      { words: ['-C', '/'] },
      { version: '../1' },
    ];
    for (const more of bad) {
      expect(() => parseOrder(JSON.stringify({ format: 1, ...order, ...more }))).toThrow(XhError);
    }
  });

  test('or an answer of any kind is read, or refused, and nothing else', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .jsonValue()
            .map((value) =>
              JSON.stringify({ say: 'jobs', host: 'h', architecture: 'a', jobs: [value] }),
            ),
        ),
        (line) => {
          const answer = parseAnswer(line);
          expect(answer === undefined || typeof answer.say === 'string').toBe(true);
          try {
            expect(isId(parseOrder(line).id)).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(XhError);
          }
        },
      ),
    );
    const said = { say: 'jobs', host: 'arm1', architecture: 'linux-aarch64', jobs: [job] } as const;
    expect(parseAnswer(answerLine(said))).toEqual(said);
  });

  test('by a key that is confined never runs a build by its number', () => {
    expect(askedBySsh('xh sdist --receive build')).toEqual(['build']);
    expect(askedBySsh('/opt/xhier/bin/xh sdist --receive jobs hello gcc')).toEqual([
      'jobs',
      'hello',
      'gcc',
    ]);
    expect(askedBySsh('xh sdist --receive run 20261122T031700Z-1a2b3c4d')).toEqual([]);
    expect(askedBySsh('sh -c id')).toEqual(['']);
    expect(askedBySsh(undefined)).toEqual(['']);
  });
});

describe('the digest', () => {
  const master = (name: string): Master => ({
    name: bytes(name),
    ssh: { address: name, options: [] },
    xh: 'xh',
  });
  const says = (
    name: string,
    architecture: string,
    ...jobs: readonly BuildJob[]
  ): MasterAnswer<Jobs> => ({
    master: master(name),
    answer: { say: 'jobs', host: name, architecture, jobs },
  });
  const failed = (tail: readonly string[]): BuildJob => ({
    ...job,
    state: 'failed',
    outcome: { status: 1, ended: begun + 3000 },
    tail,
  });

  test('has a line for each architecture, and the same failure once', () => {
    const answers: readonly MasterAnswer<Jobs>[] = [
      says('pc1', 'linux-x86_64', job),
      says(
        'arm1',
        'linux-aarch64',
        failed(['hello.c:12: no such thing for linux-aarch64', 'make: Error 2 on arm1']),
      ),
      says(
        'ppc1',
        'linux-ppc64le',
        failed(['hello.c:12: no such thing for linux-ppc64le', 'make: Error 2 on ppc1']),
      ),
      says('rv1', 'linux-riscv64', { ...job, id: '20261101T000000Z-00000000' }),
      says('s1', 'linux-s390x'),
      {
        master: master('gone'),
        answer: { say: 'none', code: 'E', message: 'it is down', remedy: 'start it' },
      },
    ];
    const digests = digestBuilds(answers, begun);
    expect(
      digests
        .flatMap(digestText)
        .join('\n')
        .replace(/\d{4}-\d\d-\d\d \d\d:\d\d/g, 'DATE'),
    ).toBe(
      `hello-2.12: make install CC=gcc -m64, sent DATE by jane@pub
  ?              gone  no answer: it is down
  linux-aarch64  arm1  failed after 3 s: exit code 1
  linux-ppc64le  ppc1  failed after 3 s: exit code 1
  linux-riscv64  rv1   done in 12 s; that was an older one, sent DATE
  linux-s390x    s1    has not got it
  linux-x86_64   pc1   done in 12 s

the same on linux-aarch64 (arm1), linux-ppc64le (ppc1):
  | hello.c:12: no such thing for linux-aarch64
  | make: Error 2 on arm1`,
    );
    expect(isRunning(digests)).toBe(false);
    expect(silentMasters(answers)).toEqual([
      { host: 'gone', why: 'it is down', remedy: 'start it' },
    ]);
  });
});
