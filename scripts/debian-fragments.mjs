/**
 * What Debian's scripts would have set up for a package, done in the depot instead, from the
 * package's own files and from what `xh import` reported: other names of its commands, fragments in
 * export/, libraries of other packages that its links lead to. Nothing of a package is run.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** @typedef {import('./depot-packages.mjs').DepotPackage} DepotPackage */
/** @typedef {{ code: string, path?: string, place?: string, message: string }} Finding of `xh import` */
/**
 * @typedef {object} Imported
 * @property {DepotPackage} entry
 * @property {string} root the site root
 * @property {string} directory below /software
 * @property {readonly Finding[]} findings
 */

/** Directories of a package whose files are fragments as they stand, and which of them are. */
const DROP_INS = /** @type {const} */ ([
  ['etc/cron.d', 'cron.d', /^[A-Za-z0-9_-]+$/],
  ['etc/logrotate.d', 'logrotate.d', /^[^.]/],
  ['etc/ld.so.conf.d', 'ld.so.conf.d', /\.conf$/],
  ['etc/sudoers.d', 'sudoers.d', /^(?!README$)[^.~]+$/],
  ['etc/xinetd.d', 'xinetd.d', /^[^.~]+$/],
  ['lib/sysusers.d', 'sysusers.d', /\.conf$/],
  ['lib/tmpfiles.d', 'tmpfiles.d', /\.conf$/],
  ['lib/systemd/system', 'systemd', /\.(?:service|socket|timer|path)$/],
]);

/** When Debian's own crontab runs what is in these directories. */
const PERIODIC = /** @type {const} */ ([
  ['etc/cron.hourly', '17 * * * *'],
  ['etc/cron.daily', '25 6 * * *'],
  ['etc/cron.weekly', '47 6 * * 7'],
  ['etc/cron.monthly', '52 6 1 * *'],
]);

/** What a package has of the host's state, and where that is on the host. */
const STATE = /** @type {const} */ ([
  ['var', '/var'],
  ['logs', '/var/log'],
]);
/** These are everybody's. */
const SHARED_STATE = /^\/var\/(?:lib|cache|spool|tmp|log|games|mail|backups|spool\/cron)$/;

/** Where an interpreter has to be told to look for modules. */
const MODULES = /** @type {const} */ ([
  ['lib/python3/dist-packages', 'PYTHONPATH', 'python'],
  ['share/perl5', 'PERL5LIB', 'perl'],
  ['lib/perl5', 'PERL5LIB', 'perl-compiled'],
]);

/**
 * Completes one imported package.
 *
 * @param {Imported} imported
 * @returns {string[]} the names of its fragments
 */
export function completePackage(imported) {
  makeOtherNames(imported);
  joinLibraries(imported);
  ownSetIds(imported);
  mendScripts(imported);
  writeDropIns(imported);
  writeStateDirectories(imported);
  writePeriodicJobs(imported);
  writeModulePaths(imported);
  writeReplacements(imported);
  for (const [name, text] of Object.entries(imported.entry.export ?? {})) {
    write(imported, name, text);
  }
  return fragmentsOf(imported);
}

/** The links of update-alternatives, next to what they name. @param {Imported} imported */
function makeOtherNames({ entry, root, directory, findings }) {
  /** @type {[place: string, target: string][]} */
  const links = Object.entries(entry.links ?? {});
  for (const { code, path = '', message } of findings) {
    const name = code === 'IMPORT_ALTERNATIVE' ? /^is called (\S+) by /.exec(message)?.[1] : '';
    if (!name) continue;
    const place = placeOf(name);
    links.push([place, relative(dirname(place), placeOf(path))]);
  }
  for (const [place, target] of links) {
    const at = packagePath(root, directory, place);
    if (lstatSync(at, { throwIfNoEntry: false }) !== undefined) continue;
    mkdirSync(dirname(at), { recursive: true });
    symlinkSync(target, at);
  }
}

