import { describe, expect, it } from 'vitest';
import type { Bytes } from '../../../src/bytes/bytes.ts';
import {
  failure,
  findingsOf,
  listing,
  planDeb,
  planTar,
  refusals,
  type Members,
} from './sample.ts';
import {
  directory,
  file,
  gnuLong,
  hardLink,
  link,
  pax,
  program,
  type TarMemberText,
} from './tar-writer.ts';

/** Honest members that every hostile one is hidden among. */
const HONEST: Members = [directory('./'), directory('./usr/'), program('./usr/bin/good')];

function hostile(...members: Members): Promise<string[]> {
  return refusals(planDeb([...HONEST, ...members]));
}

describe('names that leave the software', () => {
  it.each<[string, TarMemberText | Buffer, string]>([
    ['..', file('usr/../../etc/passwd'), 'E_IMPORT_PARENT usr/../../etc/passwd'],
    ['.. at the start', file('../evil'), 'E_IMPORT_PARENT ../evil'],
    ['.. alone', directory('./..'), 'E_IMPORT_PARENT ..'],
    ['/', file('/etc/passwd'), 'E_IMPORT_ABSOLUTE /etc/passwd'],
    ['several slashes', file('//etc//passwd'), 'E_IMPORT_ABSOLUTE /etc/passwd'],
    ['nothing', file(''), 'E_IMPORT_NAME '],
    ['.', link('.', 'usr'), 'E_IMPORT_NAME '],
  ])('refuses %s', async (_, member, reason) => {
    expect(await hostile(member)).toContain(reason);
  });

  it('refuses a NUL in a name, which would end it for the system', async () => {
    expect(await hostile(pax({ path: 'a\0b' }), file('x'))).toEqual(['E_IMPORT_NAME a\\x00b']);
  });

  it('takes a backslash for the ordinary character that it is', async () => {
    const plan = await planDeb([...HONEST, file('usr/share/x/..\\..\\evil')]);
    expect(listing(plan)).toEqual(['bin/good', 'share/x/..\\\\..\\\\evil']);
  });

  it('takes names of 255 bytes and refuses those of 256', async () => {
    const fits = 'n'.repeat(255);
    const plan = await planDeb([...HONEST, gnuLong('L', `usr/share/${fits}`), file('x')]);
    expect(listing(plan)).toContain(`share/${fits}`);
    const [reason] = await hostile(gnuLong('L', `usr/share/${fits}n`), file('x'));
    expect(reason).toMatch(/^E_IMPORT_LONG usr\/share\/n{256}$/);
    const deep = `${'d/'.repeat(2100)}f`;
    expect((await hostile(gnuLong('L', deep), file('x')))[0]).toMatch(/^E_IMPORT_LONG d\/d/);
  });

  it('shows names that would drive a terminal as escapes', async () => {
    const plan = await planDeb([...HONEST, file('usr/share/\x1b]0;owned\x07\n')]);
    expect(findingsOf(plan, 'IMPORT_CONTROL_CHARACTERS')).toEqual([
      'usr/share/\\e]0;owned\\x07\\n: control characters in the name',
    ]);
    const error = await failure(planDeb([...HONEST, file('../\x1b[2J\r')]));
    expect(error.message).not.toMatch(/[\0-\x09\x0b-\x1f]/);
    expect(error.message).toContain('../\\e[2J\\r');
  });

  it('notes names that are one on other file systems, and keeps them apart', async () => {
    const composed = 'usr/share/caf\xc3\xa9' as Bytes;
    const decomposed = 'usr/share/cafe\xcc\x81' as Bytes;
    const plan = await planDeb([...HONEST, file(composed), file(decomposed), file('usr/BIN/good')]);
    expect(listing(plan)).toHaveLength(4);
    expect(findingsOf(plan, 'IMPORT_LIKE_NAMES').join()).toContain('so do 1 more');
  });
});

