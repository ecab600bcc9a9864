/** `xh make` on what people really build: sources as their authors published them. */
import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { debianSource, fetchDebianSources } from '../debian-sources.ts';
import { bins } from '../depot/packages.ts';
import { freshSite, siteThatStays, temporaryDirectory } from '../site.ts';
import { xhDone, type Ran } from './xh.ts';

const XH = resolve(import.meta.dirname, '../../dist/xh.cjs');
const root = siteThatStays();
const sources = siteThatStays();
/** Quickly compiled: what comes out is the same. */
const QUICK = { CFLAGS: '-O0' };

beforeAll(() => {
  chmodSync(root, 0o755);
  fetchDebianSources(['hello', 'bc', 'tree', 'less', 'zlib', 'lua5.4', 'cjson', 'pkgconf']);
});

function install(name: string, ...words: readonly string[]): Ran {
  const source = debianSource(name, sources);
  const env = Object.entries(QUICK).flatMap(([key, value]) => ['--env', `${key}=${value}`]);
  const ran = xhDone(root, 'make', 'install', '-C', source, ...env, ...words);
  xhDone(root, 'install', name);
  return ran;
}

function answer(command: string, words: readonly string[], input = ''): string {
  const { stdout, stderr } = spawnSync(bins(root, command), words, { encoding: 'utf8', input });
  return stdout + stderr;
}

/** The page that man finds through the link farm. */
function page(name: string): string {
  const farm = join(root, '.software/local/.admin/man');
  return spawnSync('man', ['-M', farm, '-w', name], { encoding: 'utf8' }).stdout;
}

test('GNU hello, by configure: greets through the farm, its page is found, all is as installed', () => {
  const ran = install('hello');
  expect(ran.stderr).toContain('hello 2.10 for ');
  expect(ran.stderr).not.toContain('warning:');
  expect(answer('hello', [])).toBe('Hello, world!\n');
  expect(page('hello')).toContain('hello.1');
  expect(existsSync(join(root, 'software/hello/info/hello.info'))).toBe(true);
  expect(existsSync(join(root, 'software/hello/info/dir'))).toBe(false);
  xhDone(root, 'verify', 'hello');
});

test('bc, by configure, two programs: calculates', () => {
  const ran = install('bc');
  // automake makes info pages among the sources
  expect(ran.stderr).toContain('the build changed its own sources: doc/bc.info');
  expect(answer('bc', ['-q'], '2^70\n')).toBe('1180591620717411303424\n');
  expect(answer('dc', [], '2 70 ^ p')).toBe('1180591620717411303424\n');
  expect(page('dc')).toContain('dc.1');
});

test('less, by configure: shows a file', () => {
  install('less');
  expect(answer('less', ['--version'])).toContain('less 590');
  expect(page('lesskey')).toContain('lesskey.1');
});

test('zlib, by a configure script written by hand: a library that programs are linked to', () => {
  const ran = install('zlib');
  expect(ran.stderr).toContain('with a configure script');
  const top = join(root, 'software/zlib');
  expect(readFileSync(join(top, 'lib/pkgconfig/zlib.pc'), 'utf8')).toContain(`prefix=${top}\n`);
  const program = join(sources, 'z');
  const words = [
    '-x',
    'c',
    '-',
    '-o',
    program,
    `-I${top}/include`,
    `-L${top}/lib`,
    '-lz',
    `-Wl,-rpath,${top}/lib`,
  ];
  const source =
    '#include <stdio.h>\n#include <zlib.h>\nint main(void) { puts(zlibVersion()); return 0; }\n';
  expect(spawnSync('cc', words, { input: source, encoding: 'utf8' }).stderr).toBe('');
  expect(spawnSync(program, { encoding: 'utf8' }).stdout).toBe('1.2.13\n');
  expect(page('zlib')).toContain('zlib.3');
});

test('tree, by a makefile whose DESTDIR is none: lists a tree', () => {
  const ran = install('tree');
  expect(ran.stderr).toContain('has no DESTDIR: it is installed with PREFIX below the stage');
  expect(answer('tree', ['--version'])).toContain('tree v2.1.0');
  expect(page('tree')).toContain('tree.1');
});

test('lua, by a makefile with INSTALL_TOP: runs, and what is wired into it is told', () => {
  const ran = install('lua5.4');
  expect(answer('lua', ['-e', 'print(6*7)'])).toBe('42\n');
  expect(ran.stderr).toMatch(
    /bin\/lua: names \/usr\/local\/share\/lua\/5\.4\/ \(string in the program, byte \d+, 6 times\)/,
  );
  expect(ran.stderr).toContain('include/luaconf.h: names /usr/local/ (text, line 220)');
  expect(page('luac')).toContain('luac.1');
});

test('cJSON, by CMake: libraries, headers, what others find them with', () => {
  install('cjson', '--', '-DENABLE_CJSON_TEST=OFF');
  const top = join(root, 'software/cjson');
  for (const name of [
    'lib/libcjson.so',
    'include/cjson/cJSON.h',
    'lib/cmake/cJSON/cJSONConfig.cmake',
  ]) {
    expect(existsSync(join(top, name)), name).toBe(true);
  }
  expect(readFileSync(join(top, 'lib/pkgconfig/libcjson.pc'), 'utf8')).toContain(top);
});

test('pkgconf, by Meson: finds its own library, and through itself what zlib has left', () => {
  install('pkgconf', '--system', 'meson', 'tests=false');
  const path = join(root, 'software/zlib/lib/pkgconfig');
  const ran = spawnSync(bins(root, 'pkgconf'), ['--modversion', 'zlib'], {
    encoding: 'utf8',
    env: { ...process.env, PKG_CONFIG_PATH: path },
  });
  expect([ran.stdout, ran.stderr]).toEqual(['1.2.13\n', '']);
  expect(page('pkgconf')).toContain('pkgconf.1');
});

/** With XHIER_SOAK: further sources, each for two levels of the processor at once. */
const MORE =
  process.env['XHIER_SOAK'] === undefined
    ? []
    : 'sed grep m4 dash nano bzip2 figlet xxhash lz4 zstd libyaml tinyxml2 bc less zlib'.split(' ');

test.each(MORE)('%s for two architectures at the same time', async (name) => {
  const { path: site } = freshSite();
  chmodSync(site, 0o755);
  writeFileSync(join(site, 'etc/xhier.toml'), 'arch-store = "/export/software/arch"\n');
  fetchDebianSources([name]);
  const source = debianSource(name, temporaryDirectory('soak'));
  const own = xhDone(site, 'arch').stdout.trim();
  const build = promisify(execFile);
  const both = [own, `${own}_v2`].map((arch) =>
    build(XH, ['make', 'install', '-C', source, '--arch', arch], {
      env: { ...process.env, XH_ROOT: site },
      maxBuffer: 1 << 28,
    }),
  );
  for (const { stderr } of await Promise.all(both)) console.log(stderr);
  const store = join(site, 'export/software/arch');
  expect(readdirSync(store).toSorted()).toEqual([own, `${own}_v2`].toSorted());
  const again = xhDone(site, 'make', 'install', '-C', source);
  expect(again.stderr).toContain('has all this already');
  xhDone(site, 'install', name);
  xhDone(site, 'verify', name);
  xhDone(site, 'uninstall', name);
});
