/** `xh import` of npm modules: npm fetches them, and they become packages like all others. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { bins, writeFiles } from '../depot/packages.ts';
import { tarOf, type TarMemberText } from '../package/import/tar-writer.ts';
import { freshSite, siteThatStays, temporaryDirectory } from '../site.ts';
import { snapshot, xh, xhDone } from './xh.ts';

const DIST = resolve(import.meta.dirname, '../../dist');

interface Manifest {
  readonly [key: string]: unknown;
}

/** The sources of a module with a command and a page. */
function moduleAt(directory: string, manifest: Manifest = {}): string {
  const top = join(directory, 'greeter');
  writeFiles(top, {
    'package.json': JSON.stringify({
      name: '@tools/greeter',
      version: '1.4.2',
      description: 'greets whoever calls',
      license: 'MIT',
      homepage: 'https://example.org/greeter',
      author: { name: 'Jane Doe', email: 'jane@example.org' },
      engines: { node: '>=14' },
      bin: { greet: './cli.js' },
      man: ['./man/greet.1'],
      ...manifest,
    }),
    'cli.js': '#!/usr/bin/env node\nconsole.log(require("./words.json").hello);\n',
    'words.json': '{"hello": "good morning"}',
    'man/greet.1': '.TH GREET 1\n.SH NAME\ngreet \\- say good morning\n',
  });
  return top;
}

/** `npm pack` of a module. @returns the archive */
function packed(top: string, destination = temporaryDirectory('packed')): string {
  const words = ['pack', '--silent', '--ignore-scripts', '--pack-destination', destination];
  const file = execFileSync('npm', words, { cwd: top, encoding: 'utf8' }).trim();
  return join(destination, file.split('\n').at(-1) ?? '');
}

function admin(root: string, name: string, file: string): string {
  return readFileSync(join(root, 'software', name, '.admin', file), 'utf8');
}

describe('an archive that npm has packed', () => {
  const directory = siteThatStays();
  let plain = '';
  beforeAll(() => {
    plain = packed(moduleAt(directory), directory);
  });

  test('becomes a package with its commands, pages, and what it says of itself', () => {
    const { path: root } = freshSite();
    const ran = xhDone(root, 'import', plain);
    expect(ran.stderr).toMatch(/^imported tools-greeter 1\.4\.2: \d+ objects in /);
    expect(admin(root, 'tools-greeter', 'Options')).toBe(
      '# Imported from tools-greeter-1.4.2.tgz, built by npm.\n' +
        'version = 1.4.2\nsummary = greets whoever calls\nlicence = MIT\nhomepage = https://example.org/greeter\n',
    );
    expect(admin(root, 'tools-greeter', 'Dependencies')).toBe('system:nodejs >=14\n');
    const installed = xhDone(root, 'install', 'tools-greeter');
    expect(installed.stderr).not.toContain('nodejs');
    expect(execFileSync(bins(root, 'greet'), { encoding: 'utf8' })).toBe('good morning\n');
    const farm = join(root, '.software/local/.admin/man');
    expect(execFileSync('man', ['-M', farm, 'greet'], { encoding: 'utf8' })).toContain(
      'good morning',
    );
    expect(xhDone(root, 'search', 'say good morning').stdout).toContain('greet(1)');
  });

  test('is shared by all architectures, and works when the site has moved', () => {
    const { path: root } = freshSite();
    xhDone(root, 'import', plain, '--name', 'greeter');
    expect(existsSync(join(root, '.software/arch/greeter'))).toBe(false);
    const command = join(root, '.software/share/greeter/bin/greet');
    expect(readlinkSync(command)).toBe('../lib/node_modules/@tools/greeter/cli.js');
    const elsewhere = join(temporaryDirectory('elsewhere'), 'site');
    renameSync(root, elsewhere);
    mkdirSync(root);
    const moved = join(elsewhere, '.software/share/greeter/bin/greet');
    expect(execFileSync(moved, { encoding: 'utf8' })).toBe('good morning\n');
  });

  test('with compiled parts stands with its architecture', () => {
    const { path: root } = freshSite();
    const top = moduleAt(temporaryDirectory());
    mkdirSync(join(top, 'build'));
    copyFileSync('/bin/true', join(top, 'build/fast.node'));
    xhDone(root, 'import', packed(top), '--name', 'greeter');
    const below = 'lib/node_modules/@tools/greeter/build/fast.node';
    expect(existsSync(join(root, '.software/arch/greeter', below))).toBe(true);
    expect(existsSync(join(root, 'software/greeter', below))).toBe(true);
    expect(execFileSync(join(root, 'software/greeter/bin/greet'), { encoding: 'utf8' })).toBe(
      'good morning\n',
    );
  });

  test('has what it brings along below it', () => {
    const { path: root } = freshSite();
    const top = moduleAt(temporaryDirectory(), {
      dependencies: { inner: '1.0.0' },
      bundleDependencies: ['inner'],
    });
    writeFiles(join(top, 'node_modules/inner'), {
      'package.json': '{"name": "inner", "version": "1.0.0"}',
      'index.js': 'module.exports = "from inside";\n',
    });
    writeFileSync(join(top, 'cli.js'), '#!/usr/bin/env node\nconsole.log(require("inner"));\n');
    xhDone(root, 'import', packed(top), '--name', 'greeter');
    expect(execFileSync(join(root, 'software/greeter/bin/greet'), { encoding: 'utf8' })).toBe(
      'from inside\n',
    );
    expect(
      existsSync(
        join(
          root,
          'software/greeter/lib/node_modules/@tools/greeter/node_modules/.package-lock.json',
        ),
      ),
    ).toBe(false);
  });

  test('does not have its scripts run, unless somebody says so', () => {
    const { path: root } = freshSite();
    const mark = join(temporaryDirectory(), 'ran');
    const archive = packed(
      moduleAt(temporaryDirectory(), {
        scripts: {
          postinstall: `echo x >> ${mark}`,
          install: `echo y >> ${mark}`,
          prepare: `echo z >> ${mark}`,
        },
      }),
    );
    const ran = xhDone(root, 'import', archive, '-v');
    expect(existsSync(mark)).toBe(false);
    expect(ran.stderr).toContain('the script postinstall is not run');
    xhDone(root, 'import', archive, '--replace', '--allow-scripts');
    expect(readFileSync(mark, 'utf8')).toBe('y\nx\n');
  });

  test('that is tried first changes nothing', () => {
    const { path: root } = freshSite();
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const { stdout } = xhDone(root, 'import', plain, '--dry-run');
    expect(stdout).toMatch(/^tree \/\.software\/share\/tools-greeter /m);
    expect(snapshot(root)).toEqual(before);
  });
});

