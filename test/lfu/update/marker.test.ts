/** The identity of a master: an unmounted one is known even when something stands in its place. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freshSite, type TestSite } from './site.ts';

function marked(option = 'marker = true'): TestSite {
  const site = freshSite();
  site.configure({ one: option });
  site.sh('touch one/f; mkdir slave; touch slave/old');
  return site;
}

test('a master that is to be marked and is not is refused, nothing touched', () => {
  const site = marked();
  const run = site.update();
  expect(run).toMatchObject({ status: 3, stdout: '' });
  expect(run.stderr).toContain("one is not marked as 'one'");
  expect(run.stderr).toContain(`lfu mark ${site.directory}/one one`);
  expect(site.paths()).toEqual(['old']);
  expect(site.lfu('mark', 'one')).toMatchObject({ status: 0, stdout: 'one\n', stderr: '' });
  expect(site.update().status).toBe(0);
  expect(site.paths()).toEqual(['f']);
});

test('a master that is another one, or an empty place, is refused', () => {
  const site = marked('marker = "main"');
  expect(site.lfu('mark', 'one', 'main').status).toBe(0);
  expect(site.update().status).toBe(0);
  site.sh('mv one away; mkdir one; touch one/something');
  expect(site.update().status).toBe(3);
  site.lfu('mark', 'one', 'backup');
  const run = site.update();
  expect(run.status).toBe(3);
  expect(run.stderr).toContain("one is 'backup', not 'main'");
  expect(site.paths()).toEqual(['f']);
  site.sh('rm -r one; mv away one');
  expect(site.update()).toMatchObject({ status: 0, stdout: '' });
});

test.each([
  'echo one > elsewhere; ln -s ../elsewhere one/.lfu-master',
  'mkdir one/.lfu-master',
  'head -c 10000 /dev/zero > one/.lfu-master',
  'mkfifo one/.lfu-master',
])('what is no marker is none: %s', (script) => {
  const site = marked();
  site.sh(script);
  expect(site.update().status).toBe(3);
  expect(site.lfu('mark', 'one').stderr).toContain('already');
});

test('lfu --marker demands one for a plain run', () => {
  const site = marked();
  expect(site.lfu('--marker', 'one', 'one', 'copy').status).toBe(3);
  expect(existsSync(join(site.directory, 'copy'))).toBe(false);
  site.lfu('mark', 'one');
  expect(site.lfu('--marker', 'one', 'one', 'copy').status).toBe(0);
});

test('a marker is not copied, and that of a slave, which may be a master too, is left alone', () => {
  const site = marked();
  site.lfu('mark', 'one');
  site.sh('mkdir one/d; echo > one/d/.lfu-master');
  expect(site.lfu('mark', 'slave', 'second')).toMatchObject({ status: 0 });
  expect(site.update().status).toBe(0);
  expect(readFileSync(join(site.slave, '.lfu-master'), 'utf8')).toBe('second\n');
  // below the root it is a file like others
  expect(site.paths()).toEqual(['.lfu-master', 'd/', 'd/.lfu-master', 'f']);
  expect(site.update()).toMatchObject({ status: 0, stdout: '' });
  expect(site.update('-c')).toMatchObject({ status: 0, stdout: '' });
  // a copy of the copy knows the second as its master
  expect(site.lfu('--marker', 'second', 'slave', 'third').status).toBe(0);
  expect(existsSync(join(site.directory, 'third/.lfu-master'))).toBe(false);
  expect(site.lfu('owns', '--strays').stdout).toBe('');
});

test('lfu mark takes the name of the configuration, and changes one only when forced', () => {
  const site = marked();
  expect(site.lfu('mark', '--print', 'one')).toMatchObject({ status: 1, stdout: '' });
  expect(site.lfu('mark', `${site.directory}/one/`)).toMatchObject({ status: 0, stdout: 'one\n' });
  expect(site.lfu('mark', 'one', 'other')).toMatchObject({ status: 3, stdout: '' });
  expect(site.lfu('mark', '--print', 'one').stdout).toBe('one\n');
  expect(site.lfu('mark', '--force', '--json', 'one', 'other').stdout).toBe(
    `{"path":"${site.directory}/one","name":"other"}\n`,
  );
  expect(site.lfu('mark', 'one', 'no name')).toMatchObject({ status: 2, stdout: '' });
  expect(site.lfu('mark', 'nowhere')).toMatchObject({ status: 2, stdout: '' });
  site.sh('mkdir plain-name');
  expect(site.lfu('mark', 'plain-name').stdout).toBe('plain-name\n');
});
