/** The manual: well-formed, complete, true, and found by man(1) where it is installed. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { b, bytes, toText } from '../../src/bytes/bytes.ts';
import { optionNames, type Described } from '../../src/cli/description.ts';
import { EXIT_CODES } from '../../src/cli/exit-codes.ts';
import { helpText } from '../../src/cli/help-text.ts';
import { parseWords } from '../../src/cli/parse-words.ts';
import { programs, type Program } from '../../src/cli/programs.ts';
import { SHOWPATH } from '../../src/cli/showpath-help.ts';
import { outputStyles } from '../../src/cli/terminal.ts';
import { loadUpdateConfig } from '../../src/lfu/update/config.ts';
import { compileRules } from '../../src/lfu/rules/evaluator.ts';
import { CONFIGURATION_EXAMPLE, UPDATE_EXAMPLE } from '../../src/manual/configuration-pages.ts';
import { allPages } from '../../src/manual/generate.ts';
import {
  DEPENDENCIES_EXAMPLE,
  FILE_TYPES_EXAMPLE,
  OPTIONS_EXAMPLE,
  TARGETS_EXAMPLE,
} from '../../src/manual/package-page.ts';
import { pagePath, pageSource, reference, type Page } from '../../src/manual/page.ts';
import { paragraphs } from '../../src/manual/roff.ts';
import { RULES_EXAMPLE } from '../../src/manual/rules-page.ts';
import { EXIT, XhError } from '../../src/message/error.ts';
import { parseDependencies } from '../../src/package/dependencies.ts';
import { parseFileTypes } from '../../src/package/file-types.ts';
import { parseOptions } from '../../src/package/options.ts';
import { parseTargets } from '../../src/package/targets.ts';
import { loadConfig } from '../../src/site/config.ts';
import { freshSite, temporaryDirectory } from '../site.ts';

const ROOT = join(import.meta.dirname, '../..');
const ABOUT = { version: '1.2.3', date: '2026-11-22' };

let manual: string;
let pages: readonly Page[];
let all: readonly Program[];
let described: readonly (readonly [Program, Described])[];

beforeAll(async () => {
  manual = mkdtempSync(join(tmpdir(), 'manual-test-'));
  all = await programs();
  described = all.flatMap((program) =>
    [program.described, ...program.commands].map((each) => [program, each] as const),
  );
  pages = await allPages();
  for (const page of pages) {
    const path = join(manual, pagePath(page));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, pageSource(page, ABOUT));
  }
});
afterAll(() => {
  rmSync(manual, { recursive: true });
});

describe('every page', () => {
  test('is without a complaint of mandoc and of groff', () => {
    const files = pages.map((page) => join(manual, pagePath(page)));
    const mandoc = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...files], {
      encoding: 'utf8',
    });
    expect([mandoc.status, mandoc.stdout, mandoc.stderr]).toEqual([0, '', '']);
    const groff = spawnSync('man', ['--warnings', '-l', ...files], {
      encoding: 'utf8',
      env: { ...process.env, MANWIDTH: '80', LC_ALL: 'C.UTF-8', MANROFFOPT: '-ww' },
      maxBuffer: 1 << 26,
    });
    expect([groff.status, groff.stderr]).toEqual([0, '']);
    expect(groff.stdout).toContain('xh-install');
  });

  test('is there for every program, every command and every file format', () => {
    const names = pages.map(reference);
    for (const [{ section }, { name }] of described) {
      expect(names).toContain(`${name.replaceAll(' ', '-')}(${section})`);
    }
    expect(names).toEqual(
      expect.arrayContaining(['xhier.toml(5)', 'lfu.toml(5)', 'lfu-rules(5)', 'xh-package(5)']),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  test('names pages that are there', () => {
    const names = new Set(pages.map(reference));
    for (const page of pages) {
      const text = readFileSync(join(manual, pagePath(page)), 'utf8').replaceAll('\\-', '-');
      const ours = text.match(/\b(?:xh|lfu|lfck|showpath|xhier)[a-z.-]*(?:\\fR)?\([1-8]\)/g) ?? [];
      for (const each of ours) expect(names).toContain(each.replace('\\fR', ''));
      for (const each of page.seeAlso) expect(names).toContain(each);
    }
  });

  test('is named in package.json, where npm looks for what to install', () => {
    const { man } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
      readonly man: readonly string[];
    };
    const paths = pages.map((page) => `./dist/man/${pagePath(page)}`).toSorted();
    expect(man.toSorted()).toEqual(paths);
  });

  test('is found by name where it is installed', () => {
    const found = (name: string): string =>
      spawnSync('man', ['-M', manual, '-w', name], { encoding: 'utf8' }).stdout.trim();
    for (const page of pages) expect(found(page.name)).toBe(join(manual, pagePath(page)));
  });
});

describe('every command', () => {
  test('says what it does, and shows how with two examples or more', () => {
    for (const [, { name, summary, details, examples }] of described) {
      expect([name, summary]).toEqual([name, expect.stringMatching(/^\S.{8,75}[^.]$/)]);
      expect([name, details.length]).toEqual([name, expect.toSatisfy((size) => size > 60)]);
      expect([name, examples.length]).toEqual([name, expect.toSatisfy((count) => count >= 2)]);
      for (const each of examples) expect(each.command).toContain(name.split(' ')[0]);
    }
  });

  test('has examples that its own parser takes', () => {
    const directory = temporaryDirectory();
    const calls = described.flatMap(([, { examples }]) =>
      examples.flatMap(({ command }) => callsIn(command, directory)),
    );
    expect(calls.length).toBeGreaterThan(80);
    for (const words of calls) expect(() => parseAs(words)).not.toThrow();
  });

  test('has every option on its page, and in its help', () => {
    for (const [program, each] of described) {
      const name = each.name.replaceAll(' ', '-');
      const page = readFileSync(
        join(manual, `man${program.section}/${name}.${program.section}`),
        'utf8',
      );
      const help = helpText(each, {
        styles: outputStyles('never'),
        width: 80,
        everywhere: program.everywhere,
      });
      for (const option of [...each.options, ...program.everywhere]) {
        const { short, long } = optionNames(option);
        for (const flag of [short, long].flatMap((flags) => flags ?? [])) {
          expect(page).toContain(`\\fB${flag.replaceAll('-', '\\-')}\\fR`);
          expect(help).toContain(flag);
        }
      }
      const isExample = (line: string): boolean =>
        each.examples.some(({ command }) => line.includes(command));
      const long = help.split('\n').filter((line) => line.length > 80 && !isExample(line));
      expect([each.name, long]).toEqual([each.name, []]);
    }
  });

  test('has every exit code on its page', () => {
    expect(EXIT_CODES.map(({ code }) => code)).toEqual(Object.values(EXIT));
    for (const [program, { name, exits = [] }] of described) {
      const codes = exits.map(({ code }) => code);
      expect(codes).toEqual(expect.arrayContaining([0, 1, 2]));
      if (name.startsWith('xh')) expect(codes).toEqual(EXIT_CODES.map(({ code }) => code));
      const path = `man${program.section}/${name.replaceAll(' ', '-')}.${program.section}`;
      const [, status = ''] = readFileSync(join(manual, path), 'utf8').split('.SH EXIT STATUS');
      for (const code of codes) expect(status).toContain(`\\fB${code}\\fR`);
    }
  });
});

test('files in the examples are such as the programs read', () => {
  const plain = (text: string) => bytes(`${text.replaceAll(/^ {2}/gm, '')}\n`);
  const site = freshSite();
  writeFileSync(join(site.path, 'etc/xhier.toml'), toText(plain(CONFIGURATION_EXAMPLE)));
  expect(loadConfig(site).values.prefer.get(b`vi`)).toBe('nvi');
  mkdirSync(join(site.path, 'etc/lfu'));
  writeFileSync(join(site.path, 'etc/lfu/local.rules'), '');
  const update = join(site.path, 'etc/lfu.toml');
  writeFileSync(update, toText(plain(UPDATE_EXAMPLE)));
  expect(loadUpdateConfig(bytes(update)).masters.map(({ name }) => name)).toEqual([
    'local',
    'vlsi',
  ]);
  const rules = compileRules([{ file: b`-e`, text: plain(RULES_EXAMPLE) }], {
    user: () => 0,
    group: () => 0,
  } as never);
  expect(rules.chains).toHaveLength(4);
  expect(parseOptions(b`Options`, plain(OPTIONS_EXAMPLE)).values.priority).toBe(60);
  expect(parseDependencies(b`Dependencies`, plain(DEPENDENCIES_EXAMPLE))).toHaveLength(3);
  expect(parseFileTypes(b`file-types`, plain(FILE_TYPES_EXAMPLE))).toHaveLength(3);
  expect(parseTargets(b`Targets`, plain(TARGETS_EXAMPLE))).toHaveLength(4);
});

test('nothing that is written in a description is taken for a macro or an escape', () => {
  const word = fc.stringMatching(/^[!-~…→é]{1,12}$/);
  fc.assert(
    fc.property(
      fc.array(fc.array(word, { minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 60 }),
      (texts) => {
        const lines = texts.flatMap((words) => paragraphs(words.join(' ')).concat('.PP'));
        const source = `.TH A 1 2026-11-22 x x\n.nh\n.SH Name\na \\- b\n.SH TEXT\n${lines.join('\n')}\n`;
        const { stdout } = spawnSync('mandoc', ['-T', 'utf8', '-O', 'width=500'], {
          input: source,
          encoding: 'utf8',
        });
        const shown = stdout.replaceAll(/.\u0008/gu, '').split('TEXT\n')[1] ?? '';
        const meant = texts.map((words) =>
          words.join(' ').replaceAll('…', '...').replaceAll('→', '->'),
        );
        const [body = ''] = shown.split(/\n\n?\S+ +2026|\n\nx +/);
        expect(body.split(/\s+/).filter((each) => each !== '')).toEqual(meant.join(' ').split(' '));
      },
    ),
    { numRuns: 25 },
  );
});

test('showpath itself has the help that is described', () => {
  const script = join(ROOT, 'src/showpath/showpath.sh');
  const { stdout } = spawnSync('sh', [script, '--help'], { encoding: 'utf8' });
  const help = helpText(SHOWPATH, { styles: outputStyles('never'), width: 80, everywhere: [] });
  expect(stdout).toBe(`${help}\n`);
});

/** The words of each call of a program of ours in a line of shell, which is run with stand-ins. */
function callsIn(line: string, directory: string): readonly (readonly string[])[] {
  const record = join(directory, 'calls');
  writeFileSync(record, '');
  const names = all.map(({ described: { name } }) => name);
  const script = `
    ${names.map((name) => `${name}() { printf '%s\\0' ${name} "$@" '|' >> '${record}'; }`).join('\n')}
    source() { cat "$1" > /dev/null; }; ssh() { shift; "$@"; }; setenv() { :; }; alias eval=:
    ${line.replace(/ > \S+$/, '')}`;
  spawnSync('bash', ['-c', script], {
    cwd: directory,
    env: { HOME: directory, PATH: '/usr/bin:/bin' },
  });
  const calls = readFileSync(record, 'utf8').split('|\0').slice(0, -1);
  expect([line, calls.length]).toEqual([line, expect.toSatisfy((count) => count > 0)]);
  return calls.map((words) => words.split('\0').slice(0, -1));
}

/** Parses as the program would, as far as the words go: files that are not here are no matter. */
function parseAs(words: readonly string[]): void {
  const program = all.find((each) => each.described.name === words[0]);
  if (program === undefined) throw new Error(`no program ${words[0] ?? ''}`);
  const own =
    program.described.name === 'xh'
      ? words
          .slice(1)
          .findIndex((word, i, rest) => !word.startsWith('-') && rest[i - 1] !== '--root') + 1
      : 1;
  const command = program.commands.find(
    ({ name }) => name === `${words[0] ?? ''} ${words[own] ?? ''}`,
  );
  const syntax = command ?? program.described;
  const rest = command === undefined ? words.slice(1) : words.filter((_, i) => i > 0 && i !== own);
  try {
    parseWords(syntax, rest, {
      everywhere: command === undefined ? [] : program.everywhere,
      free: program.described.name !== 'xh',
    });
  } catch (error) {
    if (!(error instanceof XhError) || error.code !== 'E_LFU_RULES') throw error;
  }
}