describe('a hostile archive', () => {
  const GOOD: TarMemberText = {
    name: 'package/package.json',
    content: '{"name": "evil", "version": "1.0.0"}',
  };

  test.each<[string, TarMemberText, string]>([
    [
      'a name that leaves it',
      { name: 'package/../../evil', content: 'x' },
      "a name with '..' in it",
    ],
    ['an absolute name', { name: '/tmp/evil', content: 'x' }, 'an absolute name'],
    [
      'a link to elsewhere',
      { name: 'package/x', flag: '2', link: '/etc' },
      'outside of the software',
    ],
    [
      'a file of our own',
      { name: 'package/.admin/Install', content: 'x' },
      "the package's own files",
    ],
    ['a device', { name: 'package/null', flag: '3' }, 'a character device'],
  ])('with %s is refused before npm sees it', (_, member, reason) => {
    const { path: root } = freshSite();
    const before = snapshot(root);
    const archive = join(temporaryDirectory(), 'evil-1.0.0.tgz');
    writeFileSync(archive, gzipSync(tarOf([GOOD, member])));
    const ran = xh(root, 'import', archive);
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain(reason);
    expect(snapshot(root)).toEqual(before);
  });

  test('without a name that a package can have, or without sense, is an error', () => {
    const { path: root } = freshSite();
    for (const content of ['{"name": "../x", "version": "1"}', '{"version": "1"}', 'nonsense']) {
      const archive = join(temporaryDirectory(), 'evil-1.0.0.tgz');
      writeFileSync(archive, gzipSync(tarOf([{ ...GOOD, content }])));
      const ran = xh(root, 'import', archive);
      expect(ran.status).toBe(2);
      expect(ran.stderr).toMatch(/evil-1\.0\.0\.tgz: (?:its name|package\.json)/);
    }
  });

  test('with commands that lead out of it has no such commands', () => {
    const { path: root } = freshSite();
    const prefix = join(temporaryDirectory(), 'prefix');
    writeFiles(join(prefix, 'lib/node_modules/evil'), {
      'package.json': JSON.stringify({
        name: 'evil',
        version: '1.0.0',
        bin: { '../../../sbin/x': 'cli.js', up: '../../../etc/passwd', dot: '.', ok: 'cli.js' },
        man: ['../../x.1', 'cli.js'],
      }),
      'cli.js': '#!/usr/bin/env node\n',
    });
    xhDone(root, 'import', prefix);
    const files = xhDone(root, 'files', 'evil').stdout;
    expect(files.split('\n').filter((line) => /\/bin\/./.test(line))).toEqual([
      '/.software/share/evil/bin/ok → ../lib/node_modules/evil/cli.js',
      '/.software/share/evil/bin/x → ../lib/node_modules/evil/cli.js',
    ]);
    expect(files).not.toContain('/man');
  });
});

