/** Packages and system files written straight to a test's site, as lfu would leave them there. */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Text, or a link: `→ target`. */
export type Files = Readonly<Record<string, string>>;

const EXECUTABLE = /(?:^|\/)(?:(?:bin|maintenance|servers)\/[^/]+|\.admin\/Install)$/;

/** Writes files below a directory; commands and Install scripts can be executed. */
export function writeFiles(top: string, files: Files): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(top, name);
    mkdirSync(dirname(path), { recursive: true });
    if (text.startsWith('→ ')) symlinkSync(text.slice(2), path);
    else {
      writeFileSync(path, text);
      if (EXECUTABLE.test(name)) chmodSync(path, 0o755);
    }
  }
}

/** Makes a package in the share tree of the site. @returns its path */
export function makePackage(root: string, directory: string, files: Files = {}): string {
  const top = join(root, '.software/share', directory);
  mkdirSync(top, { recursive: true });
  if (!existsSync(join(root, 'software')))
    symlinkSync(join(root, '.software/share'), join(root, 'software'));
  writeFiles(top, { '.admin/Maintainer': 'somebody@example.org\n', ...files });
  return top;
}

/** A script that prints one word. */
export function command(says: string): string {
  return `#!/bin/sh\necho ${says}\n`;
}

/** Copies system files of this host into the site. */
export function copySystemFiles(root: string, ...names: readonly string[]): void {
  mkdirSync(join(root, 'etc'), { recursive: true });
  for (const name of names) copyFileSync(join('/etc', name), join(root, 'etc', name));
}

/** Where the farms' user commands stand. */
export function bins(root: string, name = ''): string {
  return join(root, '.software/local/.admin/bins/bin', name);
}
