import { describe, expect, test } from 'vitest';
import { bytes, type Bytes } from '../../../src/bytes/bytes.ts';
import { DEFAULT } from '../../../src/lfu/rules/decision.ts';
import { compileRules } from '../../../src/lfu/rules/evaluator.ts';
import { expand, objectVariables } from '../../../src/lfu/rules/variables.ts';
import { DAY, NOW, decide, holds, object, rules, script, sources } from './support.ts';

const RUN = {
  slave: bytes('/disk/local'),
  master: bytes('/export/remote/vlsi'),
  host: bytes('alpha'),
  arch: bytes('sun4'),
};
const SITE = {
  users: { vlsitools: 101, 'package-A': 102, 'package-B': 103, 'package-C': 104 },
  netgroups: { bfiles: ['package-B', 'package-C'] },
  files: { daemons: 'etc/named\nlibexec/ftpd\n', rootfiles: '/bin/su\n./bin/passwd\n' },
};

describe('the scripts of 1991 mean what the paper says', () => {
  test('the files of a package become links to another server', () => {
    const set = rules('owner=vlsitools {\nlink;\nsource=/usr/remote/vlsi;\n}', SITE);
    const decision = set.decide(object('bin/spice', { uid: 101 }));
    expect(decision.disposition).toBe('link');
    expect(decision.source?.constant).toBe('/usr/remote/vlsi');
    expect(set.decide(object('bin/vi', { uid: 102 }))).toBe(DEFAULT);
  });

  test('two servers hold disjoint sets of packages', () => {
    const a = rules('owner=@bfiles { link; source=/usr/remote/server-B; }', SITE);
    const b = rules('owner!=@bfiles { link; source=/usr/remote/server-A; }', SITE);
    for (const uid of [0, 101, 102, 103, 104]) {
      const on = object('bin/x', { uid });
      const dispositions = [a.decide(on).disposition, b.decide(on).disposition];
      expect(dispositions.filter((one) => one === 'link')).toHaveLength(1);
      expect(dispositions.indexOf('update') === 1).toBe(uid === 103 || uid === 104);
    }
  });

  test('what was not read for two weeks is left to the main server', () => {
    const text = 'access > 2wks { link; source=/usr/remote/mainserver; }';
    expect(decide(text, object('a', { atime: NOW - 15 * DAY })).disposition).toBe('link');
    expect(decide(text, object('a', { atime: NOW - 13 * DAY }))).toBe(DEFAULT);
  });

  test('daemons are restarted with their name, and the old one kept', () => {
    const decision = decide(
      'path=@daemons {\nexec restart $F;\nkeep;\n}',
      object('etc/named'),
      SITE,
    );
    expect(decision.keep).toBe(true);
    expect(decision.disposition).toBe('update');
    const variables = objectVariables(bytes('etc/named'), RUN);
    expect(decision.exec.map((command) => expand(command, variables))).toEqual([
      'restart /disk/local/etc/named',
    ]);
  });

  test('listed files become setuid root, others of root are refused', () => {
    const set = rules(
      'path=@rootfiles {\nchown root; chmod u+s;\n}\nelse owner=root {\nerror "Root file on master";\n\n}\n',
      SITE,
    );
    const listed = set.decide(object('bin/su', { uid: 0 }));
    expect(listed).toMatchObject({ disposition: 'update', chown: 0 });
    expect(listed.chmod).toHaveLength(1);
    expect(set.decide(object('bin/passwd')).chown).toBe(0);
    const refused = set.decide(object('bin/sh', { uid: 0 }));
    expect(refused.disposition).toBe('error');
    expect(refused.message?.constant).toBe('Root file on master');
    expect(set.decide(object('bin/ls'))).toBe(DEFAULT);
  });

  test('what another master supplies is left alone, or linked to', () => {
    const local = rules('owner=package-C {\nignore;\n\n}', SITE);
    expect(local.decide(object('x', { uid: 104 })).disposition).toBe('ignore');
    const remote = rules(
      'owner=package-A |\nowner=package-B {\nignore;\n}\nelse owner=package-C {\nlink;\nsource=/usr/remote/vlsi/sun4;\n}',
      SITE,
    );
    const dispositions = [102, 103, 104, 101].map(
      (uid) => remote.decide(object('x', { uid })).disposition,
    );
    expect(dispositions).toEqual(['ignore', 'ignore', 'link', 'update']);
  });
});