/** Where `xh import` puts what is found at a path of Debian. @param {string} path */
function placeOf(path) {
  return path
    .replace(/^\//, '')
    .replace(/^usr\//, '')
    .replace(/^games\//, 'bin/')
    .replace(/^sbin\//, 'maintenance/')
    .replace(/^share\/(man|info|doc)\//, '$1/');
}

/**
 * A -dev package's libNAME.so leads to the library of another package: to where that one is in the
 * depot, relative to the trees that both are in.
 *
 * @param {Imported} imported
 */
function joinLibraries({ root, directory, findings }) {
  for (const { code, place = '', message } of findings) {
    const library = /^leads to \S*\/(lib[^/]+\.so[^/]*), /.exec(message)?.[1];
    if (code !== 'IMPORT_LINK_DANGLING' || library === undefined) continue;
    const software = join(root, 'software');
    const provider = readdirSync(software).find((each) =>
      existsSync(join(software, each, 'lib', library)),
    );
    if (provider === undefined) continue;
    const at = packagePath(root, directory, place);
    const target = join(realpathSync(join(software, provider, 'lib')), library);
    rmSync(at);
    symlinkSync(relative(realpathSync(dirname(at)), target), at);
  }
}

/** Set-id programs of another than root get their owners back, when root makes the depot. */
function ownSetIds(/** @type {Imported} */ { entry, root, directory }) {
  if (process.getuid?.() !== 0) return;
  for (const [place, owner] of Object.entries(entry.owners ?? {})) {
    const at = packagePath(root, directory, place);
    const [user = '', group = ''] = owner.split(':');
    const uid = numberOf('passwd', user, root);
    const gid = numberOf('group', group, root);
    if (uid === undefined || gid === undefined) continue;
    const { mode } = statSync(at);
    chownSync(at, uid, gid);
    // chown(2) takes these bits away
    chmodSync(at, mode & 0o7777);
  }
}

/** @param {'passwd' | 'group'} file @param {string} name @param {string} root */
function numberOf(file, name, root) {
  const own = join(root, 'etc', file);
  const text = readFileSync(existsSync(own) ? own : join('/etc', file), 'utf8');
  const line = text.split('\n').find((each) => each.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.split(':')[2]);
}

/** Scripts call other parts of their package where they are now. @param {Imported} imported */
function mendScripts(imported) {
  const { root, directory, findings } = imported;
  const places = findings.flatMap(({ code, place }) =>
    code === 'IMPORT_OLD_PLACE' && place !== undefined ? [place] : [],
  );
  for (const place of new Set(places)) {
    const at = packagePath(root, directory, place);
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (!stat?.isFile() || (stat.mode & 0o111) === 0) continue;
    if (readFileSync(at, 'latin1').startsWith('#!')) {
      writeFileSync(at, inNewPlaces(imported, place));
    }
  }
}

/** @param {Imported} imported */
function writeDropIns(imported) {
  for (const [from, kind, isMeant] of DROP_INS) {
    if (kind === 'systemd' && imported.entry.units === false) continue;
    for (const place of plainFiles(imported, from)) {
      if (!isMeant.test(basename(place))) continue;
      // any name does there, and Debian's own may be there already
      const name = kind === 'ld.so.conf.d' ? `${imported.entry.name}.conf` : basename(place);
      write(imported, `${kind}/${name}`, inNewPlaces(imported, place));
    }
  }
  // these `xh import` has put in their place itself, with the old paths in them
  for (const place of plainFiles(imported, 'export/profile.d')) {
    write(imported, place.slice('export/'.length), inNewPlaces(imported, place));
  }
}

/** Directories of its own below /var, which programs look for there and do not make. */
function writeStateDirectories(/** @type {Imported} */ imported) {
  const { entry, root, directory } = imported;
  const lines = STATE.flatMap(([from, to]) =>
    directoriesIn(packagePath(root, directory, from), '').flatMap((below) => {
      const path = `${to}/${below}`;
      if (SHARED_STATE.test(path)) return [];
      const mode = statSync(packagePath(root, directory, `${from}/${below}`)).mode & 0o1777;
      return [`d ${path} ${mode.toString(8).padStart(4, '0')} root root -\n`];
    }),
  );
  if (lines.length > 0) write(imported, `tmpfiles.d/${entry.name}-state.conf`, lines.join(''));
}

/** All directories below one. @param {string} top @param {string} below @returns {string[]} */
function directoriesIn(top, below) {
  const at = join(top, below);
  if (!existsSync(at)) return [];
  return readdirSync(at, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .flatMap(({ name }) => [join(below, name), ...directoriesIn(top, join(below, name))])
    .toSorted();
}

/** Scripts of cron.daily and the like become lines of a crontab, at Debian's times. */
function writePeriodicJobs(/** @type {Imported} */ imported) {
  const { directory } = imported;
  const lines = PERIODIC.flatMap(([from, times]) =>
    plainFiles(imported, from)
      .filter((place) => !basename(place).startsWith('.'))
      .map((place) => `${times} /software/${directory}/${place}\n`),
  );
  if (lines.length > 0) write(imported, 'crontab', lines.join(''));
}

/** @param {Imported} imported */
function writeModulePaths(imported) {
  const { entry, root, directory } = imported;
  for (const [below, variable, called] of MODULES) {
    // Debian's compiled modules are in a directory of perl's version
    const parent = packagePath(root, directory, below);
    const versions = below === 'lib/perl5' && existsSync(parent) ? readdirSync(parent) : [''];
    for (const each of versions.filter((version) => existsSync(join(parent, version)))) {
      const path = join('/software', directory, below, each);
      write(
        imported,
        `profile.d/${entry.name}-${called}.sh`,
        `${variable}=${path}\${${variable}:+:$${variable}}\nexport ${variable}\n`,
      );
    }
  }
}

/** Configuration that programs look for in /etc only: a link there, the host's own kept beside. */
function writeReplacements(/** @type {Imported} */ { entry, root, directory }) {
  for (const name of entry.replace ?? []) {
    const at = packagePath(root, directory, `export/replace/etc/${name}`);
    if (existsSync(at)) continue;
    mkdirSync(dirname(at), { recursive: true });
    const file = packagePath(root, directory, `etc/${name}`);
    symlinkSync(relative(realpathSync(dirname(at)), realpathSync(file)), at);
  }
}

/** A file's text with the package's own old places replaced, but for configuration and state. */
function inNewPlaces(
  /** @type {Imported} */ { root, directory, findings },
  /** @type {string} */ place,
) {
  let text = readFileSync(packagePath(root, directory, place), 'latin1');
  for (const { code, place: where, message } of findings) {
    if (code !== 'IMPORT_OLD_PLACE' || where !== place) continue;
    const [, old = '', now = ''] =
      /^names (\S+) (?:\d+ times, first )?in (?:line|byte) \d+; now (\S+)$/.exec(message) ?? [];
    if (old === '' || /^\/(?:etc|var|run)\//.test(old)) continue;
    text = text
      .split('\n')
      .map((line) => replacePath(line, old, now))
      .join('\n');
  }
  return Buffer.from(text, 'latin1');
}

/** Every `old` of a line that is a whole path or the beginning of one. */
function replacePath(
  /** @type {string} */ line,
  /** @type {string} */ old,
  /** @type {string} */ now,
) {
  const parts = line.split(old);
  return parts.reduce((before, after) => {
    const isPath = !/[A-Za-z0-9_.-]$/.test(before) && !/^[A-Za-z0-9_-]/.test(after);
    return `${before}${isPath ? now : old}${after}`;
  });
}

/** @param {Imported} imported @param {string} name below export/ @param {string | Uint8Array} content */
function write({ root, directory }, name, content) {
  const at = packagePath(root, directory, `export/${name}`);
  mkdirSync(dirname(at), { recursive: true });
  writeFileSync(at, content);
}

/** Places of the plain files directly in a directory of the package. @param {Imported} imported @param {string} below */
function plainFiles({ root, directory }, below) {
  const at = packagePath(root, directory, below);
  if (!existsSync(at)) return [];
  return readdirSync(at)
    .toSorted()
    .filter((name) => lstatSync(join(at, name)).isFile())
    .map((name) => `${below}/${name}`);
}

/** Kinds of fragments that the package has. @param {Imported} imported */
function fragmentsOf({ root, directory }) {
  const at = packagePath(root, directory, 'export');
  return existsSync(at) ? readdirSync(at).toSorted() : [];
}

/** @param {string} root @param {string} directory @param {string} place */
function packagePath(root, directory, place) {
  return join(root, 'software', directory, place);
}
