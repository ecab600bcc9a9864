/** An index that /etc/lfu.toml names stands for the master in the nightly run. */
import { expect, test } from 'vitest';
import { freshSite } from '../update/site.ts';

test('the nightly run reads it instead of looking at the master', () => {
  const site = freshSite();
  site.configure({ one: `index = "${site.directory}/one.index"`, two: '' });
  site.sh('mkdir -p one/d two; touch one/d/f two/g');
  const absent = site.update();
  expect(absent.status).toBe(2);
  expect(absent.stderr).toContain('lfu scan MASTER -o');
  expect(site.paths()).toEqual(['g']);
  expect(site.lfu('scan', 'one', '-o', 'one.index').status).toBe(0);
  site.sh('touch one/d/late; rm two/g; touch two/h');
  expect(site.update().status).toBe(0);
  expect(site.paths()).toEqual(['d/', 'd/f', 'h']);
  expect(site.update('-v').stderr).toMatch(/lfu: one: the index \S+ is of \d/);
  site.lfu('scan', 'one', '-o', 'one.index');
  expect(site.update().status).toBe(0);
  expect(site.paths()).toEqual(['d/', 'd/f', 'd/late', 'h']);
});
