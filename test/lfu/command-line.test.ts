/** The command line: what each option does in a word, and what is said about one that is wrong. */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TESTS } from '../../src/lfu/rules/tests.ts';
import { ACTIONS } from '../../src/lfu/rules/actions.ts';
import { freshTrees, lfuCommand, runLfu, type Run, type Trees } from './trees.ts';

/** A master with a little of everything, and a slave in which as much has to go as to come. */
function plantedTrees(): Trees {
  const trees = freshTrees();
  trees.sh(`mkdir -p master/d slave; echo one > master/d/one; echo two > master/two
    ln -s two master/link; touch slave/old1 slave/old2 slave/old3 slave/old4
    touch -d @9 master`);
  return trees;
}

describe('what is wrong is told, exit 2, and nothing is touched', () => {
  test.each<[readonly string[], string]>([
    [[], 'MASTER and SLAVE are wanted, none given'],
    [['one'], 'MASTER and SLAVE are wanted, 1 given'],
    [['one', 'two', 'three'], 'MASTER and SLAVE are wanted, 3 given'],
    [['--cheksum', 'MASTER', 'SLAVE'], "did you mean '--checksum'?"],
    [['-x', 'MASTER', 'SLAVE'], "unknown option '-x'"],
    [['--max-delete', '5x', 'MASTER', 'SLAVE'], '--max-delete 5x is no number'],
    [['--max-delete', '1.5', 'MASTER', 'SLAVE'], '--max-delete 1.5 is no number'],
    [['--max-delete', '-1', 'MASTER', 'SLAVE'], '--max-delete -1 is no number'],
    [['--max-delete'], "'--max-delete <n|p%>' argument missing"],
    [['--bwlimit', 'fast', 'MASTER', 'SLAVE'], '--bwlimit fast is no rate'],
    [['--bwlimit', '0', 'MASTER', 'SLAVE'], '--bwlimit 0 is no rate'],
    [['--bwlimit', '10MB', 'MASTER', 'SLAVE'], '--bwlimit 10MB is no rate'],
    [['--jobs', '0', 'MASTER', 'SLAVE'], '--jobs 0 is no number'],
    [['--jobs', 'two', 'MASTER', 'SLAVE'], '--jobs two is no number'],
    [['--color', 'blue', 'MASTER', 'SLAVE'], 'Allowed choices are auto, always, never'],
    [['-f', '/nonexistent', 'MASTER', 'SLAVE'], 'the rules /nonexistent cannot be read: ENOENT'],
    [['-e', 'name=a { lnik; }', 'MASTER', 'SLAVE'], "did you mean 'link'?"],
    [['--netgroup', '/nonexistent', '-e', 'owner=@x {}', 'MASTER', 'SLAVE'], '/nonexistent'],
    [['--log', '/nonexistent/log', 'MASTER', 'SLAVE'], 'the log cannot be written'],
    [['--marker', 'other', 'MASTER', 'SLAVE'], "is not marked as 'other'"],
    [['MASTER/two', 'SLAVE'], 'MASTER/two'],
    [['/nonexistent', 'SLAVE'], '/nonexistent'],
    [['MASTER', 'SLAVE/no/parent'], 'SLAVE/no'],
  ])('%j', (words, said) => {
    const trees = plantedTrees();
    const real = (text: string): string =>
      text.replace('MASTER', trees.master).replace('SLAVE', trees.slave);
    const isPlain = words.length < 2 || words[0] === 'one';
    const run = runLfu(isPlain ? words : words.map(real), trees.directory);
    expect([2, 3]).toContain(run.status);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain(isPlain ? said : real(said));
    expect(run.stderr).not.toMatch(/^ {4}at /m);
    expect(readdirSync(trees.slave)).toEqual(['old1', 'old2', 'old3', 'old4']);
  });
});

