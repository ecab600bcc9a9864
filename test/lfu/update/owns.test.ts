/** `lfu owns`: who supplied an object, and who else has it. */
import { expect, test } from 'vitest';
import { freshSite, type TestSite } from './site.ts';

function updated(): TestSite {
  const site = freshSite();
  site.configure({ alpha: '', beta: '' });
  site.sh(`mkdir -p alpha/bin beta/bin beta/b; echo x > alpha/bin/x; echo y > beta/bin/y
    echo first > alpha/both; echo other, longer > beta/both; printf z > "$(printf 'beta/b/z\\377')"`);
  site.update();
  site.sh('touch slave/bin/own; ln -s slave local');
  return site;
}

test('names the master that supplied it, and those that offer it, too', () => {
  const site = updated();
  const { directory, slave } = site;
  const run = site.lfu('owns', 'slave/bin/x', 'slave/both', 'slave/bin', 'local/bin/y', 'local');
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(run.stdout).toBe(`${slave}/bin/x: alpha (${directory}/alpha/bin/x)
${slave}/both: alpha (${directory}/alpha/both)
    offered by beta (${directory}/beta/both), too
${slave}/bin: alpha (${directory}/alpha/bin)
    offered by beta (${directory}/beta/bin), too
${directory}/local/bin/y: beta (${directory}/beta/bin/y)
${directory}/local: alpha (${directory}/alpha)
    offered by beta (${directory}/beta), too
`);
});

test('says when nobody did, or it is not there, exit 1', () => {
  const site = updated();
  const run = site.lfu('owns', 'slave/bin/own', 'slave/nothing', 'alpha/bin/x');
  expect(run.status).toBe(1);
  expect(run.stdout).toBe(`${site.slave}/bin/own: no master supplied it
${site.slave}/nothing: no master supplied it (not there now)
`);
  expect(run.stderr).toBe(`lfu: ${site.directory}/alpha/bin/x: not in any slave\n`);
  site.sh('rm slave/bin/x');
  expect(site.lfu('owns', 'slave/bin/x').stdout).toMatch(/x: alpha \(.*\) \(not there now\)\n$/);
  expect(site.lfu('owns')).toMatchObject({ status: 2, stdout: '' });
});

test('--json is for programs, names of any bytes too', () => {
  const site = updated();
  const record = (word: string): unknown => JSON.parse(site.lfu('owns', '--json', word).stdout);
  expect(record('slave/both')).toEqual({
    path: `${site.slave}/both`,
    slave: site.slave,
    below: 'both',
    there: true,
    supplier: { name: 'alpha', path: `${site.directory}/alpha`, configured: true },
    offeredBy: [
      { name: 'alpha', path: `${site.directory}/alpha`, configured: true },
      { name: 'beta', path: `${site.directory}/beta`, configured: true },
    ],
  });
  expect(record('/etc')).toMatchObject({ slave: null, supplier: null, offeredBy: [] });
  const odd = site.sh(`cd slave/b; for f in *; do node ${LFU} owns --json "$f"; done`);
  expect(JSON.parse(odd)).toMatchObject({
    below: { base64: 'Yi96/w==' },
    supplier: { name: 'beta' },
  });
});

test('--strays prints what no master has supplied, the outermost of it', () => {
  const site = updated();
  site.sh('mkdir -p slave/dir/deep; touch slave/dir/deep/f');
  expect(site.lfu('owns', '--strays').lines).toEqual([
    `${site.slave}/bin/own`,
    `${site.slave}/dir`,
  ]);
  expect(site.lfu('owns', '--strays', '--json', 'slave').lines).toEqual([
    `{"path":"${site.slave}/bin/own"}`,
    `{"path":"${site.slave}/dir"}`,
  ]);
  expect(site.lfu('owns', '--strays', 'alpha')).toMatchObject({ status: 2, stdout: '' });
});

test('asks the masters of the configuration where there is no ledger', () => {
  const site = freshSite();
  site.configure({ alpha: '', beta: '' });
  site.sh('touch alpha/a beta/a beta/c; mkdir slave');
  const { lines } = site.lfu('owns', 'slave/a', 'slave/c');
  expect(lines.map((line) => line.replaceAll(site.directory, ''))).toEqual([
    '/slave/a: alpha (/alpha/a) (not there now)',
    '    offered by beta (/beta/a), too',
    '/slave/c: beta (/beta/c) (not there now)',
  ]);
});

const LFU = `${import.meta.dirname}/../../../dist/lfu.cjs`;
