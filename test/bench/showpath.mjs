/**
 * What a login pays: showpath beside the bare shell, and beside the module commands of the field,
 * which are fetched from Debian and unpacked beside each other (their packages cannot be installed
 * together). Then showpath again on a host that has the file system of another program mounted.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { race, report } from './measure.mjs';
import { installedSite } from './startup.mjs';

const DIST = resolve(import.meta.dirname, '../../dist');
const PACKAGES = 200;
const RUNS = 151;

/** @typedef {{ name: string, package: string, needs: string, command: (tree: string) => string }} FieldTool */

/** @type {readonly FieldTool[]} */
const FIELD = [
  {
    name: 'Environment Modules',
    package: 'environment-modules',
    needs: 'tcl',
    command: (tree) => `tclsh ${find(tree, /\/modulecmd\.tcl$/)} sh load tool`,
  },
  {
    name: 'Lmod',
    package: 'lmod',
    needs: 'lua5.3 lua-posix lua-filesystem lua-term lua-json',
    command: (tree) => `lua5.3 ${find(tree, /\/libexec\/lmod$/)} bash load tool`,
  },
];

export async function showpath() {
  const { root, env } = installedSite(PACKAGES);
  const scratch = mkdtempSync(join(tmpdir(), 'xhier-bench-'));
  const program = join(DIST, 'showpath');
  const contenders = [
    { name: 'sh -c :', command: 'sh -c :' },
    { name: 'showpath standard', command: `${program} standard` },
    {
      name: 'showpath, as in a .cshrc',
      command: `${program} -f csh -v PATH usedby=user ~/bin 'standard*'`,
    },
    { name: 'showpath --init sh', command: `${program} --init sh` },
    { name: 'showpath --environment sh', command: `${program} --environment sh` },
    {
      name: 'sh -c \'eval "$(showpath --init sh)"\'',
      command: `sh -c 'eval "$(${program} --init sh)"'`,
    },
  ];
  const field = fieldTools(scratch, env);
  const fieldEnv = { ...env, MODULEPATH: join(scratch, 'modulefiles') };
  report(
    `showpath, a depot of ${PACKAGES} packages`,
    race([...contenders, ...field], { env: fieldEnv, runs: RUNS }),
    'showpath p50 at most 3 ms, p95 at most 10 ms, where sh -c : takes about 1 ms',
  );
  const unmount = await mountOfAnother(scratch);
  if (unmount === undefined) {
    console.log('\nnot measured: a host with a file server (this process may not mount FUSE)');
  } else {
    report(
      'showpath, where the file system of another program is mounted: a child looks at directories',
      race(contenders, { env, runs: RUNS }),
    );
    unmount();
  }
  rmSync(scratch, { recursive: true, force: true });
  rmSync(root, { recursive: true, force: true });
}

/** Those that can be had; the others are named, with what is wanting. @param {string} scratch @param {NodeJS.ProcessEnv} env */
function fieldTools(scratch, env) {
  const modulefiles = join(scratch, 'modulefiles');
  mkdirSync(modulefiles);
  const [bin, man] = [join(scratch, 'bin'), join(scratch, 'man')];
  writeFileSync(
    join(modulefiles, 'tool'),
    `#%Module1.0\nprepend-path PATH ${bin}\nprepend-path MANPATH ${man}\n`,
  );
  return FIELD.flatMap((tool) => {
    try {
      const tree = join(scratch, tool.package);
      mkdirSync(tree);
      execFileSync('apt-get', ['-qq', 'download', tool.package], { cwd: tree, stdio: 'pipe' });
      const [deb = ''] = readdirSync(tree);
      execFileSync('dpkg-deb', ['--extract', join(tree, deb), tree]);
      const command = tool.command(tree);
      const tried = execFileSync('sh', ['-c', command], {
        env: { ...env, MODULEPATH: modulefiles },
        encoding: 'utf8',
        stdio: 'pipe',
      });
      if (!tried.includes(bin)) throw new Error('it does not load a module');
      return [{ name: `${tool.name}, load of one module`, command }];
    } catch (error) {
      const said = String(error).trim().split('\n').at(-1) ?? '';
      console.log(`\nnot measured: ${tool.name} (${said})`);
      console.log(
        `  it is fetched by 'apt-get download ${tool.package}' and needs: apt-get install ${tool.needs}`,
      );
      return [];
    }
  });
}

/** The file below `tree` whose path matches, the longest. @param {string} tree @param {RegExp} pattern */
function find(tree, pattern) {
  const files = readdirSync(tree, { recursive: true, encoding: 'utf8' });
  const found = files
    .map((name) => join(tree, name))
    .filter((name) => pattern.test(name))
    .toSorted((one, other) => other.length - one.length)[0];
  if (found === undefined) throw new Error('the package has not what is looked for');
  return found;
}

/** Mounts in a namespace of its own, which is enough for the kernel's list; gives what undoes it. @param {string} scratch */
async function mountOfAnother(scratch) {
  const place = join(scratch, 'mounted');
  mkdirSync(place);
  const script = `exec 9<>/dev/fuse && mount -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 bench ${place} && echo ready && read -r line; umount -f -l ${place}`;
  const namespace = ['--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
  const child = spawn('unshare', [...namespace, 'sh', '-c', script], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const mounted = await new Promise((done) => {
    child.stdout.once('data', () => done(true));
    child.once('error', () => done(false));
    child.once('exit', () => done(false));
  });
  if (!mounted) return undefined;
  return () => {
    child.stdin.end();
    spawnSync('sleep', ['0.1']);
  };
}
