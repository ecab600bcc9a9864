/** A publisher with a store, and hosts that pull from it, all of them sites of the test's own. */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freshSite, temporaryDirectory } from '../site.ts';
import { program, xhDone, type Ran } from './xh.ts';

export interface Publisher {
  readonly root: string;
  readonly store: string;
  /** `ed25519:…`, for 'site-keys'. */
  readonly siteKey: string;
  /** Makes or changes files of a package, by their paths below `/software/PKG`. */
  write(directory: string, files: Readonly<Record<string, string>>): void;
  publish(...packages: readonly string[]): Ran;
}

/**
 * A site with a key of its own, a publisher's, and an empty store that believes in him.
 * @param makeDirectory makes one; by default for the test that asks
 */
export function publisher(makeDirectory = temporaryDirectory): Publisher {
  const root = realpathSync(makeDirectory('site'));
  const store = join(makeDirectory('store'), 'store');
  for (const path of [join(root, 'etc'), store]) mkdirSync(path);
  writeFileSync(join(root, 'etc/xhier.toml'), `[publish]\nstore = "${store}"\n`);
  xhDone(root, 'key', 'make', 'site');
  xhDone(root, 'key', 'make', 'publisher');
  xhDone(root, 'key', 'trust', '--store', store);
  xhDone(root, 'key', 'delegate', 'publisher', '--packages', '*', '--store', store);
  const keys = JSON.parse(xhDone(root, 'key', 'list', '--json').stdout) as readonly {
    readonly name: string;
    readonly public: string;
  }[];
  const siteKey = keys.find(({ name }) => name === 'site')?.public;
  if (siteKey === undefined) throw new Error('no key');
  return {
    root,
    store,
    siteKey,
    write(directory, files) {
      for (const [path, content] of Object.entries(files)) {
        const file = join(root, 'software', directory, path);
        mkdirSync(join(file, '..'), { recursive: true });
        writeFileSync(file, content);
      }
    },
    publish: (...packages) => xhDone(root, 'publish', ...packages),
  };
}

/** A host that pulls from a store. @param lines further ones for its `/etc/xhier.toml` */
export function subscriber(
  stores: string | readonly string[],
  siteKey: string,
  lines = '',
): string {
  const { path: root } = freshSite();
  const list = [stores].flat().map((store) => JSON.stringify(store));
  writeFileSync(
    join(root, 'etc/xhier.toml'),
    `stores = [${list.join(', ')}]\nsite-keys = ["${siteKey}"]\n${lines}\n`,
  );
  return root;
}

/** As `xh`, at another time and under another architecture. */
export function xhAs(
  root: string,
  how: { readonly environment?: NodeJS.ProcessEnv },
  ...args: readonly string[]
): Ran {
  return program('xh.cjs', root, args, how.environment);
}
