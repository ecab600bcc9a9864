/** A site's own elements of the path table, from its configuration to a user's PATH. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { siteThatStays, temporaryDirectory } from '../site.ts';
import { program, xh, xhDone } from './xh.ts';

const at = siteThatStays();
const [x11, x11Man, teX, admin] = ['X11/bin', 'X11/man', 'TeX/bin', 'X11/sbin'].map((name) => {
  mkdirSync(join(at, name), { recursive: true });
  return join(at, name);
});

function configured(text: string): string {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/xhier.toml'), text);
  return root;
}

const ELEMENTS = `
[path-elements.x11]
bin = ["${x11}", "${at}/not-there"]
maintenance = ["${admin}"]
man = ["${x11Man}"]

[path-elements.standard-tex]
bin = ["${teX}"]
`;

test('what the configuration names can be asked for by name and by pattern', () => {
  const root = configured(ELEMENTS);
  xhDone(root, 'make-links');
  const showpath = (...words: string[]) => {
    const ran = program('showpath', root, words);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    return ran.stdout.trimEnd();
  };
  expect(showpath('x11')).toBe(x11);
  expect(showpath('x*', 'usedby=maintainer')).toBe(`${x11}:${admin}`);
  expect(showpath('class=man', 'x11')).toBe(x11Man);
  expect(showpath('standard*')).toBe(`${showpath('standard')}:${teX}`);
  expect(showpath('*')).toBe(`${showpath('standard')}:${x11}:${teX}`);
});

test('a change of the configuration is there after the next make-links', () => {
  const root = configured(ELEMENTS);
  xhDone(root, 'make-links');
  writeFileSync(join(root, 'etc/xhier.toml'), `[path-elements.x11]\nbin = ["${teX}"]\n`);
  xhDone(root, 'make-links');
  expect(program('showpath', root, ['x11', 'standard-tex']).stdout).toBe(`${teX}\n`);
});

test('xh config shows them with the line of each', () => {
  const root = configured(ELEMENTS);
  const { stdout } = xhDone(root, 'config', '--json');
  expect(JSON.parse(stdout)).toContainEqual({
    name: 'path-elements.x11',
    value: { bin: [x11, `${at}/not-there`], maintenance: [admin], man: [x11Man] },
    origin: `${root}/etc/xhier.toml:2`,
  });
});

test.each([
  ['[path-elements.standard]', 'other than standard'],
  ['[path-elements."a b"]', 'expected a name of letters'],
  ['[path-elements.x11]\nbin = "/usr/X11/bin"', 'path-elements.x11.bin'],
  ['[path-elements.x11]\nbin = ["X11/bin"]', 'an absolute path'],
])('what cannot be one is refused with its line: %s', (text, said) => {
  const ran = xh(configured(`${text}\n`), 'make-links');
  expect(ran).toMatchObject({ status: 2, stdout: '' });
  expect(ran.stderr).toContain(said);
  expect(ran.stderr).toMatch(/etc\/xhier\.toml:\d+:\d+/);
});