describe('chains', () => {
  test('the first arm that matches applies, and only that', () => {
    const set = rules('name=a.* { keep; } else name=.*b { log; } else { fill; }');
    expect(set.decide(object('ab'))).toMatchObject({ keep: true, log: false, fill: false });
    expect(set.decide(object('xb'))).toMatchObject({ keep: false, log: true, fill: false });
    expect(set.decide(object('xx'))).toMatchObject({ keep: false, log: false, fill: true });
  });

  test('several chains add up, and the last disposition wins', () => {
    const set = rules('name=a { link; keep; log; }\nowner=1000 { preserve; }\ntype=f { force; }');
    expect(set.decide(object('a'))).toMatchObject({
      disposition: 'preserve',
      keep: true,
      log: true,
      force: true,
    });
  });

  test('modes follow each other, commands add up, of two sources the later counts', () => {
    const set = rules(
      `name=a { chmod go-rwx; exec one; exec-once all; source /x; link; chown root; }
       type=f { chmod g+r; exec two; exec one; exec-once all; source /y; chown 7; }`,
    );
    const decision = set.decide(object('a'));
    expect(decision.chmod?.map(({ operation }) => operation).join('')).toBe('-+');
    expect(decision.exec.map(({ constant }) => constant)).toEqual(['one', 'two']);
    expect(decision.execOnce.map(({ constant }) => constant)).toEqual(['all']);
    expect(decision.source?.constant).toBe('/y');
    expect(decision.chown).toBe(7);
  });

  test('a later disposition takes the message of an error back', () => {
    const decision = decide('name=a { error no; }\ntype=f { update; }', object('a'));
    expect(decision.disposition).toBe('update');
    expect(decision.message).toBeUndefined();
  });

  test('of force and newer the later counts', () => {
    const on = object('a');
    expect(decide('name=a { force; }\ntype=f { newer; }', on)).toMatchObject({
      force: false,
      newer: true,
    });
    expect(decide('name=a { newer; }\ntype=f { force; }', on)).toMatchObject({
      force: true,
      newer: false,
    });
  });

  test('scripts are read in the order given, with their includes in place', () => {
    const site = sources({ files: { more: 'name=a { preserve; }' } });
    const first = script('include more\nname=a { link; }', 'first');
    const second = script('name=a { shadow; }', '-e');
    expect(compileRules([first], site).decide(object('a')).disposition).toBe('link');
    expect(compileRules([first, second], site).decide(object('a')).disposition).toBe('shadow');
  });

  test('the arms that applied are named', () => {
    const [first, second] = decide(
      'name=b {} else name=a { log; }\ntype=f { log; }',
      object('a'),
    ).matched;
    expect([first?.chain, first?.arm, second?.chain, second?.arm]).toEqual([0, 1, 1, 0]);
  });

  test('objects to which the same rules apply share one frozen decision', () => {
    const set = rules('name~*.o { link; }\ntype=f { log; }');
    expect(set.decide(object('a.o'))).toBe(set.decide(object('b/c.o', { size: 3 })));
    expect(Object.isFrozen(set.decide(object('a.o')))).toBe(true);
    expect(set.decide(object('a', { type: 'd' }))).toBe(DEFAULT);
  });
});