describe('options', () => {
  const whole = [
    'make d new d',
    'copy f new d/one',
    'copy f new two',
    'link l new link -> two',
    'delete f absent old1',
    'delete f absent old2',
    'delete f absent old3',
    'delete f absent old4',
    'set d mtime .',
  ];

  test.each<[string, readonly string[], (run: Run, trees: Trees) => void]>([
    [
      'without any nothing is printed',
      [],
      (run) => {
        expect(run.stdout).toBe('');
      },
    ],
    [
      '-i has a line for each change',
      ['-i'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '--itemize is the same',
      ['--itemize'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '-n prints the same',
      ['-n'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '--dry-run, too',
      ['--dry-run'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '-q takes nothing from standard output',
      ['-qi'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '--max-delete N that is enough',
      ['--max-delete', '4', '-i'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '--max-delete P% that is enough',
      ['--max-delete=100%', '-i'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '--numeric-ids is accepted',
      ['--numeric-ids', '-i'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '--bwlimit in bytes, k, M and G',
      ['--bwlimit', '1000000', '--bwlimit', '64k', '--bwlimit=10M', '--bwlimit', '1G', '-i'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '-f may be a script without rules',
      ['-f', '/dev/null', '-i'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '--jobs, --fsync, --keep-going, --no-owner',
      ['--jobs', '2', '--fsync', '--keep-going', '--no-owner', '-i'],
      (run) => {
        expect(run.lines).toEqual(whole);
      },
    ],
    [
      '-v has a summary on standard error',
      ['-v'],
      (run) => {
        expect(run.stdout).toBe('');
        expect(run.stderr).toMatch(
          /^lfu: 9 changes in [0-9.]+ s: 2 copied \(8 bytes\), 1 made, 1 linked, 1 set, 4 deleted; 4 objects on the master, 4 on the slave\n$/,
        );
      },
    ],
    [
      '-nv says what would be',
      ['-nv'],
      (run) => {
        expect(run.stderr).toMatch(/^lfu: 9 changes to make: 2 to copy \(8 bytes\), 1 to make, /);
      },
    ],
    [
      '--json has an object for each, and the figures',
      ['--json'],
      (run) => {
        expect(run.lines).toHaveLength(10);
        const { summary } = JSON.parse(run.lines.at(-1) ?? '') as { summary: object };
        expect(summary).toMatchObject({ exit: 0, changes: 9, removals: 4, bytes: 8, problems: 0 });
        expect(summary).toMatchObject({
          kinds: { copy: 2, delete: 4 },
          left: { copy: 0, delete: 0 },
        });
      },
    ],
    [
      '--log has them with their times',
      ['--log', 'LOG'],
      (_run, { directory }) => {
        const log = readFileSync(join(directory, 'LOG'), 'utf8').trimEnd().split('\n');
        expect(log.map((line) => line.split(' ').slice(2).join(' '))).toEqual(whole);
      },
    ],
  ])('%s', (_what, options, check) => {
    const trees = plantedTrees();
    const run = runLfu([...options, 'master', 'slave'], trees.directory);
    expect(run.status).toBe(0);
    if (!options.some((word) => word.includes('v'))) expect(run.stderr).toBe('');
    check(run, trees);
    if (!options.some((word) => /^-n|^--dry/.test(word))) expect(trees.difference()).toBe('');
  });

  test.each([['3'], ['79%'], ['0'], ['0%']])('--max-delete %s refuses the run, exit 3', (most) => {
    const trees = plantedTrees();
    const run = trees.lfu('--max-delete', most, '-i');
    expect(run).toMatchObject({ status: 3, stdout: '' });
    expect(run.stderr).toContain('4 objects would be deleted, more than --max-delete');
    expect(readdirSync(trees.slave)).toEqual(['old1', 'old2', 'old3', 'old4']);
    const json = trees.lfu('--max-delete', most, '--json');
    expect(json.lines.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({ error: 'E_LFU_MAX_DELETE', exit: 3 }),
    ]);
  });

  test('-f and -e are read in the order given, and the last word counts', () => {
    const trees = plantedTrees();
    writeFileSync(join(trees.directory, 'rules'), 'name=two { link; source /from/f; }');
    const lines = (...options: readonly string[]): readonly string[] =>
      runLfu(['-n', ...options, 'master', 'slave'], trees.directory).lines;
    const asText = ['-e', 'name=two { link; source /from/e; }'] as const;
    expect(lines('-f', 'rules', ...asText)).toContain('link l new two -> /from/e/two');
    expect(lines(...asText, '-f', 'rules')).toContain('link l new two -> /from/f/two');
  });

  test('-f - is standard input', () => {
    const trees = plantedTrees();
    const [node, ...words] = lfuCommand('-f', '-', '-n', 'master', 'slave');
    const said = trees.sh(`echo 'name~old* | name=d { ignore; }' | ${node} ${words.join(' ')}`);
    expect(said).toBe('copy f new two\nlink l new link -> two\nset d mtime .\n');
  });

  test('--netgroup names files that are asked before the system’s', () => {
    const trees = plantedTrees();
    writeFileSync(join(trees.directory, 'groups'), 'mine (,root,)\n');
    const run = trees.lfu(
      '--netgroup',
      join(trees.directory, 'groups'),
      '-n',
      '-e',
      'owner=@mine { ignore; }',
    );
    expect(run).toMatchObject({ status: 0, stdout: 'set d mtime .\n' });
  });

  test('--check reads the rules and runs nothing, with two trees or without', () => {
    const trees = plantedTrees();
    const rules = ['-e', 'name=a { ignore; } name=b { delete; }'] as const;
    for (const words of [[], [trees.master, trees.slave]]) {
      expect(runLfu(['--check', ...rules, ...words])).toMatchObject({
        status: 0,
        stdout: '',
        stderr: 'lfu: the rules are right (2 rules)\n',
      });
    }
    expect(runLfu(['--check', '-e', 'owner=@nobody-knows { ignore; }']).status).toBe(2);
    expect(readdirSync(trees.slave)).toHaveLength(4);
  });

  test('a run that finds nothing to do says nothing at all, and with -v that it did', () => {
    const trees = plantedTrees();
    trees.lfu();
    expect(trees.lfu('-i')).toEqual({ status: 0, stdout: '', stderr: '', lines: [] });
    expect(trees.lfu('-v').stderr).toMatch(/^lfu: nothing changed in [0-9.]+ s; 4 objects/);
    const [summary, ...more] = trees.lfu('--json').lines;
    expect(more).toEqual([]);
    expect(JSON.parse(summary ?? '')).toMatchObject({ summary: { exit: 0, changes: 0 } });
  });

  test('--json tells problems with their codes, beside what is said for people', () => {
    const trees = plantedTrees();
    const run = trees.lfu('--json', '-e', 'name=two { error "not this"; }');
    expect(run).toMatchObject({ status: 1 });
    expect(run.stderr).toContain('lfu: two: not this\n');
    expect(run.lines.map((line): unknown => JSON.parse(line))).toContainEqual({
      problem: 'E_LFU_RULE',
      path: 'two',
      message: 'not this',
    });
  });
});

describe('help', () => {
  test('names every option with examples, and the exit codes', () => {
    const { status, stdout, stderr } = runLfu(['--help']);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const options = `-f -e --netgroup --dry-run --itemize --json --checksum --max-delete --one-file-system
      --numeric-ids --no-owner --keep-going --fail-fast --fsync --jobs --bwlimit --check --log --marker
      --root --verbose --quiet --color --version --help`;
    for (const option of options.split(/\s+/)) expect(stdout).toContain(option);
    for (const word of ['Examples', 'Exit codes', 'Ctrl-C']) expect(stdout).toContain(word);
  });

  test('--help-rules names every test and every action', () => {
    const { status, stdout } = runLfu(['--help-rules']);
    expect(status).toBe(0);
    const text = stdout.replaceAll(/\s+/g, ' ');
    for (const { key, summary } of TESTS) {
      expect(stdout).toMatch(new RegExp(`^  ${key} .*`, 'm'));
      expect(text).toContain(summary);
    }
    for (const { word, summary } of ACTIONS) {
      expect(stdout).toMatch(new RegExp(`^  ${word} .*`, 'm'));
      expect(text).toContain(summary);
    }
  });

  test('--version is one line', () => {
    expect(runLfu(['--version']).stdout).toMatch(/^lfu \d+\.\d+\.\d+\n$/);
  });
});
