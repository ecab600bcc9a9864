import { describe, expect, it } from 'vitest';
import { b, toText, type Bytes } from '../../../src/bytes/bytes.ts';
import { planImport } from '../../../src/package/import/import.ts';
import { plannedContents } from '../../../src/package/import/plan.ts';
import { findingsOf, planDeb, planTar, sampleFile, type Members } from './sample.ts';
import { file, hardLink, link, program, tarOf } from './tar-writer.ts';

const HOST = new Set(['/bin/sh', '/usr/bin/env', '/usr/bin/perl']);
const hostHas = (path: Bytes): boolean => HOST.has(path);

/** A compiled program with `text` in it. */
function compiled(text: string): Buffer {
  const start = Buffer.from('7f454c4602010100000000000000000003003e0001000000', 'hex');
  return Buffer.concat([start, Buffer.from(text, 'latin1'), Buffer.alloc(64)]);
}

describe('interpreters', () => {
  it('that are not there are told, and those at the old place of the software itself', async () => {
    const plan = await planDeb(
      [
        program('usr/bin/ok', '#! /bin/sh -e\n'),
        program('usr/bin/perl-ok', '#!/usr/bin/env -S perl -w\n'),
        program('usr/bin/none', '#!/usr/bin/python\nx'),
        program('usr/bin/env-none', '#!/usr/bin/env\tA=1 ruby\n'),
        program('usr/bin/env-own', '#!/usr/bin/env own\n'),
        file('usr/bin/own', compiled(''), 0o755),
        program('usr/bin/script', '#!/usr/bin/own --flag\n'),
        program('usr/bin/merged', '#!/bin/own\n'),
        program('usr/bin/odd', '#!\x1b[2J'),
        file('usr/share/doc/sample/example', '#!/nowhere\n'),
      ],
      { hostHas },
    );
    expect(findingsOf(plan, 'IMPORT_SHEBANG')).toEqual([
      'usr/bin/none: begins with #!/usr/bin/python: there is no such interpreter',
      'usr/bin/env-none: begins with #!/usr/bin/env A=1 ruby: there is no ruby',
      'usr/bin/script: begins with #!/usr/bin/own --flag: the old place of a part of this software',
      'usr/bin/merged: begins with #!/bin/own: the old place of a part of this software',
      'usr/bin/odd: begins with #!\\e[2J: there is no such interpreter',
    ]);
    const script = plan.findings.find(({ path }) => path === 'usr/bin/script');
    expect(script?.remedy).toBe('let it begin with #!/software/sample/bin/own');
  });
});