describe('tests', () => {
  test('names and paths are matched as a whole', () => {
    expect(holds('name=fo.', object('lib/foo'))).toBe(true);
    expect(holds('name=fo', object('lib/foo'))).toBe(false);
    expect(holds('path=lib/.*', object('lib/foo'))).toBe(true);
    expect(holds('path=foo', object('lib/foo'))).toBe(false);
    expect(holds('name!=foo', object('lib/foo'))).toBe(false);
    expect(holds('path!~*.c', object('lib/foo'))).toBe(true);
  });

  test('lists of names and paths', () => {
    const site = { files: { l: 'foo\nodd name \n\n' } };
    expect(holds('name=@l', object('lib/foo'), site)).toBe(true);
    expect(holds('name=@l', object('lib/odd name '), site)).toBe(true);
    expect(holds('path=@l', object('lib/foo'), site)).toBe(false);
    expect(holds('name!=@l', object('bar'), site)).toBe(true);
  });

  test('what find prints is a list of paths', () => {
    const site = { files: { l: './lib/foo\n/lib/bar\nlib/dir/\n' } };
    for (const path of ['lib/foo', 'lib/bar', 'lib/dir']) {
      expect(holds('path=@l', object(path), site)).toBe(true);
    }
  });

  test('owners and groups by name, by number, and a name before a number', () => {
    const site = { users: { '1000': 5 } };
    expect(holds('owner=1000', object('a', { uid: 5 }), site)).toBe(true);
    expect(holds('owner=1001', object('a', { uid: 1001 }), site)).toBe(true);
    expect(holds('group=wheel', object('a', { gid: 10 }))).toBe(true);
    expect(holds('group!=10', object('a', { gid: 10 }))).toBe(false);
  });

  test('type letters: any of several', () => {
    expect(holds('type=fd', object('a', { type: 'd' }))).toBe(true);
    expect(holds('type=fd', object('a', { type: 'l' }))).toBe(false);
    expect(holds('type!=fdlpsbc', object('a'))).toBe(false);
  });

  test('permissions: what a mode would not change, exactly, any of, all of', () => {
    const suid = object('a', { mode: 0o104755 });
    expect(holds('type=u+s', suid)).toBe(true);
    expect(holds('type=u+s', object('a', { mode: 0o755 }))).toBe(false);
    expect(holds('type=go-w', suid)).toBe(true);
    expect(holds('type=4755', suid)).toBe(true);
    expect(holds('type=755', suid)).toBe(false);
    expect(holds('type=755', object('a', { type: 'd', mode: 0o2755 }))).toBe(false);
    expect(holds('type=/222', suid)).toBe(true);
    expect(holds('type=/022', suid)).toBe(false);
    expect(holds('type=-111', suid)).toBe(true);
    expect(holds('type=-222', suid)).toBe(false);
    expect(holds('type=/u+s,g+s', suid)).toBe(true);
    expect(holds('type!=/6000', suid)).toBe(false);
  });

  test('ages compare in seconds, and are equal in the unit that was written', () => {
    const old = object('a', { mtime: NOW - 3.5 * DAY, atime: NOW - 3.5 * DAY });
    expect(holds('age > 3days', old)).toBe(true);
    expect(holds('age >= 4days', old)).toBe(false);
    expect(holds('age = 3days', old)).toBe(true);
    expect(holds('age != 3days', old)).toBe(false);
    expect(holds('access < 84hrs', old)).toBe(false);
    expect(holds('access <= 84hrs', old)).toBe(true);
  });

  test('dates: older than their beginning, younger than it, and of the day', () => {
    const noon = object('a', { mtime: Date.UTC(2024, 0, 31, 12) / 1000 });
    expect(holds('age > 2024-01-31T12:00:01Z', noon)).toBe(true);
    expect(holds('age > 2024-01-31T12:00Z', noon)).toBe(false);
    expect(holds('age < 2024-01-31T13:59+02:00', noon)).toBe(true);
    expect(holds('age = 2024-01-31T12:00Z', noon)).toBe(true);
    const local = object('a', { mtime: new Date(2024, 0, 31, 23, 59, 59).getTime() / 1000 });
    expect(holds('age = 2024-01-31', local)).toBe(true);
    expect(holds('age = 2024-02-01', local)).toBe(false);
    expect(holds('age < 2024-01-31', local)).toBe(true);
    expect(holds('age > 2024-02-01', local)).toBe(true);
  });

  test('sizes, links', () => {
    expect(holds('size > 1k', object('a', { size: 1025 }))).toBe(true);
    expect(holds('size = 1M', object('a', { size: 1_048_576 }))).toBe(true);
    expect(holds('size <= 2T', object('a', { size: 2 ** 41 }))).toBe(true);
    expect(holds('links != 1', object('a', { links: 2 }))).toBe(true);
  });

  test('host and architecture are known before any object is', () => {
    expect(holds("host='{alpha,beta}'", object('a'))).toBe(true);
    expect(holds('host!=alph?', object('a'))).toBe(false);
    expect(holds('arch=sun* | name=a', object('a'))).toBe(true);
    expect(holds('arch=sun*', object('a'))).toBe(false);
  });

  test('variables of the script, the host and the architecture', () => {
    expect(holds('path=bin/$ARCH/.*', object('bin/linux-x86_64/a'))).toBe(true);
    const text = 'set DIR lib\nset SUB $DIR/sub\npath=$SUB/.* { link; source=/usr/$ARCH/$SUB; }';
    expect(decide(text, object('lib/sub/x')).source?.constant).toBe('/usr/linux-x86_64/lib/sub');
  });

  test('names that are not UTF-8', () => {
    const odd = { ...object('x'), name: 'caf\xe9' as Bytes, path: 'a/caf\xe9' as Bytes };
    expect(holds('name=caf.', odd)).toBe(true);
    expect(holds('name~caf?', odd)).toBe(true);
    expect(holds('name=caf\\udce9', odd)).toBe(true);
    expect(holds('name=café', odd)).toBe(false);
    expect(holds('name=café', object('café'))).toBe(true);
    const raw = { file: bytes('rules'), text: 'name=caf\xe9 { ignore; }' as Bytes };
    expect(compileRules(raw, sources()).decide(odd).disposition).toBe('ignore');
  });
});
