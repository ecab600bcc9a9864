/** What ships with the program: templates, example rules, packages. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bytes, type Bytes } from '../bytes/bytes.ts';

/** The absolute path of a shipped directory (`templates`), found beside package.json above this file. */
export function shipped(name: 'templates' | 'software' | 'rules'): Bytes {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json')) || !existsSync(join(at, name))) {
    const above = dirname(at);
    if (above === at) throw new Error(`the installation is not whole: ${name} is missing`);
    at = above;
  }
  return bytes(join(at, name));
}
