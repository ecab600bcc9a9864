/** Checks of what is executed: commands, their interpreters, and paths that hold on one machine only. */
import { b, printable, slice, split, toText, type Bytes } from '../../bytes/bytes.ts';
import { basename, components, isWithin, normalize } from '../../bytes/path.ts';
import { executableArchitecture } from '../../package/import/executable.ts';
import { architecture, baseArchitecture } from '../../site/arch.ts';
import { isHostsOwn, SHARE } from '../../site/file-types.ts';
import { shellWord } from '../shell-word.ts';
import { optionsOf } from './admin.ts';
import type { Found, PackageCheck } from './package-check.ts';
import { firstLine, isScript, isText, type Subject, type SubjectFile } from './subject.ts';

/** Where commands stand, directly. */
const COMMAND = /^(?:bin|maintenance|servers)\/[^/]+$/;

/** Whether the file is one of the package's commands. */
export function isCommand({ path, kind }: SubjectFile): boolean {
  return kind === 'file' && COMMAND.test(path);
}

export const commands: PackageCheck = {
  id: 'commands',
  what: 'commands that cannot be executed, and directories among them: neither gets a link',
  *ofFile(file, subject) {
    if (!COMMAND.test(file.path)) return;
    if (file.kind === 'directory') {
      yield {
        severity: 'note',
        path: file.path,
        message: 'a directory among commands: nothing in it is linked',
        remedy: 'put what is in it elsewhere, such as lib or share',
      };
    }
    if (file.kind !== 'file' || basename(file.path).startsWith('.')) return;
    if ((file.mode & 0o111) === 0) {
      yield {
        severity: 'error',
        path: file.path,
        message: 'a command that cannot be executed',
        remedy: `chmod +x ${shellWord(file.at)}`,
      };
    } else if ((file.mode & 0o001) === 0 && optionsOf(subject)?.values.owner === undefined) {
      yield {
        severity: 'note',
        path: file.path,
        message: `not everybody may execute it (mode ${file.mode.toString(8)})`,
        remedy: `chmod a+rx ${shellWord(file.at)}, unless that is meant`,
      };
    }
  },
};

export const interpreters: PackageCheck = {
  id: 'interpreters',
  what: 'scripts whose interpreter is not there, is not named, or cannot be found by the kernel',
  *ofFile(file, subject) {
    if (file.kind !== 'file' || (file.mode & 0o111) === 0) return;
    const content = file.content();
    const line = firstLine(content);
    const say = (severity: Found['severity'], message: string, remedy: string): Found => ({
      severity,
      path: file.path,
      line: 1,
      message,
      remedy,
    });
    if (!line.startsWith('#!')) {
      if (!isCommand(file) || executableArchitecture(content) !== undefined) return;
      const what =
        content.length === 0 ? 'an empty file' : isText(content) ? 'a text' : 'no program';
      yield say(
        isText(content) && content.length > 0 ? 'warning' : 'error',
        `a command that is ${what} and does not say what runs it`,
        'begin it with #! and the path of its interpreter',
      );
      return;
    }
    if (line.endsWith('\r')) {
      const remedy = `sed -i 's/\\r$//' ${shellWord(file.at)}`;
      yield say(
        'error',
        'its lines end as on DOS: the kernel takes that for a part of the name',
        remedy,
      );
      return;
    }
    // execve(2): what is behind is cut off, or the script refused
    if (line.length > 255) yield say('error', 'its first line is too long', 'use a shorter path');
    const words = split(slice(line, 2).replace(/\t/g, ' ') as Bytes, ' ').filter(
      (word) => word !== '',
    );
    const [interpreter] = words;
    if (interpreter === undefined || !interpreter.startsWith('/')) {
      const shown = printable(interpreter ?? b``);
      yield say(
        'error',
        `'#!${shown}' is no absolute path`,
        `write #!/usr/bin/env ${shown} instead`,
      );
      return;
    }
    if (!subject.hostHas(interpreter)) {
      // an example of many that nobody may ever run
      yield say(
        isCommand(file) || file.path.startsWith('.admin/') ? 'error' : 'warning',
        `its interpreter ${printable(interpreter)} is not on this host`,
        'install it, or name another',
      );
      return;
    }
    yield* undeclared(file, subject, interpreter);
    if (basename(interpreter) !== 'env') return;
    const program = words.slice(1).find((word) => !word.startsWith('-') && !word.includes('='));
    if (program === undefined || program.includes('/') || isThere(subject, program)) return;
    yield say(
      'warning',
      `there is no ${printable(program)} where commands are looked for`,
      'install it, or name another',
    );
  },
};

export const installScript: PackageCheck = {
  id: 'install-script',
  what: 'an Install script that cannot be executed, or does not know both of its arguments',
  *ofPackage(subject) {
    const path = b`.admin/Install`;
    const file = subject.byPath.get(path);
    if (file === undefined) return;
    const say = (severity: Found['severity'], message: string, remedy: string): Found => ({
      severity,
      path,
      message,
      remedy,
    });
    if (file.kind !== 'file') {
      yield say('error', 'it is no regular file', 'put the script itself there');
      return;
    }
    if ((file.mode & 0o111) === 0) {
      yield say('error', 'it cannot be executed', `chmod +x ${toText(file.at)}`);
    }
    const content = file.content();
    if (file.elf() !== undefined) return;
    if (!firstLine(content).startsWith('#!')) {
      yield say('error', 'it does not say what runs it', 'begin it with #!/bin/sh');
    }
    if (isScript(content) && !/\buninstall\b/.test(content.toString('latin1'))) {
      yield say(
        'warning',
        "it never mentions 'uninstall', with which it is called too",
        'let it take back what it has done when its argument is uninstall',
      );
    }
    if (optionsOf(subject)?.values['run-as'] === 'root') {
      yield say('note', 'it is run by root', 'name another account in run-as, if that will do');
    }
  },
};

