import fc from 'fast-check';
import { Minimatch } from 'minimatch';
import { describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { bytesOf, characters } from '../../../src/lfu/rules/characters.ts';
import { compileGlob } from '../../../src/lfu/rules/glob.ts';
import { compileRegexp, type Pattern } from '../../../src/lfu/rules/pattern.ts';

function pattern(made: ReturnType<typeof compileRegexp>): Pattern {
  if ('problem' in made) throw new Error(made.problem);
  return made;
}

function re(expression: string, text: string): boolean {
  return pattern(compileRegexp(bytes(expression))).matches(bytes(text));
}

function glob(expression: string, text: string): boolean {
  return pattern(compileGlob(bytes(expression))).matches(bytes(text));
}

/** What holds for every match, whatever the pattern. */
function fits(made: Pattern, text: Bytes): boolean {
  return made.shapes.some(({ prefix, infix, suffix, exact }) =>
    exact
      ? text === prefix
      : text.startsWith(prefix) && text.includes(infix) && text.endsWith(suffix),
  );
}

describe('regular expressions', () => {
  test('match the whole name, whatever alternatives they have', () => {
    expect(re('a|bc', 'a')).toBe(true);
    expect(re('a|bc', 'abc')).toBe(false);
    expect(re('^a.c$', 'abc')).toBe(true);
  });

  test('must be right by themselves', () => {
    expect(compileRegexp(bytes('a)|(b'))).toHaveProperty('problem');
  });

  test('a dot is a character, not a byte, and may be a new line', () => {
    expect(re('.', 'é')).toBe(true);
    expect(re('.', '\ud83d\ude00')).toBe(true);
    expect(re('a.b', 'a\nb')).toBe(true);
    expect(re('[à-ü]{2}', 'éè')).toBe(true);
  });

  test('a byte that is no part of UTF-8 is a character too', () => {
    const dot = pattern(compileRegexp(bytes('..')));
    expect(dot.matches('\xe9\xff' as Bytes)).toBe(true);
    expect(dot.matches('\xc3\xa9\xff' as Bytes)).toBe(true);
    expect(dot.matches('\xc3\xa9' as Bytes)).toBe(false);
  });

  test('habits of grep and sed are understood', () => {
    expect(re('[[:alpha:]_][[:alnum:]_]*', 'é_1')).toBe(true);
    expect(re('[^[:space:]]+', 'a b')).toBe(false);
    expect(re('[]a]+', ']a')).toBe(true);
    expect(re('a\\-b\\_c\\@\\"\\/', 'a-b_c@"/')).toBe(true);
    expect(re('a]', 'a]')).toBe(true);
    expect(re('[\\w\\-]+', 'a-b')).toBe(true);
  });

  test('one that is too large is refused when it is read', () => {
    expect(compileRegexp(bytes('('.repeat(20_000) + ')'.repeat(20_000)))).toHaveProperty('problem');
    expect(compileRegexp(bytes('a'.repeat(3_000_000) + '.*'))).toHaveProperty('problem');
  });

  test('literal text is recognised, and looked up', () => {
    const shapes = (expression: string): unknown =>
      pattern(compileRegexp(bytes(expression))).shapes.map(({ prefix, infix, suffix, exact }) =>
        exact ? prefix : [prefix, infix, suffix],
      );
    expect(shapes('foo\\.h')).toEqual(['foo.h']);
    expect(shapes('(?:a|b)c')).toEqual(['ac', 'bc']);
    expect(shapes('lib/.*')).toEqual([['lib/', 'lib/', '']]);
    expect(shapes('lib.*\\.a')).toEqual([['lib', 'lib', '.a']]);
    expect(shapes('.*/(x|y)z/.+')).toEqual([
      ['', '/xz/', ''],
      ['', '/yz/', ''],
    ]);
    expect(shapes('.*[.]so(\\.[0-9]+)*')).toEqual([['', '.so', '']]);
  });

  const atom = fc.oneof(
    fc.constantFrom('a', 'b', 'é', '/', '\\.', '.', '[ab]', '[^a]', '[b]', '\\x61', '\\u{62}', '-'),
    fc.constantFrom('\\b', '^', '$', '\\d', '(?=a)', '(?!b)', '(?<=a)', '\\-', '\ud83d\ude00'),
  );
  const quantifier = fc.constantFrom('', '', '', '', '*', '+', '?', '{2}', '{0,1}', '*?');
  const { expression } = fc.letrec<{ expression: string; sequence: string }>((tie) => ({
    expression: fc
      .array(tie('sequence'), { minLength: 1, maxLength: 3 })
      .map((all) => all.join('|')),
    sequence: fc
      .array(
        fc.tuple(
          fc.oneof(
            { maxDepth: 2, depthSize: 'small' },
            atom,
            tie('expression').map((inner) => `(${inner})`),
            tie('expression').map((inner) => `(?:${inner})`),
            tie('expression').map((inner) => `(?<n>${inner})`),
          ),
          quantifier,
        ),
        { maxLength: 4 },
      )
      .map((all) => all.flat().join('')),
  }));
  const text = fc
    .array(fc.constantFrom('a', 'b', 'é', '/', '.', '-', '1', '\ud83d\ude00'), { maxLength: 6 })
    .map((all) => all.join(''));

  test('matching is what RegExp says, and the shapes hold for every match', () => {
    fc.assert(
      fc.property(expression, fc.array(text, { minLength: 1, maxLength: 20 }), (source, texts) => {
        const made = compileRegexp(bytes(source));
        if ('problem' in made) return;
        const plain = new RegExp(`^(?:${source.replaceAll('\\-', '-')})$`, 'su');
        for (const one of texts) {
          expect(made.matches(bytes(one))).toBe(plain.test(one));
          if (plain.test(one)) expect(fits(made, bytes(one))).toBe(true);
        }
      }),
      { numRuns: 2500 },
    );
  });
});

describe('globs', () => {
  test('stars keep to one component, two do not', () => {
    expect(glob('*.o', 'a.o')).toBe(true);
    expect(glob('lib/*', 'lib/a/b')).toBe(false);
    expect(glob('lib/**', 'lib/a/b')).toBe(true);
    expect(glob('lib/**', 'lib')).toBe(false);
    expect(glob('**/b', 'b')).toBe(true);
  });

  test('a leading dot, !, and # are nothing special', () => {
    expect(glob('*', '.profile')).toBe(true);
    expect(glob('!a', '!a')).toBe(true);
    expect(glob('!a', 'b')).toBe(false);
    expect(glob('#*#', '#x#')).toBe(true);
  });

  test('a question mark is a character', () => {
    expect(glob('?', 'é')).toBe(true);
    expect(glob('a?b', 'a\ud83d\ude00b')).toBe(true);
    expect(glob('?-?', '\ud83d\ude00-a')).toBe(true);
    expect(pattern(compileGlob(bytes('caf?'))).matches('caf\xe9' as Bytes)).toBe(true);
  });

  test('braces make alternatives, too many are refused', () => {
    expect(glob('{a,b}.{c,h}', 'b.h')).toBe(true);
    expect(compileGlob(bytes('{1..99999}{1..99999}'))).toHaveProperty('problem');
  });

  const piece = fc.constantFrom(
    ...'a b é / . - * ** ? [ab] [!a] {a,b/c} \\* *.b +(a|b) @(a|/b) !(a) /**/ [ ] ( | ) ! #'.split(
      ' ',
    ),
  );
  const text = fc
    .array(fc.constantFrom('a', 'b', 'é', '.', '-', 'ab', '/', '*'), { minLength: 1, maxLength: 7 })
    .map((all) =>
      all
        .join('')
        .replace(/\/+/g, '/')
        .replace(/^\/|\/$/g, ''),
    )
    .filter((path) => path !== '' && !/(?:^|\/)\.\.?(?:\/|$)/.test(path));

  test('matching is what minimatch says, and the shapes hold for every match', () => {
    fc.assert(
      fc.property(
        fc.array(piece, { minLength: 1, maxLength: 5 }).map((all) => all.join('')),
        fc.array(text, { minLength: 1, maxLength: 20 }),
        (source, texts) => {
          const made = compileGlob(bytes(source));
          if ('problem' in made) return;
          const plain = new Minimatch(source, { dot: true, nonegate: true, nocomment: true });
          for (const one of texts) {
            expect(made.matches(bytes(one)), `${source} on ${one}`).toBe(plain.match(one));
            if (plain.match(one)) expect(fits(made, bytes(one)), `${source} on ${one}`).toBe(true);
          }
        },
      ),
      { numRuns: 2500 },
    );
  });
});

describe('characters', () => {
  test('every byte string comes back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (raw) => {
        const value = Buffer.from(raw).toString('latin1') as Bytes;
        expect(bytesOf(characters(value))).toBe(value);
      }),
      { numRuns: 2000 },
    );
  });

  test('so do those that are nearly UTF-8', () => {
    for (const value of ['\xed\xa0\x80', '\xf0\x9f\x98', '\xc0\x80', '\xf4\x90\x80\x80', '\xe9é']) {
      const raw = value as Bytes;
      expect(bytesOf(characters(raw))).toBe(raw);
    }
    expect(characters(bytes('é'))).toBe('é');
  });
});
