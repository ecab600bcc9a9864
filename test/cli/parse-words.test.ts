/** Any words whatever: what they mean, or a message that says what to type. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { GLOBAL_OPTIONS, type OptionValues } from '../../src/cli/command.ts';
import { asksForHelp, parseWords } from '../../src/cli/parse-words.ts';
import { XhError } from '../../src/message/error.ts';

const SYNTAX = {
  name: 'xh sample',
  usage: '<package...>',
  options: [
    { flags: '-n, --dry-run', summary: 'nothing is changed' },
    { flags: '-m, --message <why>', summary: 'why' },
    { flags: '--allow-set-id', summary: 'keep bits' },
    { flags: '--allow-outside-links', summary: 'keep links' },
    { flags: '--class <class>', summary: 'which', choices: ['bin', 'man'] },
    { flags: '--also <name>', summary: 'this too', repeats: true },
  ],
};

function parse(...words: readonly string[]): { args: readonly string[]; options: OptionValues } {
  return parseWords<OptionValues>(SYNTAX, words, { everywhere: GLOBAL_OPTIONS });
}

function refused(...words: readonly string[]): XhError {
  try {
    parse(...words);
  } catch (error) {
    if (error instanceof XhError) return error;
    throw error;
  }
  throw new Error(`${words.join(' ')} is taken`);
}

test('any words are taken, or refused with exit 2 and what to do', () => {
  const word = fc.oneof(
    fc.constantFrom('-', '--', '-n', '-nm', '-m', '--m', '--dry', '--dry-run=', '--class', '=', ''),
    fc.constantFrom('--class=bin', '--cl', '--also', '--also=', '--no-dry-run', '-h', '--root'),
    fc.string(),
    fc.string().map((text) => `-${text}`),
    fc.string().map((text) => `--${text}`),
  );
  fc.assert(
    fc.property(fc.array(word), (words) => {
      asksForHelp(SYNTAX, words, GLOBAL_OPTIONS);
      try {
        parse(...words);
      } catch (error) {
        expect(error).toBeInstanceOf(XhError);
        expect(error).toMatchObject({ code: 'E_USAGE', exit: 2 });
        expect((error as XhError).remedy).not.toBe('');
      }
    }),
    { numRuns: 1000 },
  );
});

describe('long options may be shortened', () => {
  test('as long as one alone begins so', () => {
    expect(parse('x', '--dry').options).toMatchObject({ dryRun: true });
    expect(parse('x', '--mess', '--dry').options).toMatchObject({ message: '--dry' });
    expect(parse('x', '--mess=--dry').options).toMatchObject({ message: '--dry' });
    expect(parse('x', '--als', 'a', '--also=b').options).toMatchObject({ also: ['a', 'b'] });
    expect(refused('x', '--allow').message).toBe(
      "'--allow' may be --allow-set-id, --allow-outside-links",
    );
  });

  test('but not what is a value, or stands after --', () => {
    expect(parse('-m', '--dry', 'x').options).toMatchObject({ message: '--dry' });
    expect(parse('-nm', '--dry', 'x').options).toMatchObject({ dryRun: true, message: '--dry' });
    expect(parse('--', '--dry').args).toEqual(['--dry']);
  });
});

test('help is asked for by an option, not by a value', () => {
  const asks = (...words: readonly string[]): boolean => asksForHelp(SYNTAX, words, GLOBAL_OPTIONS);
  expect([asks('--help'), asks('x', '-h'), asks('-nh'), asks('--he', 'x')]).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect([asks('-m', '--help'), asks('-mh'), asks('--', '-h'), asks('--message=-h')]).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test('what is wrong is said with the word that is meant, or how it is used', () => {
  expect(refused()).toMatchObject({
    message: '<package> is missing',
    remedy: "usage: xh sample <package...> [options]; 'xh sample --help' has examples",
  });
  expect(refused('x', '--dry-rum').remedy).toBe("did you mean '--dry-run'?");
  expect(refused('x', '--class', 'bni').remedy).toBe("did you mean 'bin'?");
  expect(refused('x', '--class', 'zzz').message).toContain('bin, man');
  expect(refused('x', '--frobnicate').remedy).toContain('usage: xh sample');
});
