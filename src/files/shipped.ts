/** What ships with the program: templates, example rules, packages, the native library. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let root: string | undefined;

/** The absolute path of a shipped file or directory (`templates`), or undefined when it is not there. */
export function shippedPath(name: string): string | undefined {
  root ??= installation();
  const path = join(root, name);
  return existsSync(path) ? path : undefined;
}

/** The directory of package.json above this file, wherever it is bundled into. */
function installation(): string {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json')) || !existsSync(join(at, 'templates'))) {
    const above = dirname(at);
    if (above === at) throw new Error('the installation is not whole: there is no package.json');
    at = above;
  }
  return at;
}
