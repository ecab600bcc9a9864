/** Path arithmetic on byte strings: pure, no file system. */
import { b, slice, type Bytes } from './bytes.ts';

/** `name` below `directory`; an absolute `name` is taken as below it too. */
export function join(directory: Bytes, name: Bytes): Bytes {
  const below = name.startsWith('/') ? slice(name, 1) : name;
  if (below === '') return directory;
  if (directory === '') return below;
  return directory.endsWith('/') ? b`${directory}${below}` : b`${directory}/${below}`;
}

/** What stands before the last `/`: `/` for `/a`, `.` for `a`. */
export function dirname(path: Bytes): Bytes {
  const cut = path.lastIndexOf('/');
  if (cut < 0) return b`.`;
  return cut === 0 ? b`/` : slice(path, 0, cut);
}

/** The last component. */
export function basename(path: Bytes): Bytes {
  return slice(path, path.lastIndexOf('/') + 1);
}

/** The components, without empty ones and `.`; `..` is kept, since only the file system knows it. */
export function components(path: Bytes): Bytes[] {
  return path.split('/').filter((part) => part !== '' && part !== '.') as Bytes[];
}

/** `path` without doubled slashes, `.` and a trailing slash; `..` is resolved lexically. */
export function normalize(path: Bytes): Bytes {
  const kept: Bytes[] = [];
  for (const part of components(path)) {
    if (part === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (part !== '..' || !path.startsWith('/')) kept.push(part);
  }
  const joined = kept.join('/');
  return (path.startsWith('/') ? `/${joined}` : joined || '.') as Bytes;
}

/** Whether `path` is `directory` or below it; both absolute and normal. */
export function isWithin(directory: Bytes, path: Bytes): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}

/** The relative path from directory `from` to `to`; both absolute and normal. */
export function relative(from: Bytes, to: Bytes): Bytes {
  const a = components(from);
  const c = components(to);
  let same = 0;
  while (same < a.length && same < c.length && a[same] === c[same]) same++;
  const up = a.slice(same).map(() => '..');
  return ([...up, ...c.slice(same)].join('/') || '.') as Bytes;
}
