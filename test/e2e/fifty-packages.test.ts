/**
 * The whole on one host: the depot of scripts/make-depot.mjs on a bare Debian of the test's own, where
 * the site root is `/`, real cron, inetd and syslogd run what was merged, and nothing of it is left
 * when all packages are taken out again, in any order.
 */
import { spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEPOT_PACKAGES } from '../../scripts/depot-packages.mjs';
import { debianCache, debianPackages } from '../debian.ts';
import { siteThatStays } from '../site.ts';
import { startBareHost, type BareHost } from './bare-host.ts';
import { snapshot } from './xh.ts';

const NAMES = [...new Set(DEPOT_PACKAGES.map(({ as, name }) => as ?? name))];
const ADMIN = '/.software/local/.admin';
const SHOWPATH = '/run/xhier/project/dist/showpath';
/** A login shell's environment, which profile.d and showpath make. */
const LOGIN = `. /etc/profile; PATH=$(${SHOWPATH} usedby=user,maintainer 'standard*'); export PATH; cd /tmp`;
/** Every run takes packages out in another order; a failing one is repeated with its seed. */
const SEED = Number(process.env['XHIER_SEED'] ?? Date.now() % 1_000_000);
/** Milliseconds; on a quiet machine all of this takes about one minute. */
const LONG = 600_000;
/** Made by mandb and install-info beside our links. */
const CACHES =
  /\/(?:index\.db|CACHEDIR\.TAG|dir|cat\w+(?:\/.*)?|icon-theme\.cache|mimeinfo\.cache)$/;