describe('old places', () => {
  it('are found in texts and in programs, with their number and the first place', async () => {
    const plan = await planDeb([
      program(
        'usr/bin/script',
        '#!/bin/sh\n\ncat /usr/share/sample/a /usr/share/sample/b\n. "/usr/share/sample/a"\n',
      ),
      file('usr/bin/binary', compiled('\0/usr/share/sample\0/usr/lib/sample/%s\0'), 0o755),
      file('usr/share/sample/a'),
      file('usr/lib/x86_64-linux-gnu/sample/x'),
      file('usr/lib/sample/y'),
      file('usr/share/man/man1/script.1', 'see /usr/share/sample/a.'),
    ]);
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE')).toEqual([
      'usr/bin/script: names /usr/share/sample/a 2 times, first in line 3; now /software/sample/share/sample/a',
      'usr/bin/script: names /usr/share/sample in line 3; now /software/sample/share/sample',
      'usr/bin/binary: names /usr/share/sample in byte 25; now /software/sample/share/sample',
      'usr/bin/binary: names /usr/lib/sample in byte 43; now /software/sample/lib/sample',
      'usr/share/man/man1/script.1: names /usr/share/sample/a in line 1; now /software/sample/share/sample/a',
    ]);
    const severities = plan.findings.filter(({ code }) => code === 'IMPORT_OLD_PLACE');
    expect(severities.map(({ severity }) => severity)).toEqual([
      'warning',
      'warning',
      'warning',
      'warning',
      'note',
    ]);
  });

  it('are not what all software names, nor longer names that begin alike', async () => {
    const plan = await planDeb([
      program(
        'usr/bin/x',
        '/usr/bin /usr/share /usr/lib/x86_64-linux-gnu /etc /usr/share/samples/a /usrs/share/sample',
      ),
      file('usr/share/sample/a'),
      file('etc/sample.conf'),
    ]);
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE')).toEqual([]);
  });

  it('are found across the pieces that a file is read in', async () => {
    for (const before of [262_100, 262_143, 262_144, 258_040, 258_048, 524_280]) {
      const content = `${'x'.repeat(before)} /usr/share/sample/table`;
      const plan = await planDeb([file('usr/lib/big', content), file('usr/share/sample/table')]);
      expect(findingsOf(plan, 'IMPORT_OLD_PLACE')).toEqual([
        'usr/lib/big: names /usr/share/sample/table in line 1; now /software/sample/share/sample/table',
      ]);
    }
  });

  it('are counted once each in a file of megabytes, with the right line', async () => {
    const line = `${'-'.repeat(90)} /usr/share/sample/t\n`;
    const content = '\n'.repeat(5) + line.repeat(20_000);
    const plan = await planDeb([file('usr/lib/big', content), file('usr/share/sample/t')]);
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE')).toEqual([
      'usr/lib/big: names /usr/share/sample/t 20000 times, first in line 6; now /software/sample/share/sample/t',
    ]);
  });

  it('cost no more than the bytes that look like paths', async () => {
    const path = '/usr/a'.repeat(500_000);
    const plan = await planDeb([file('usr/lib/evil', path), file(`usr/a${'/usr/a'.repeat(300)}`)]);
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE').length).toBeGreaterThan(0);
  });

  it('are those below the prefix of a software that was built for one', async () => {
    const members: Members = [
      program('foo-1.0/bin/foo', '#!/opt/foo/bin/foo2\nexec /opt/foo/bin/foo2 /opt/foobar "$@"'),
      program('foo-1.0/bin/foo2'),
    ];
    const plan = await planTar(members, { origin: b`/opt/foo`, hostHas });
    expect(findingsOf(plan, 'IMPORT_OLD_PLACE')).toEqual([
      'foo-1.0/bin/foo: names /opt/foo/bin/foo2 2 times, first in line 1; now /software/foo/bin/foo2',
    ]);
    expect(findingsOf(plan, 'IMPORT_SHEBANG')).toHaveLength(1);
    expect(findingsOf(await planTar(members), 'IMPORT_OLD_PLACE')).toEqual([]);
  });
});

it('tells library paths that lead elsewhere now', async () => {
  const plan = await planDeb([
    file('usr/bin/moved', compiled('$ORIGIN/../lib/x86_64-linux-gnu/sample:$ORIGIN\0'), 0o755),
    file('usr/bin/same', compiled('${ORIGIN}/../lib/other\0'), 0o755),
    file('usr/lib/x86_64-linux-gnu/sample/l.so', compiled('$ORIGIN/..\0')),
    file('usr/lib/other/l.so', compiled('')),
  ]);
  expect(findingsOf(plan, 'IMPORT_LIBRARY_PATH')).toEqual([
    'usr/bin/moved: looks for libraries in $ORIGIN/../lib/x86_64-linux-gnu/sample, which is lib/x86_64-linux-gnu/sample now; they are in lib/sample',
  ]);
});