describe('a prefix that npm has installed into', () => {
  test('is its one module; of several one is to be named, by its directory', () => {
    const { path: root } = freshSite();
    const prefix = join(temporaryDirectory(), 'prefix');
    for (const name of ['one', 'two']) {
      writeFiles(join(prefix, 'lib/node_modules', name), {
        'package.json': JSON.stringify({ name, version: '1.0.0', bin: 'cli.js' }),
        'cli.js': `#!/usr/bin/env node\nconsole.log("${name}");\n`,
      });
    }
    const ran = xh(root, 'import', prefix);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toContain('has 2 npm modules: one, two');
    xhDone(root, 'import', join(prefix, 'lib/node_modules/two'));
    expect(execFileSync(join(root, 'software/two/bin/two'), { encoding: 'utf8' })).toBe('two\n');
  });

  test('is no such thing when it has Node.js itself in it', () => {
    const { path: root } = freshSite();
    const prefix = join(temporaryDirectory(), 'node-v1.2.3');
    writeFiles(prefix, {
      'bin/node': '#!/bin/sh\n',
      'include/node/node.h': '',
      'lib/node_modules/npm/package.json': '{"name": "npm", "version": "9.0.0"}',
    });
    expect(xhDone(root, 'import', prefix).stderr).toContain('imported node 1.2.3');
  });

  test('is refused where it would not run: modules missing, or only a link', () => {
    const { path: root } = freshSite();
    const top = temporaryDirectory();
    writeFiles(join(top, 'node_modules/one'), {
      'package.json': '{"name": "one", "version": "1.0.0", "dependencies": {"two": "1"}}',
    });
    const ran = xh(root, 'import', join(top, 'node_modules/one'));
    expect(ran.status).toBe(3);
    expect(ran.stderr).toContain('needs modules that are not below it: two');
    expect(ran.stderr).toContain('xh import npm:one');
    const prefix = join(temporaryDirectory(), 'prefix');
    mkdirSync(join(prefix, 'lib/node_modules'), { recursive: true });
    symlinkSync(moduleAt(top), join(prefix, 'lib/node_modules/greeter'));
    const linked = xh(root, 'import', prefix);
    expect(linked.status).toBe(3);
    expect(linked.stderr).toContain('is only a link to');
  });
});

describe('what npm fetches', () => {
  test('comes with what it needs, in the range that was asked for', () => {
    const { path: root } = freshSite();
    xhDone(root, 'import', 'npm:mkdirp@^0.5.5');
    expect(admin(root, 'mkdirp', 'Options')).toMatch(
      /^# Imported from npm:mkdirp@\^0\.5\.5, built by npm\.\nversion = 0\.5\./,
    );
    const made = join(temporaryDirectory(), 'a/b/c');
    execFileSync(join(root, 'software/mkdirp/bin/mkdirp'), [made]);
    expect(existsSync(made)).toBe(true);
    expect(
      existsSync(join(root, 'software/mkdirp/lib/node_modules/mkdirp/node_modules/minimist')),
    ).toBe(true);
  });

  test('may be a directory of the user’s', () => {
    const { path: root } = freshSite();
    xhDone(root, 'import', `npm:${moduleAt(temporaryDirectory())}`, '--name', 'greeter');
    expect(spawnSync(join(root, 'software/greeter/bin/greet'), { encoding: 'utf8' }).stdout).toBe(
      'good morning\n',
    );
  });

  test('is given up at once when somebody interrupts, and nothing is left of it', async () => {
    const { path: root } = freshSite();
    const scratch = temporaryDirectory('scratch');
    const child = spawn(join(DIST, 'xh.cjs'), ['import', 'npm:cowsay'], {
      env: { ...process.env, XH_ROOT: root, TMPDIR: scratch },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    while (readdirSync(scratch).length === 0) await setTimeout(10);
    child.kill('SIGINT');
    const [status] = (await once(child, 'close')) as [number | null];
    expect([status, readdirSync(scratch)]).toEqual([130, []]);
    expect(said).toContain('nothing has been changed');
    expect(existsSync(join(root, 'software'))).toBe(false);
  });

  test('and does not know is told in npm’s words, and nothing is changed', () => {
    const { path: root } = freshSite();
    xhDone(root, 'make-links');
    const before = snapshot(root);
    const ran = xh(root, 'import', 'npm:@no-such-scope-1848/no-such-module');
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('npm could not fetch @no-such-scope-1848/no-such-module');
    expect(snapshot(root)).toEqual(before);
    for (const odd of ['npm:', 'npm:--global']) expect(xh(root, 'import', odd).status).toBe(2);
  });
});
