/** Extended attributes, ACLs and capabilities among them (they are the `system.` and `security.` ones). */
import { b, split, type Bytes } from '../bytes/bytes.ts';
import { about, errnoOf } from './error.ts';
import { calls, cString } from './kernel.ts';
import type { Dir } from './dir.ts';

export type Attributes = ReadonlyMap<Bytes, Bytes>;
export const NO_ATTRIBUTES: Attributes = new Map();

/**
 * Whether attribute `name` belongs to the object, so that a copy has it too, and not to the host:
 * labels and measurements of a security policy, and what a file system shows as attributes (NFSv4
 * and SMB access lists, overlays), mean nothing elsewhere. Without privilege only users' attributes
 * and POSIX access lists can be set.
 */
export function isCarried(name: Bytes, privileged: boolean): boolean {
  if (name.startsWith('user.')) return true;
  if (name.startsWith('system.')) return name.startsWith('system.posix_acl_');
  if (!privileged) return false;
  return !HOST_ATTRIBUTE.test(name);
}

const HOST_ATTRIBUTE = /^(?:security\.(?:selinux|evm|SMACK64.*|apparmor)|trusted\.overlay\..*)$/s;

/** All attributes of what `fd` holds, which may be open for its path only (O_PATH). */
export function attributesHeld(fd: number, path: Bytes): Attributes {
  const held = cString(b`/proc/self/fd/${fd}`);
  return readAll(
    path,
    (buffer, size) => calls.listxattr(held, buffer, size),
    (name, buffer, size) => calls.getxattr(held, name, buffer, size),
  );
}

/** Makes the attributes that `mayTouch` of what `fd` holds exactly `wanted`. @throws FileError */
export function setAttributesHeld(
  fd: number,
  path: Bytes,
  wanted: Attributes,
  mayTouch: (name: Bytes) => boolean,
): void {
  const current = attributesHeld(fd, path);
  const held = cString(b`/proc/self/fd/${fd}`);
  about(path, () => {
    for (const [name, value] of wanted) {
      if (current.get(name) !== value && mayTouch(name)) {
        const content = Buffer.from(value, 'latin1');
        calls.setxattr(held, cString(name), content, content.length, 0);
      }
    }
    for (const name of current.keys()) {
      if (!wanted.has(name) && mayTouch(name)) calls.removexattr(held, cString(name));
    }
  });
}

/** All attributes of an open file; none where the file system has none. */
export function attributesOf(fd: number, path: Bytes): Attributes {
  return readAll(
    path,
    (buffer, size) => calls.flistxattr(fd, buffer, size),
    (name, buffer, size) => calls.fgetxattr(fd, name, buffer, size),
  );
}

/** All attributes of `name` in `dir` itself, links and special files among them. */
export function attributesAt(dir: Dir, name: Bytes): Attributes {
  const path = cString(throughHandle(dir, name));
  return readAll(
    b`${dir.path}/${name}`,
    (buffer, size) => calls.llistxattr(path, buffer, size),
    (key, buffer, size) => calls.lgetxattr(path, key, buffer, size),
  );
}

/**
 * Makes the attributes that `mayTouch` (all) of an open file exactly `wanted`. What may not be set by
 * us is an error.
 */
export function setAttributesOf(
  fd: number,
  path: Bytes,
  wanted: Attributes,
  mayTouch: (name: Bytes) => boolean = () => true,
): void {
  const current = attributesOf(fd, path);
  if (current.size === 0 && wanted.size === 0) return;
  about(path, () => {
    for (const [name, value] of wanted) {
      if (current.get(name) !== value && mayTouch(name)) {
        const content = Buffer.from(value, 'latin1');
        calls.fsetxattr(fd, cString(name), content, content.length, 0);
      }
    }
    for (const name of current.keys()) {
      if (!wanted.has(name) && mayTouch(name)) calls.fremovexattr(fd, cString(name));
    }
  });
}

/** As {@link setAttributesOf}, for any object by name. */
export function setAttributesAt(dir: Dir, name: Bytes, wanted: Attributes): void {
  const path = cString(throughHandle(dir, name));
  const current = attributesAt(dir, name);
  about(b`${dir.path}/${name}`, () => {
    for (const [key, value] of wanted) {
      if (current.get(key) !== value) {
        const content = Buffer.from(value, 'latin1');
        calls.lsetxattr(path, cString(key), content, content.length, 0);
      }
    }
    for (const key of current.keys()) {
      if (!wanted.has(key)) calls.lremovexattr(path, cString(key));
    }
  });
}

/** There is no lgetxattrat(2) before Linux 6.13: the open directory stands in by its /proc name. */
function throughHandle(dir: Dir, name: Bytes): Bytes {
  return b`/proc/self/fd/${dir.fd}/${name}`;
}

function readAll(
  path: Bytes,
  list: (buffer: Buffer, size: number) => number,
  get: (name: Buffer, buffer: Buffer, size: number) => number,
): Attributes {
  return about(path, () => {
    try {
      const names = grown(list);
      if (names === '') return NO_ATTRIBUTES;
      const found = new Map<Bytes, Bytes>();
      for (const name of split(names, '\0')) {
        if (name !== '') {
          found.set(
            name,
            grown((buffer, size) => get(cString(name), buffer, size)),
          );
        }
      }
      return found;
    } catch (error) {
      if (WITHOUT.has(errnoOf(error) ?? '')) return NO_ATTRIBUTES;
      throw error;
    }
  });
}

/** Reads with a buffer that grows while the call says ERANGE. */
function grown(read: (buffer: Buffer, size: number) => number): Bytes {
  for (let size = 1024; ; size *= 8) {
    const buffer = Buffer.alloc(size);
    try {
      return buffer.toString('latin1', 0, read(buffer, size)) as Bytes;
    } catch (error) {
      if (errnoOf(error) !== 'ERANGE' || size > 1 << 20) throw error;
    }
  }
}

const WITHOUT: ReadonlySet<string> = new Set(['EOPNOTSUPP', 'ENODATA', 'ENOSYS']);