describe('reports', () => {
  it('tell what the scripts would have done, without doing it', async () => {
    const plan = await planDeb({
      fields: 'Provides: other (= 1)\nConflicts: rival\nBreaks: old (<< 2)\n',
      control: [
        file(
          './postinst',
          '#!/bin/sh\nupdate-alternatives \\\n --install /usr/bin/s s /usr/bin/sample 5 \\\n --slave /usr/share/man/man1/s.1 s.1 /nowhere\nadduser --system x; /usr/sbin/update-rc.d x defaults\n',
        ),
        file('./prerm', '#!/bin/sh\nexit 0\n'),
        file('./conffiles', '/etc/sample.conf\nremove-on-upgrade /etc/gone\n'),
        file('./triggers', '# none\nactivate-noawait ldconfig\n'),
      ],
      members: [program('usr/bin/sample'), file('etc/sample.conf'), link('usr/bin/t', 'sample')],
    });
    expect(findingsOf(plan, 'IMPORT_SCRIPT')).toEqual([
      'the script postinst is not run; it calls update-alternatives, adduser, update-rc.d',
      'the script prerm is not run',
    ]);
    expect(findingsOf(plan, 'IMPORT_ALTERNATIVE')).toEqual([
      'usr/bin/sample: is called /usr/bin/s by the script postinst, which is not run',
    ]);
    expect(findingsOf(plan, 'IMPORT_CONFFILE')).toHaveLength(1);
    expect(findingsOf(plan, 'IMPORT_TRIGGER').join()).toContain('activate-noawait ldconfig');
    expect(findingsOf(plan, 'IMPORT_CONFLICTS').join()).toContain('rival, old');
    expect(findingsOf(plan, 'IMPORT_PROVIDES').join()).toContain('other');
    expect(plan.software.scripts[0]?.content).toContain('adduser');
  });

  it('tell of owners, attributes and module directories', async () => {
    const plan = await planDeb([
      { ...program('usr/bin/sample'), user: 'daemon', group: 'daemon' },
      { ...file('usr/share/perl5/Sample.pm'), user: 'daemon', group: 'daemon' },
      file('usr/lib/python3/dist-packages/sample/__init__.py'),
    ]);
    expect(findingsOf(plan, 'IMPORT_OWNER')).toEqual([
      "usr/bin/sample: belongs to daemon:daemon, with 1 more; here to the package's owner",
    ]);
    const modules = plan.findings.filter(({ code }) => code === 'IMPORT_MODULES');
    expect(modules.map(({ path, remedy }) => [path, remedy?.split(',')[0]])).toEqual([
      ['usr/share/perl5', 'set PERL5LIB'],
      ['usr/lib/python3/dist-packages', 'set PYTHONPATH'],
    ]);
  });
});

describe('contents', () => {
  const members: Members = [
    program('bin/a', 'A'.repeat(70_000)),
    hardLink('bin/b', 'bin/a'),
    program('bin/twice', 'first'),
    file('share/empty', ''),
    program('bin/twice', 'second'),
    file('share/z', 'Z'),
  ];

  it.each([2 ** 20, 0])('are the same with %i bytes of memory', async (keepBytes) => {
    const path = sampleFile(tarOf(members));
    const plan = await planImport(path, { limits: { keepBytes } });
    // twice: what is not kept is read again
    for (const round of [1, 2]) {
      const contents: Record<string, string> = {};
      for await (const { files, pieces } of plannedContents(plan)) {
        const parts: Buffer[] = [];
        for await (const piece of pieces) parts.push(piece);
        for (const each of files) contents[toText(each.path)] = Buffer.concat(parts).toString();
      }
      expect({ round, contents }).toEqual({
        round,
        contents: {
          'bin/a': 'A'.repeat(70_000),
          'bin/b': 'A'.repeat(70_000),
          'bin/twice': 'second',
          'share/empty': '',
          'share/z': 'Z',
        },
      });
    }
    const [first] = plan.objects.filter((object) => object.type === 'file');
    expect(first && plan.software.read(first.entry)?.length).toBe(
      keepBytes === 0 ? undefined : 70_000,
    );
  });

  it('may be passed over', async () => {
    const plan = await planImport(sampleFile(tarOf(members)), { limits: { keepBytes: 0 } });
    const seen: string[] = [];
    for await (const { files } of plannedContents(plan)) seen.push(toText(files[0]?.path ?? b``));
    expect(seen).toEqual(['bin/a', 'share/empty', 'bin/twice', 'share/z']);
  });
});
