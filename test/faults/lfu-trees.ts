/**
 * A master and a slave between which there is everything that a run can do, and a judge of what a
 * slave is at any moment, which knows nothing of lfu but its temporary names.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  utimesSync,
  writeFileSync,
  type BigIntStats,
} from 'node:fs';
import { join } from 'node:path';

/** One object; `content` is the hash of a file, the target of a link, the number of a device. */
export interface Found {
  readonly type: string;
  readonly mode: number;
  readonly owner: string;
  readonly mtime: string;
  readonly content: string;
  readonly attributes: string;
}

/** By path below the tree, `.` being its root. */
export type Look = ReadonlyMap<string, Found>;

/**
 * Makes `master` and `slave` below `directory`: what a run makes, replaces, deletes, links, joins,
 * corrects, leaves; types that change both ways; files in several pieces; times of directories.
 */
export function plantTrees(directory: string): void {
  execFileSync('sh', ['-euc', PLANT], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
}

/** Makes trees of many small files, of which threads make copies: new ones, other ones, ones to go. */
export function plantCrowd(directory: string): void {
  for (const [tree, numbers] of Object.entries(CROWD)) {
    for (const place of ['', 'one', 'one/two', 'three']) {
      mkdirSync(join(directory, tree, place), { recursive: true });
      for (let number = 0; number < 80; number++) {
        if (!numbers.includes(number % 10)) continue;
        const isOld = tree === 'slave' && number % 10 > 2;
        const path = join(directory, tree, place, `f${number}`);
        writeFileSync(path, `${isOld ? 'old' : 'content'} ${number}\n`.repeat(number * 9 + 1));
        chownSync(path, number, isOld ? 0 : 100);
        chmodSync(path, isOld || number % 7 > 0 ? 0o644 : 0o4711);
        utimesSync(path, number, number % 10 === 0 ? 1e9 : 1e9 + (isOld ? number : -number));
      }
    }
  }
}

/** Last digits of what stands in each: some of it alike, some not. */
const CROWD: Readonly<Record<string, readonly number[]>> = {
  master: [0, 2, 3, 4, 5, 6, 7, 8, 9],
  slave: [0, 1, 2, 3, 4, 5],
};

/** What stands below `tree`; `untimed` are paths whose times are their own affair. */
export function look(tree: string, untimed: readonly string[] = []): Look {
  const attributes = attributesBelow(tree);
  const found = new Map<string, Found>();
  const visit = (path: string): void => {
    const at = join(tree, path);
    const stat = lstatSync(at, { bigint: true });
    const type = TYPES.find(([, is]) => is(stat))?.[0] ?? '?';
    found.set(path, {
      type,
      mode: Number(stat.mode) & 0o7777,
      owner: `${stat.uid}:${stat.gid}`,
      mtime: untimed.includes(path) ? '' : String(stat.mtimeNs),
      content:
        type === 'f'
          ? createHash('sha1').update(readFileSync(at)).digest('hex')
          : type === 'l'
            ? readlinkSync(at)
            : String(stat.rdev),
      attributes: attributes.get(path) ?? '',
    });
    if (type !== 'd') return;
    for (const name of readdirSync(at)) visit(path === '.' ? name : `${path}/${name}`);
  };
  visit('.');
  return found;
}

/** Names that a run makes for itself and nobody is to find after the next one. */
export function litter(found: Look): string[] {
  return [...found.keys()].filter((path) => /(?:^|\/)\.lfu-[^/]*$/.test(path));
}

/**
 * What a user could find wrong in a slave whose update was cut short: each name is the old object or
 * the new one, with contents and everything that hangs on them, and nothing else is there but
 * temporary names, and what was to be kept, whole. In two things less is promised: an object of which
 * only the owner or the like is corrected has each of these old or new, and a directory that is new is
 * closed to others until it is what it is to be; its time comes last. Where names cannot be
 * `exchanged`, one of a directory is absent between two renames.
 */
export function tornAt(
  before: Look,
  after: Look,
  now: Look,
  { exchanged = true }: { readonly exchanged?: boolean } = {},
): string[] {
  const problems: string[] = [];
  for (const path of new Set([...before.keys(), ...after.keys(), ...now.keys()])) {
    if (isOurs(path)) continue;
    const [old, fresh, found] = [before.get(path), after.get(path), now.get(path)];
    const name = keptOf(path);
    // and its successor, for the moment in which they exchange their names
    const kept = name === undefined ? [] : [before.get(name), after.get(name)];
    const states = [old, fresh, ...kept];
    if (found === undefined) {
      const isExchanged = exchanged || (old?.type !== 'd' && fresh?.type !== 'd');
      if (old !== undefined && fresh !== undefined && isExchanged) {
        problems.push(`${path} is absent`);
      }
    } else if (!states.some((state) => state && isSame(state, found))) {
      if (!isUnderway(old, fresh, found, isEmpty(path, now)))
        problems.push(`${path} is ${shown(found)}`);
    }
  }
  return problems;
}

/** In what two slaves differ, times of directories among it, what was kept left out. */
export function lookDifference(wanted: Look, found: Look): string[] {
  return [...new Set([...wanted.keys(), ...found.keys()])]
    .filter((path) => keptOf(path) === undefined)
    .flatMap((path) => {
      const [was, is] = [wanted.get(path), found.get(path)];
      if (was !== undefined && is !== undefined && shown(was) === shown(is)) return [];
      return [`${path} is ${is ? shown(is) : 'absent'} instead of ${was ? shown(was) : 'absent'}`];
    });
}

/** Whether a path leads through a name that only a run has. */
export function isOurs(path: string): boolean {
  return /(?:^|\/)\.lfu-[0-9a-f]{16}(?:\/|$)/.test(path);
}

/** The name that was kept as `path`, in a directory that was kept perhaps. */
export function keptOf(path: string): string | undefined {
  const name = path.replace(/\.lfu-keep(?:\.\d+)?(?=\/|$)/, '');
  return name === path ? undefined : name;
}

function isSame(one: Found, other: Found): boolean {
  return shown(one, one.type !== 'd') === shown(other, one.type !== 'd');
}

/** Whether an object that stays may be on its way from `old` to `fresh`, or a new directory be made. */
function isUnderway(
  old: Found | undefined,
  fresh: Found | undefined,
  now: Found,
  empty: boolean,
): boolean {
  if (fresh === undefined) return false;
  if (old === undefined) return now.type === 'd' && empty && now.mode === 0o700;
  if (old.type !== now.type || old.type !== fresh.type) return false;
  if (old.content !== now.content || old.content !== fresh.content) return false;
  // nobody may do more than before or afterwards, but for the owner, who can give himself all rights
  const [wasOwner, isOwner] = [now.owner === old.owner, now.owner === fresh.owner];
  const rights = (wasOwner ? old.mode : 0) | (isOwner ? fresh.mode : 0);
  const known = `${old.attributes}\n${fresh.attributes}\n`;
  return (
    (wasOwner || isOwner) &&
    (now.mode & 0o7077 & ~rights) === 0 &&
    (now.type === 'd' || now.mtime === old.mtime || now.mtime === fresh.mtime) &&
    now.attributes.split('\n').every((line) => known.includes(`${line}\n`))
  );
}

function isEmpty(directory: string, found: Look): boolean {
  return ![...found.keys()].some((path) => path.startsWith(`${directory}/`));
}

function shown(found: Found, withTime = true): string {
  const { type, mode, owner, mtime, content, attributes } = found;
  return [type, mode.toString(8), owner, ...(withTime ? [mtime] : []), content, attributes].join(
    ' ',
  );
}

/** All but those of a security policy, by path. */
function attributesBelow(tree: string): ReadonlyMap<string, string> {
  const text = execFileSync('getfattr', ['-Rhd', '-m', '-', '-e', 'hex', '.'], {
    cwd: tree,
    encoding: 'latin1',
  });
  return new Map(
    text.split('\n\n').flatMap((block) => {
      const [first = '', ...lines] = block.split('\n');
      const kept = lines.filter((line) => line !== '' && !line.startsWith('security.selinux'));
      return kept.length === 0 ? [] : [[first.replace('# file: ', ''), kept.toSorted().join('\n')]];
    }),
  );
}

const TYPES: readonly (readonly [string, (stat: BigIntStats) => boolean])[] = [
  ['f', (stat) => stat.isFile()],
  ['d', (stat) => stat.isDirectory()],
  ['l', (stat) => stat.isSymbolicLink()],
  ['p', (stat) => stat.isFIFO()],
  ['s', (stat) => stat.isSocket()],
  ['c', (stat) => stat.isCharacterDevice()],
  ['b', (stat) => stat.isBlockDevice()],
];

/** Every kind of change at least once, and twice where the first is unlike those after it. */
const PLANT = `
mkdir slave; cd slave
mkdir -p same old/deep dir2file/sub dir2link meta metadir big grow
echo same > same/f; ln -s f same/l
echo old > replaced; echo old > same-size; echo program > tool; chmod 755 tool; ln -s a retarget
for n in 1 2; do echo gone > old/deep/f$n; done; ln -s f1 old/deep/l; echo lone > lone
echo x > dir2file/x; echo y > dir2file/sub/y; echo z > dir2link/z
echo w > file2dir; echo v > file2link; ln -s nowhere link2file; ln -s metadir link2dir; mkfifo pipe2file
for n in mode owner closed suid acl xattr; do echo $n > meta/$n; done
ln -s x meta/link; chmod 640 meta/closed
echo shared > joined; ln joined joined2; echo apart > parted; ln parted parted2
head -c 9000 /dev/zero | tr '\\0' 'o' > grow/data
touch -hd '2020-01-01 UTC' meta/* parted
cp -a . ../master; cd ../master
rm -r old lone dir2file dir2link file2dir file2link link2file link2dir pipe2file retarget
mkdir -p new/deep file2dir link2dir
echo 1 > new/f; chown 7:8 new/f; chmod 4751 new/f; ln new/f new/deep/h
echo 2 > new/deep/g; setfattr -n user.a -v b new/deep/g; setfacl -m u:5:r new/deep/g
ln -s f new/l; chown -h 3:4 new/l; mkfifo new/p; mknod new/null c 1 3; chmod 666 new/null
echo prog > new/prog; chmod 755 new/prog; ln -s prog new/alias; chmod 2770 new/deep; chown 5:6 new/deep
echo more-than-before > replaced; echo new > same-size; echo program2 > tool; chmod 4755 tool
echo file > dir2file; ln -s same dir2link; echo in > file2dir/in; ln -s same file2link
echo f > link2file; echo in > link2dir/in; echo f > pipe2file; ln -s b retarget
chmod 600 meta/mode; chown 5:6 meta/owner; chown 5:6 meta/closed; chmod 600 meta/closed
chown 9 meta/suid; chmod 4755 meta/suid; setfacl -m u:5:rw meta/acl; setfattr -n user.n -v 1 meta/xattr
chown -h 5:6 meta/link; chmod 750 metadir; chown 5:6 metadir
ln joined joined3; rm parted2; cp -p parted parted2
for at in 0 3 6; do dd if=/dev/urandom of=big/pieces bs=192k count=1 seek=$at conv=notrunc status=none; done
truncate -s 2M big/pieces; head -c 600000 /dev/urandom > big/filled; head -c 9000 /dev/urandom > grow/data
touch -hd '2020-01-01 UTC' meta/* parted2; touch -d '2022-02-02 UTC' same new/deep
`;