/** An interpreter that another package brings, and that is no dependency. */
function* undeclared(file: SubjectFile, subject: Subject, interpreter: Bytes): Generator<Found> {
  const inside = subject.inside(interpreter);
  if (inside === undefined || !isWithin(b`/software`, inside)) return;
  const [, owner = b``] = components(inside);
  if (owner === subject.name || owner === subject.directory) return;
  if (declares(subject, owner)) return;
  yield {
    severity: 'warning',
    path: file.path,
    line: 1,
    message: `it is run by ${printable(owner)}, which is no dependency`,
    remedy: `add to .admin/Dependencies: ${toText(owner)}`,
  };
}

/** Whether `.admin/Dependencies` names a package, by its name or its directory. */
export function declares({ byPath }: Subject, name: Bytes): boolean {
  const text =
    byPath
      .get(b`.admin/Dependencies`)
      ?.content()
      .toString('latin1') ?? '';
  return text.split('\n').some((line) => line.trim().replace(/^\?/, '').split(/[ \t]/)[0] === name);
}

const COMMAND_DIRECTORIES = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'] as Bytes[];
const FARM = b`/.software/local/.admin/bins/bin`;

function isThere(subject: Subject, program: Bytes): boolean {
  return (
    [FARM, ...COMMAND_DIRECTORIES].some((directory) =>
      subject.hostHas(b`${directory}/${program}`),
    ) || subject.byPath.has(b`bin/${program}`)
  );
}

export const architectures: PackageCheck = {
  id: 'architectures',
  what: 'compiled files in a tree that other architectures share, or for another architecture',
  *ofFile(file, subject) {
    if (file.kind !== 'file' || file.size < 20) return;
    const built = executableArchitecture(file.content());
    if (built === undefined) return;
    const shared = subject.types.find((type) => type.name === file.type);
    if (subject.entry !== undefined && file.type !== ARCH_TREE && shared && !isHostsOwn(shared)) {
      yield {
        severity: file.type === SHARE ? 'error' : 'warning',
        path: file.path,
        message: `compiled for ${printable(built)}, in a tree that hosts of every architecture share`,
        remedy: `add to .admin/file-types: ${toText(file.path)} arch   and import or make it again`,
      };
    } else if (built !== baseArchitecture(architecture())) {
      yield {
        severity: 'warning',
        path: file.path,
        message: `compiled for ${printable(built)}; this host is ${printable(architecture())}`,
        remedy: 'build it for this architecture',
      };
    }
  },
};

const ARCH_TREE = b`arch`;

/** Directories that are of one person or one machine, or of the place where something was built. */
const PLACES =
  /(?<![\w.~$}/-])\/(?:home|root|build|export\/home|usr\/src|var\/tmp|Users)\/[\w.+~@-]+[\w./+~@-]{0,200}/g;
/** Parts that are read by people only. */
const FOR_PEOPLE = /^(?:doc|man|info|share\/(?:doc|man|info))\/|(?:^|\/)(?:README|NEWS|ChangeLog)/;
const SOURCE = /\.(?:c|cc|cpp|cxx|h|hh|hpp|rs|go|f|f90|S|s|y|l|pyx)$/;
/** So many places of one file are told. */
const MOST_PLACES = 3;

export const hardWired: PackageCheck = {
  id: 'hard-wired',
  what: "paths in files that hold where it was built, or in somebody's home, and nowhere else",
  *ofFile(file, subject) {
    if (file.kind !== 'file' || FOR_PEOPLE.test(file.path)) return;
    const content = file.content();
    const text = content.toString('latin1');
    const readable = isText(content);
    const seen = new Set<string>();
    const patterns = [PLACES, ...ownRoot(subject)];
    for (const pattern of patterns) {
      for (const match of text.matchAll(pattern)) {
        const path = match[0].replace(/[.,/]+$/, '');
        // what the compiler remembers of its sources is for people, too
        if (seen.has(path) || (!readable && SOURCE.test(path))) continue;
        seen.add(path);
        if (seen.size > MOST_PLACES) return;
        const line = readable ? { line: countLines(text, match.index) } : {};
        yield {
          severity: readable ? 'warning' : 'note',
          path: file.path,
          ...line,
          message: `it names ${printable(path as Bytes)}`,
          remedy: `let it say /software/${toText(subject.name)}/…, or build it with that as its prefix`,
        };
      }
    }
  },
};

/** The site root, when that is not `/`: where the package is used, another may be. */
function ownRoot({ host: { site }, entry, top }: Subject): readonly RegExp[] {
  const root = entry === undefined ? top : site.root;
  if (root === '/' || normalize(root) !== root) return [];
  return [
    new RegExp(`${root.replace(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`)}/[\\w./+~@-]{0,200}`, 'g'),
  ];
}

function countLines(text: string, end: number): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0 && at < end; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