describe('links that lead astray', () => {
  it('refuses a member that goes through a link, wherever in the archive the link stands', async () => {
    const evil = [link('usr/share/x', '/etc'), file('usr/share/x/passwd')];
    expect(await hostile(...evil)).toEqual(['E_IMPORT_THROUGH_LINK usr/share/x/passwd']);
    expect(await hostile(...evil.toReversed())).toEqual([
      'E_IMPORT_THROUGH_LINK usr/share/x/passwd',
    ]);
    const inside = [link('usr/share/x', 'y'), directory('usr/share/y'), file('usr/share/x/a/b/c')];
    expect(await hostile(...inside)).toEqual(['E_IMPORT_THROUGH_LINK usr/share/x/a/b/c']);
  });

  it('refuses a member below a file', async () => {
    expect(await hostile(file('usr/bin/good/more'))).toEqual([
      'E_IMPORT_THROUGH_LINK usr/bin/good/more',
    ]);
  });

  it('refuses a name that changes its type', async () => {
    expect(await hostile(directory('usr/x'), link('usr/x', '/etc'), file('usr/x/passwd'))).toEqual([
      'E_IMPORT_TYPE_CHANGE usr/x',
      'E_IMPORT_THROUGH_LINK usr/x/passwd',
    ]);
    expect(await hostile(link('usr/bin/good', '/bin/sh'))).toEqual([
      'E_IMPORT_TYPE_CHANGE usr/bin/good',
    ]);
  });

  it('lets the last of several files of one name count', async () => {
    const plan = await planDeb([...HONEST, program('usr/bin/good', '#!/bin/sh\necho later\n')]);
    expect(listing(plan)).toEqual(['bin/good']);
    expect(plan.objects.find(({ path }) => path === 'bin/good')).toMatchObject({ size: 21 });
    expect(findingsOf(plan, 'IMPORT_TWICE')).toHaveLength(1);
  });

  it('refuses relative links above the root, through other links too', async () => {
    expect(await hostile(link('usr/up', '../../x'))).toEqual(['E_IMPORT_LINK_ESCAPES usr/up']);
    expect(
      await hostile(
        directory('a/b/c'),
        link('short', 'a/b/c'),
        link('evil', 'short/../../../../x'),
      ),
    ).toEqual(['E_IMPORT_LINK_ESCAPES evil']);
    // the same text without the link on the way would stay inside
    const plan = await planDeb([...HONEST, file('x/a'), link('usr/y/z/w', '../../../x/a')]);
    expect(plan.objects.find(({ path }) => path === 'usr/y/z/w')).toMatchObject({
      target: '../../../x/a',
    });
  });

  it('refuses absolute links of software from nowhere, unless they are allowed', async () => {
    const members = [program('foo-1.0/bin/foo'), link('foo-1.0/lib/key', '/etc/shadow')];
    expect(await refusals(planTar(members))).toEqual(['E_IMPORT_LINK_ABSOLUTE foo-1.0/lib/key']);
    const plan = await planTar(members, { allowOutsideLinks: true });
    expect(listing(plan)).toContain('lib/key -> /etc/shadow');
    expect(findingsOf(plan, 'IMPORT_LINK_OUTSIDE')).toHaveLength(1);
  });

  it.each(['', '\0', `x${'/y'.repeat(2100)}`])(
    'refuses links whose target is none (%#)',
    async (to) => {
      expect(
        await hostile(pax({ linkpath: to }), gnuLong('L', 'usr/l'), link('usr/l', '')),
      ).toEqual(['E_IMPORT_LINK usr/l']);
    },
  );

  it('survives links in circles', async () => {
    const plan = await planDeb([
      ...HONEST,
      link('usr/a', 'b'),
      link('usr/b', 'a'),
      link('usr/c', 'c'),
      link('usr/d', 'd/x/y'),
      link('usr/e', 'f/x'),
      link('usr/f', 'e/x'),
    ]);
    expect(listing(plan)).toHaveLength(7);
    expect(findingsOf(plan, 'IMPORT_LINK_DANGLING').length).toBeGreaterThan(0);
  });

  it.each([
    ['to the outside', '/etc/passwd'],
    ['above', '../etc/passwd'],
    ['to nothing', 'usr/bin/nothing'],
    ['to a directory', 'usr'],
    ['to itself', 'usr/hard'],
  ])('refuses hard links %s', async (_, target) => {
    expect(await hostile(hardLink('usr/hard', target))).toEqual(['E_IMPORT_HARD_LINK usr/hard']);
  });

  it('refuses hard links in a circle', async () => {
    const circle = [
      hardLink('usr/h', 'usr/bin/good'),
      hardLink('usr/i', 'usr/h'),
      hardLink('usr/h', 'usr/i'),
    ];
    expect(await hostile(...circle)).toEqual(['E_IMPORT_HARD_LINK usr/h']);
  });

  it('follows hard links however many there are in a row', async () => {
    const row = Array.from({ length: 3000 }, (_, i) =>
      hardLink(`usr/share/h${i}`, i === 0 ? 'usr/bin/good' : `usr/share/h${i - 1}`),
    );
    expect(listing(await planDeb([...HONEST, ...row]))).toHaveLength(3001);
  });

  it('refuses hard links to what comes later', async () => {
    expect(await hostile(hardLink('usr/hard', 'usr/later'), file('usr/later'))).toEqual([
      'E_IMPORT_HARD_LINK usr/hard',
    ]);
  });
});