/** What packages do besides telling their version. */
const ANSWERS: readonly (readonly [line: string, prints: RegExp])[] = [
  [`echo '{"a":[1,2]}' | jq -c .a`, /^\[1,2\]$/],
  ['echo 6*7 | bc', /^42$/],
  ['echo "eval(6*7)" | m4', /^42$/],
  [`awk --version`, /^GNU Awk/],
  [`mawk 'BEGIN { print 6 * 7 }'`, /^42$/],
  [`original-awk 'BEGIN { print 6 * 7 }'`, /^42$/],
  [`lua -e 'print(_VERSION)'`, /^Lua 5\.4$/],
  [`mksh -c 'echo $((6 * 7))'`, /^42$/],
  ['parallel -j1 echo ::: 42', /^42$/],
  ['echo moo | ts %Y', /^\d{4} moo$/],
  ['printf "%%%%\\n. printf 42;\\n%%%%\\n" | flex -t | grep -c yylex', /^\d+$/],
  ['nc -h 2>&1 | head -1', /^OpenBSD netcat/],
  ['nc.traditional -h 2>&1 | head -1', /^\[v1\.10/],
  ['echo "int i;" | pygmentize -l c', /int/],
  ['printf "a\\n42\\n.\\n,p\\nQ\\n" | ed -s', /^42$/],
  ['hello --greeting=42', /^42$/],
  ['uuidgen -t', /^[0-9a-f-]{36}$/],
  ['TERMINFO=/software/ncurses-term/share/terminfo tput -T xterm+256color colors', /^256$/],
  ['fakeroot id -u', /^0$/],
  ['screen --version', /^Screen version/],
];

/** Libraries of the depot, with what a program prints that uses one. */
const LIBRARIES: readonly (readonly [
  link: string,
  header: string,
  call: string,
  prints: RegExp,
])[] = [
  ['z', 'zlib.h', 'zlibVersion()', /^1\.\d+/],
  ['expat', 'expat.h', 'XML_ExpatVersion()', /^expat_\d/],
  ['expatw', 'expat.h', '(XML_ExpatVersion(), "wide")', /^wide$/],
  ['popt', 'popt.h', 'poptStrerror(POPT_ERROR_NOARG)', /^missing argument$/],
];

let host: BareHost;
const root = siteThatStays();
let bare: Whole;
let accountsBefore = '';

/** All that a package may change on a host, from outside, with what only these programs tell. */
interface Whole {
  readonly files: Readonly<Record<string, string>>;
  readonly attributes: string;
}

function whole(): Whole {
  const files = ['etc', 'home', 'root', 'usr', '.software'].flatMap((top) => [
    ...snapshot(root, top),
  ]);
  const asked = [
    ['getfattr', '-Rhd', '-m', '.', '--absolute-names', `${root}/etc`],
    ['getfacl', '-Rp', `${root}/etc`],
  ].map(([command = '', ...words]) => spawnSync(command, words, { encoding: 'utf8' }).stdout);
  const kept = files.filter(([path]) => path !== `${ADMIN.slice(1)}/path-table`);
  return { files: Object.fromEntries(kept), attributes: asked.join('') };
}

/** What the accounts' own checkers say: of a real host, seldom nothing. */
function accountsChecked(): string {
  const { stdout, stderr } = host.sh('pwck -rq; grpck -r');
  return stdout + stderr;
}

/** Runs a command line there, which must succeed. */
function done(line: string): string {
  const ran = host.sh(line);
  if (ran.status === 0) return ran.stdout;
  throw new Error(`${line} ended with ${ran.status}:\n${ran.stderr}${ran.stdout}`);
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

beforeAll(async () => {
  debianPackages(DEPOT_PACKAGES.map(({ name }) => name));
  host = await startBareHost(root, {
    debs: debianCache(),
    without: DEPOT_PACKAGES.map(({ name }) => name),
  });
  // what a host has done by itself before anybody installs anything
  host.sh('ldconfig; systemd-tmpfiles --create --exclude-prefix=/dev');
  spawnSync('setfattr', ['-n', 'user.site', '-v', 'kept', join(root, 'etc/services')]);
  spawnSync('setfacl', ['-m', 'u:daemon:rw', join(root, 'etc/inetd.conf')]);
  appendFileSync(join(root, 'etc/inetd.conf'), 'daytime stream tcp nowait root internal');
  writeFileSync(join(root, 'etc/cron.d/person'), '* * * * * root echo tick >>/var/log/person\n');
  done('/run/xhier/node /run/xhier/project/scripts/make-depot.mjs / --offline');
  makeClock();
  accountsBefore = accountsChecked();
  bare = whole();
}, LONG);
afterAll(() => host.end());

/** A package of the site's own: real ones have no job for every minute. */
function makeClock(): void {
  done('mkdir -p /tmp/stage/bin /tmp/stage/export');
  const script = '#!/bin/sh\\nid -un >>/var/log/clock\\n';
  done(`printf '${script}' >/tmp/stage/bin/clock; chmod 755 /tmp/stage/bin/clock`);
  done("printf '* * * * * /software/clock/bin/clock\\n' >/tmp/stage/export/crontab");
  host.xh('mkpkg', 'clock', '--version', '1.0', '--from', '/tmp/stage');
  done('echo owner = daemon >>/software/clock/.admin/Options');
  done('touch /var/log/clock; chmod 666 /var/log/clock');
}

describe('fifty packages on a bare host', () => {
  test('are made by one script, which has nothing to do the second time', () => {
    expect(DEPOT_PACKAGES.length).toBeGreaterThanOrEqual(50);
    const listed = JSON.parse(host.xh('list', '--json').stdout) as { name: string }[];
    expect(listed).toHaveLength(DEPOT_PACKAGES.length + 1);
    const again = host.sh('/run/xhier/node /run/xhier/project/scripts/make-depot.mjs / --offline');
    expect(again.stderr).toContain(`${DEPOT_PACKAGES.length} packages, none of them new`);
    expect(whole()).toEqual(bare);
  });

  test('are installed by one command, in one generation, without a conflict', () => {
    const ran = host.xh('install', 'clock', ...NAMES);
    expect(ran.stderr).toMatch(/^installed .*\(generation \d+\)/m);
    expect(ran.stderr).not.toMatch(/warning|conflict|failed/);
    expect(host.xh('install', '--all').stderr).toContain('nothing to do');
    expect(host.xh('farm', 'check').stdout).toBe('');
  });

  test('every command answers through the farm', () => {
    const script = `${LOGIN}
for each in ${ADMIN}/bins/bin/* ${ADMIN}/bins/maintenance/*; do
  name=$\{each##*/}
  for word in --version --help -h; do
    timeout -s KILL 5 $name $word </dev/null >/tmp/out 2>&1; status=$?
    [ $status = 0 ] && break
  done
  echo "$status $(command -v $name) $(tr -s '[:space:]' ' ' </tmp/out | head -c 200)"
done`;
    writeFileSync(join(root, 'var/commands.sh'), script);
    const nobody = 'setpriv --reuid=nobody --regid=nogroup --clear-groups';
    const answers = linesOf(done(`${nobody} sh /var/commands.sh`));
    expect(answers.length).toBeGreaterThan(100);
    const wrong = answers.filter(
      (line) =>
        !line.includes(` ${ADMIN}/bins/`) ||
        /^(?:12[67]|1[3-9]\d) /.test(line) ||
        / error while loading |Can't locate |No module named |bad interpreter/.test(line),
    );
    // this one is for those who make Debian packages, and needs what they have
    expect(wrong.filter((line) => !line.includes('/dh_bash-completion '))).toEqual([]);
  });

  test.each(ANSWERS)('%s', (line, prints) => {
    writeFileSync(join(root, 'var/answer.sh'), `${LOGIN}\n${line}\n`);
    const ran = host.sh('setpriv --reuid=nobody --regid=nogroup --clear-groups sh /var/answer.sh');
    expect(`${ran.stdout}${ran.stderr}`.trim()).toMatch(prints);
  });

  test(
    'man finds every page, in every section and language',
    () => {
      const farm = join(root, ADMIN, 'man');
      const pages = [...snapshot(root, `${ADMIN.slice(1)}/man`).keys()].flatMap((path) => {
        const found = /\/man\/(?:([^/]+)\/)?man\w+\/(.+)\.(\w+)\.gz$/.exec(`/${path}`);
        const [, language = '', name = '', section = ''] = found ?? [];
        return found ? [{ language, name, section }] : [];
      });
      expect(pages.length, farm).toBeGreaterThan(3000);
      expect(new Set(pages.map(({ language }) => language)).size).toBeGreaterThan(4);
      const kinds = new Map<string, string[]>();
      for (const { language, section, name } of pages) {
        const kind = `${language} ${section}`;
        kinds.set(kind, [...(kinds.get(kind) ?? []), name]);
      }
      const missing = [...kinds].flatMap(([kind, wanted]) => {
        const [language = '', section = ''] = kind.split(' ');
        // -M means these directories and no languages, man(1) says
        const how =
          language === '' ? `man -M ${ADMIN}/man` : `MANPATH=${ADMIN}/man man -L ${language}`;
        const names = wanted.map((name) => `'${name}'`).join(' ');
        const ran = host.sh(`${how} -S ${section} -w ${names}`);
        const found = linesOf(ran.stdout).filter((path) => path.includes(`/man/${language}`));
        return found.length === wanted.length ? [] : [`${kind}: ${ran.stderr}`];
      });
      expect(missing).toEqual([]);
    },
    LONG,
  );

  test.each(LIBRARIES)('cc finds -l%s and <%s>', (library, header, call, prints) => {
    const source = `#include <${header}>\n#include <stdio.h>\nint main(void) { puts(${call}); return 0; }\n`;
    writeFileSync(join(root, 'var/uses.c'), source);
    const built = done(
      `cd /tmp && cc -M /var/uses.c && cc -o uses /var/uses.c -L/usr/local/lib -l${library} -Wl,-t 2>&1`,
    );
    expect(built).toContain(` /usr/include/${header}`);
    expect(built).toMatch(new RegExp(`^/usr/local/lib/lib${library}\\.so$`, 'm'));
    expect(done('/tmp/uses').trim()).toMatch(prints);
    // the loader's own cache knows them, without LD_LIBRARY_PATH
    expect(done('ldconfig -p')).toMatch(new RegExp(`lib${library}\\.so\\.\\d+ .*/usr/local/lib/`));
    done(`cd /tmp && cc -o uses /var/uses.c -l:lib${library}.a -L/usr/local/lib -lm && ./uses`);
  });
});

describe('what was merged', () => {
  const merged = (directory: string): string[] =>
    readdirSync(join(root, 'etc', directory)).filter(
      (name) => !Object.hasOwn(bare.files, `etc/${directory}/${name}`),
    );

  test('is accepted by the programs that read it', () => {
    const units = merged('systemd/system').filter((name) => !name.includes('.wants'));
    expect(units.length).toBeGreaterThan(8);
    const words = units.map((name) => `/etc/systemd/system/${name}`).join(' ');
    expect(done(`systemd-analyze verify --man=no ${words} 2>&1`)).toBe('');
    expect(merged('sudoers.d')).toEqual(['plocate']);
    expect(done('visudo -c')).toContain('/etc/sudoers.d/plocate: parsed OK');
    expect(merged('logrotate.d')).toEqual(['inetutils-syslogd']);
    expect(done('logrotate -d /etc/logrotate.conf 2>&1')).not.toMatch(/^error:/m);
    for (const name of merged('tmpfiles.d')) {
      done(`systemd-tmpfiles --create --prefix=/nowhere /etc/tmpfiles.d/${name}`);
    }
    for (const name of merged('profile.d').filter((each) => each.endsWith('.sh'))) {
      done(`sh -n /etc/profile.d/${name}; bash -n /etc/profile.d/${name}`);
    }
    expect(done('ldconfig -p')).toContain('/software/libfakeroot/lib/libfakeroot/');
  });

  test('is known to the system: accounts, groups, services, shells', () => {
    expect(done('getent passwd uuidd')).toMatch(/^uuidd:x:\d+:\d+:UUID daemon:\/run\/uuidd:/);
    expect(done('getent group plocate')).toMatch(/^plocate:x:\d+:/);
    expect(done('getent services depot-www')).toMatch(/^depot-www +8063\/tcp/);
    expect(done("grep -x '/software/mksh/bin/mksh' /etc/shells")).not.toBe('');
    expect(accountsChecked()).toBe(accountsBefore);
  });

  test('starts with the host, and cron and inetd do what the packages want', async () => {
    const boot = readdirSync(join(root, 'etc/systemd/system'))
      .filter((name) => /^xhier-.*\.service$/.test(name))
      .map((name) => readFileSync(join(root, 'etc/systemd/system', name), 'utf8'))
      .flatMap((unit) => /^ExecStart=(.*)$/m.exec(unit)?.[1] ?? []);
    const starts = boot.length > 0 ? boot : ['/etc/rc.local'];
    // an hour takes two minutes, and begins shortly before the daily jobs
    const clock =
      "LD_PRELOAD='/usr/$LIB/faketime/libfaketime.so.1' FAKETIME='@2026-11-22 06:24:40 x30'";
    for (const start of starts) {
      const said = done(`${clock} ${start} </dev/null >/tmp/boot 2>&1; cat /tmp/boot`);
      expect(said).toMatch(/^starting \S+\n$/);
    }
    for (const daemon of ['cron', 'inetd', 'syslogd']) {
      // what is installed, not what this host may have itself
      const program = await until(
        () =>
          host.sh(`for each in $(pgrep -x ${daemon}); do readlink /proc/$each/exe; done`).stdout,
      );
      expect(program).toMatch(/^\/\.software\/arch\//);
    }

    const page = `printf 'GET /micro-httpd/copyright HTTP/1.0\\r\\n\\r\\n' | ${ADMIN}/bins/bin/nc -q 2 -w 5 127.0.0.1`;
    expect(done(`${page} 8063`)).toMatch(/^HTTP\/1\.\d 200 Ok[^]*micro-httpd/i);
    expect(done(`echo '1, 2' | ${ADMIN}/bins/bin/nc -q 2 -w 5 127.0.0.1 113`)).toMatch(/USERID/);

    const log = await until(() => {
      const text = host.sh('cat /var/log/syslog /var/log/cron.log 2>/dev/null').stdout;
      const ran = ['debian-sa1 1 1', 'cron.daily/plocate', 'cron.daily/sysstat', 'clock/bin/clock'];
      return ran.every((job) => text.includes(job)) ? text : undefined;
    });
    expect(log).toMatch(
      /CRON\[\d+\]: \(root\) CMD \(\/software\/sysstat\/etc\/cron\.daily\/sysstat\)/,
    );
    expect(log).toMatch(/CRON\[\d+\]: \(daemon\) CMD \(\/software\/clock\/bin\/clock\)/);
    expect(log).not.toMatch(/cron.*(?:ERROR|WRONG|bad |Missing newline)/i);
    expect(await until(() => host.sh('cat /var/log/clock').stdout)).toMatch(/^daemon$/m);
    // sysstat's job has measured, and its command reads what was measured
    const measured = await until(
      () => host.sh(`${ADMIN}/bins/bin/sar -f /var/log/sysstat/sa22 2>/dev/null`).stdout,
    );
    expect(measured).toMatch(/^Linux /m);
  });
});

describe('versions', () => {
  test('are switched by one command, and back', () => {
    host.xh('use', 'lua@5.1');
    expect(done(`${ADMIN}/bins/bin/lua -v 2>&1`)).toMatch(/^Lua 5\.1/);
    expect(done(`man -M ${ADMIN}/man -w lua`)).toContain('lua-5.1');
    host.xh('use', 'lua@5.4');
    expect(done(`${ADMIN}/bins/bin/lua -v`)).toMatch(/^Lua 5\.4/);
  });
});

describe('taken out again, in any order', () => {
  const random = randomFrom(SEED);
  let farms: Readonly<Record<string, string>>;

  test(
    `nothing is left of them (order ${SEED})`,
    async () => {
      farms = farmLinks();
      // `use` has installed another version
      const waiting = shuffled(installedNames(), random);
      expect(waiting.length).toBeGreaterThan(NAMES.length);
      while (waiting.length > 0) {
        const some = waiting.splice(0, 1 + Math.floor(random() * 9));
        host.xh('uninstall', '--force', ...some);
        if (waiting.length > 0) expect(host.xh('farm', 'check').stdout, `${SEED}`).toBe('');
      }
      const left = whole();
      expect(left.files, `${SEED}`).toEqual(bare.files);
      expect(left.attributes).toBe(bare.attributes);
      // what a person wrote goes on, what the packages brought does not
      const before = host.sh('cat /var/log/clock').stdout;
      const ticks = linesOf(host.sh('cat /var/log/person').stdout).length;
      await until(() =>
        linesOf(host.sh('cat /var/log/person').stdout).length > ticks + 2 ? true : undefined,
      );
      expect(host.sh('cat /var/log/clock').stdout).toBe(before);
      expect(host.sh('busybox nc -w 2 127.0.0.1 8063 </dev/null').status).not.toBe(0);
      expect(host.sh('busybox nc -w 2 127.0.0.1 13 </dev/null').status).toBe(0);
    },
    LONG,
  );

  test('the history tells of all of it', () => {
    const history = JSON.parse(host.xh('history', '--json').stdout) as { command: string }[];
    const commands = new Set(history.map(({ command }) => command.split(' ')[1]));
    expect(commands).toEqual(new Set(['install', 'use', 'uninstall']));
    expect(history.length).toBeGreaterThan(8);
  });

  test(
    'installed again in another order the farms are the same',
    () => {
      for (const half of [0, 1]) {
        const some = shuffled(['clock', ...NAMES], random).filter((_, i) => i % 2 === half);
        host.xh('install', ...some);
      }
      host.xh('install', ...shuffled(['clock', ...NAMES], random));
      expect(farmLinks()).toEqual(farms);
    },
    LONG,
  );
});

function installedNames(): string[] {
  const listed = JSON.parse(host.xh('list', '--json').stdout) as {
    directory: string;
    installed: boolean;
  }[];
  return listed.filter(({ installed }) => installed).map(({ directory }) => directory);
}

/** Every link of the farms, and where it leads. */
function farmLinks(): Readonly<Record<string, string>> {
  const found = [ADMIN.slice(1), 'usr/include', 'usr/local'].flatMap((top) => [
    ...snapshot(root, top),
  ]);
  return Object.fromEntries(
    found.filter(([path, what]) => what.startsWith('link ') && !CACHES.test(`/${path}`)),
  );
}

/** Waits until `look` finds something, at most two minutes. */
async function until<T>(look: () => T | undefined | ''): Promise<T> {
  for (const end = Date.now() + 120_000; Date.now() < end;) {
    const found = look();
    if (found !== undefined && found !== '') return found;
    await setTimeout(300);
  }
  throw new Error(`not within two minutes: ${String(look)}`);
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((one, other) => one.at - other.at)
    .map(({ item }) => item);
}
