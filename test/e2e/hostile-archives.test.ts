/** Archives and names made to do harm: refused or shown as what they are, and nothing outside the site root is written. */
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bins, command, makePackage, writeFiles } from '../depot/packages.ts';
import {
  directory,
  file,
  hardLink,
  link,
  program as programMember,
  tarOf,
  type TarMemberText,
} from '../package/import/tar-writer.ts';
import { expectTame, siteWithOutside } from './outside.ts';
import { xh, xhDone } from './xh.ts';

const place = siteWithOutside();

describe('archives', () => {
  const archive = (...members: readonly TarMemberText[]): string => {
    const path = join(place.top, 'evil-1.0.tar');
    writeFileSync(path, tarOf([directory('evil/'), programMember('evil/bin/good'), ...members]));
    return path;
  };

  test.each<[string, () => TarMemberText[], string]>([
    ['a name with ..', () => [file('evil/../../outside/new')], '..'],
    ['an absolute name', () => [file(`${place.outside}/new`)], 'absolute'],
    [
      'a link above the package and a file through it',
      () => [link('evil/x', '../../../outside'), file('evil/x/new')],
      'evil/x/new',
    ],
    [
      'a relative link that leads out',
      () => [link('evil/x', '../../../../../outside/secret')],
      'evil/x',
    ],
    ['an absolute link', () => [link('evil/x', `${place.outside}/secret`)], 'evil/x'],
    [
      'a hard link to what is no member',
      () => [hardLink('evil/x', `${place.outside}/secret`)],
      'evil/x',
    ],
    ['a character device', () => [{ name: 'evil/null', flag: '3' }], 'evil/null'],
    ['a block device', () => [{ name: 'evil/disk', flag: '4' }], 'evil/disk'],
    [
      'a name that changes from directory to link',
      () => [directory('evil/d'), link('evil/d', '/etc'), file('evil/d/x')],
      'evil/d',
    ],
  ])('with %s are refused whole', (_, members, says) => {
    const ran = expectTame(xh(place.root, 'import', archive(...members())));
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain(says);
    expect(existsSync(join(place.root, '.software/share/evil'))).toBe(false);
    expect(existsSync(join(place.root, '.software/arch'))).toBe(false);
  });

  test('with a FIFO leave it out and say so', () => {
    const ran = expectTame(xh(place.root, 'import', archive({ name: 'evil/pipe', flag: '6' })));
    expect(ran.status).toBe(0);
    expect(ran.stderr).toContain('warning: pipe: a fifo is left out');
    expect(existsSync(join(place.root, 'software/evil/pipe'))).toBe(false);
  });

  test('that are cut off or damaged are told as that', () => {
    const path = archive(file('evil/data', 'x'.repeat(2000)));
    const whole = readFileSync(path);
    for (const length of [1, 511, 512, 700, 2500]) {
      writeFileSync(path, whole.subarray(0, length));
      expect(expectTame(xh(place.root, 'import', path)).status, `${length}`).toBeGreaterThan(1);
      expect(existsSync(join(place.root, '.software/share/evil'))).toBe(false);
    }
  });
});

describe('names that would drive a terminal', () => {
  const NAME = 'a\u001b]0;owned\u0007\nb\u202ec\\d';
  const SHOWN = String.raw`a\e]0;owned\x07\nb\xe2\x80\xaec\\d`;

  test('are shown as escapes by every command, and are whole in JSON', () => {
    const stage = join(place.top, 'stage-1.0');
    const long = 'n'.repeat(255);
    writeFiles(stage, {
      [`bin/${NAME}`]: command('x'),
      [`bin/${long}`]: command('x'),
      [`share/${NAME}/data`]: 'x',
      [`man/man1/${NAME}.1`]: '.TH X 1\n',
    });
    expect(
      expectTame(xhDone(place.root, 'import', stage, '--name', 'evil', '--dry-run')).stdout,
    ).toContain('tree');
    expectTame(xhDone(place.root, 'import', stage, '--name', 'evil', '--verbose'));
    const dry = expectTame(xhDone(place.root, 'install', 'evil', '--dry-run', '--verbose'));
    expect(dry.stdout).toContain(SHOWN);
    expectTame(xhDone(place.root, 'install', 'evil', '--verbose', '--message', `why${NAME}`));
    expect(expectTame(xhDone(place.root, 'files', 'evil', '--long')).stdout).toContain(SHOWN);
    expect(expectTame(xhDone(place.root, 'files', 'evil', '--links')).stdout).toContain(SHOWN);
    expect(expectTame(xhDone(place.root, 'which', NAME)).stdout).toContain(SHOWN);
    expect(expectTame(xhDone(place.root, 'history')).stdout).toContain(SHOWN);
    expect(expectTame(xhDone(place.root, 'history', '1')).stdout).toContain(SHOWN);
    expectTame(xhDone(place.root, 'info', 'evil'));
    expectTame(xhDone(place.root, 'list'));
    const links = JSON.parse(xhDone(place.root, 'files', 'evil', '--links', '--json').stdout) as {
      path: string;
    }[];
    expect(links.map(({ path }) => path)).toContain(`/.software/local/.admin/bins/bin/${NAME}`);
    expect(links.some(({ path }) => path.endsWith(`/${long}`))).toBe(true);
    writeFileSync(join(place.root, 'mine'), 'x');
    rmSync(bins(place.root, NAME));
    symlinkSync(`/nowhere/${NAME}`, bins(place.root, NAME));
    expect(expectTame(xh(place.root, 'make-links')).stderr).toContain(SHOWN);
    rmSync(bins(place.root, NAME));
    expectTame(xhDone(place.root, 'make-links'));
    expectTame(xhDone(place.root, 'uninstall', 'evil'));
  });

  test.each([
    ['install', NAME],
    ['info', NAME],
    ['which', NAME],
    ['use', `a@${NAME}`],
    ['mkpkg', 'a', '--from', NAME],
    ['mkpkg', 'a', '--maintainer', NAME],
    ['import', NAME],
    ['prefer', NAME, 'gone'],
    ['prefer', '--drop', NAME],
    ['history', NAME],
    ['config', NAME],
    ['help', NAME],
    [NAME],
    ['list', `--${NAME}`],
    ['list', '--color', NAME],
    ['list', '--root', `/${NAME}`],
    ['list', NAME],
    ['list', '--lock-timeout', NAME],
  ])('are shown as escapes when they are typed: xh %j', (...words) => {
    expect(expectTame(xh(place.root, ...words)).stderr).not.toContain('defect');
  });

  test('in what a package says of itself', () => {
    makePackage(place.root, 'evil', {
      '.admin/Options': `version = 1\nsummary = S${NAME.replace('\n', '')}\nhomepage = http://x/\u001b[2J\n`,
      '.admin/Maintainer': '"\u001b[31m" <a@example.org>\n',
      '.admin/Dependencies': `${NAME.replace('\n', '')}\n`,
    });
    for (const words of [['list'], ['info', 'evil'], ['install', 'evil'], ['list', '--json']]) {
      expect(expectTame(xh(place.root, ...words)).stderr).not.toContain('defect');
    }
  });
});