describe('what is no software', () => {
  it('refuses devices', async () => {
    const devices = [
      { ...file('dev/kmem'), flag: '3' },
      { ...file('dev/sda'), flag: '4' },
    ];
    expect(await hostile(...devices)).toEqual([
      'E_IMPORT_DEVICE dev/kmem',
      'E_IMPORT_DEVICE dev/sda',
    ]);
  });

  it('leaves pipes out and says so', async () => {
    const plan = await planDeb([...HONEST, { ...file('run/pipe'), flag: '6' }]);
    expect(listing(plan)).toEqual(['bin/good']);
    expect(findingsOf(plan, 'IMPORT_PIPE')).toHaveLength(1);
  });

  it.each(['.admin/Install', 'export/sudoers.d/evil', '.admin', 'export'])(
    'refuses to let software bring the package file %s',
    async (name) => {
      expect(await refusals(planTar([program('bin/good'), file(name)]))).toEqual([
        `E_IMPORT_RESERVED ${name}`,
      ]);
    },
  );

  it('tells every reason at once, exit 3, and lists no more than people read', async () => {
    const members = Array.from({ length: 50 }, (_, i) => file(`../f${i}`));
    const error = await failure(planDeb([...HONEST, ...members, link('usr/l', '../../..')]));
    expect(error.exit).toBe(3);
    expect(error.code).toBe('E_IMPORT_REFUSED');
    expect(error.message).toContain('51 reasons');
    expect(error.message).toContain('and 31 more');
    expect(error.message.split('\n').length).toBeLessThan(30);
  });
});

describe('bombs', () => {
  it('stops at the limit of decompressed bytes', async () => {
    const members = [...HONEST, file('usr/zeros', Buffer.alloc(4_000_000))];
    const error = await failure(planDeb(members, { limits: { maxBytes: 1_000_000 } }));
    expect([error.exit, error.code]).toEqual([3, 'E_IMPORT_LIMIT']);
    expect(error.remedy).toContain('unpack');
  });

  it('stops at the limit of entries', async () => {
    const members = Array.from({ length: 20 }, (_, i) => file(`usr/f${i}`));
    const error = await failure(planDeb(members, { limits: { maxEntries: 10 } }));
    expect([error.exit, error.code]).toEqual([3, 'E_IMPORT_LIMIT']);
  });

  it('refuses names that are all directories', async () => {
    const members = Array.from({ length: 130 }, (_, i) => [
      gnuLong('L', `${i}${'/d'.repeat(2000)}`),
      file('x'),
    ]).flat();
    expect((await hostile(...members))[0]).toMatch(/^E_IMPORT_LIMIT/);
  });
});
