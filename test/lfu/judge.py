"""
In what two trees differ, by a judge that shares no code with the program: lstat, readlink, lgetxattr,
lseek and the bytes themselves. It goes down by handles, so paths of any length will do.

    judge.py differences ONE OTHER [WITHOUT...]   a line for each; WITHOUT are fields not compared
    judge.py snapshot TREE      all that is known of each object, change times and inode numbers among it
    judge.py holes TREE         the files that have some
    judge.py                    reads such requests as JSON lists, one a line, and answers each with a
                                line: a JSON string of what it would print
"""

import hashlib
import json
import os
import stat
import sys

TYPES = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character device",
    stat.S_IFBLK: "block device",
}
BLOCK = 4096


def main(words):
    sys.setrecursionlimit(10_000)
    if words:
        print(answer(words), end="")
        return
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def answer(words):
    match words:
        case ["differences", one, other, *without]:
            return difference(census(one), census(other), without)
        case ["snapshot", tree]:
            return "".join(f"{shown(path)} {it}\n" for path, it in sorted(census(tree, True).items()))
        case ["holes", tree]:
            return "".join(f"{shown(path)}\n" for path, it in sorted(census(tree).items()) if has_holes(it))
    raise ValueError(words)


def difference(one, other, without=()):
    lines = []
    for path in sorted(one.keys() | other.keys()):
        ours, theirs = one.get(path), other.get(path)
        if ours is None or theirs is None:
            there = ours or theirs
            lines.append(f"only in {'other' if ours is None else 'one'}: {there['type']} {shown(path)}")
            continue
        for field in ours.keys() | theirs.keys():
            if field not in without and ours.get(field) != theirs.get(field):
                lines.append(f"{field} {ours.get(field)} | {theirs.get(field)}: {shown(path)}")
    return "".join(line + "\n" for line in lines)


def census(root, own=False):
    """Every object of a tree by its path, with all that a copy is to have; `own`: and with what is its own."""
    found = {}
    names = {}
    here = os.open(".", os.O_PATH)
    top = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    os.fchdir(top)
    add(found, names, b".", b"", own)
    walk(found, names, top, b"", own)
    os.close(top)
    os.fchdir(here)
    os.close(here)
    for paths in names.values():
        paths.sort()
        for path in paths:
            found[path]["names"] = [shown(each) for each in paths]
            found[path]["names elsewhere"] -= len(paths)
    return found


def walk(found, names, top, path, own):
    """Below the directory `top`, in which we stand, and stand again afterwards."""
    below = []
    for name in os.listdir(b"."):
        if add(found, names, name, path + name, own):
            below.append(name)
    for name in below:
        directory = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        os.fchdir(directory)
        walk(found, names, directory, path + name + b"/", own)
        os.close(directory)
        os.fchdir(top)


def add(found, names, name, path, own):
    """Returns whether it is a directory."""
    there = os.lstat(name)
    kind = TYPES[stat.S_IFMT(there.st_mode)]
    it = {
        "type": kind,
        "mode": oct(stat.S_IMODE(there.st_mode)),
        "owner": there.st_uid,
        "group": there.st_gid,
        "mtime": there.st_mtime_ns,
        "attributes": attributes(name),
    }
    if own:
        it |= {"ctime": there.st_ctime_ns, "inode": there.st_ino, "links": there.st_nlink}
    if kind == "link":
        it["target"] = os.readlink(name)
    elif kind == "file":
        it["size"] = there.st_size
        it["data"], it["contents"] = contents(name, there.st_size)
    elif kind.endswith("device"):
        it["device"] = (os.major(there.st_rdev), os.minor(there.st_rdev))
    if kind != "directory" and there.st_nlink > 1:
        it["names elsewhere"] = there.st_nlink
        names.setdefault((there.st_dev, there.st_ino), []).append(path)
    found[path] = it
    return kind == "directory"


def attributes(name):
    return {each: os.getxattr(name, each, follow_symlinks=False) for each in sorted(
        os.listxattr(name, follow_symlinks=False))}


def contents(name, size):
    """Where data begin and end, as the file system tells; a hash of what is not zero, and where."""
    if size == 0:
        return [], ""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NOATIME)
    try:
        ranges = []
        digest = hashlib.blake2b()
        at = 0
        while at < size:
            try:
                start = os.lseek(file, at, os.SEEK_DATA)
            except OSError:  # a hole to the end
                break
            at = os.lseek(file, start, os.SEEK_HOLE)
            ranges.append((start, at))
            for block in range(start - start % BLOCK, at, BLOCK):
                data = os.pread(file, BLOCK, block)
                if data.count(0) != len(data):
                    digest.update(b"%d " % block + data)
        return ranges, digest.hexdigest()
    finally:
        os.close(file)


def has_holes(it):
    return it["type"] == "file" and it["size"] > 0 and it["data"] != [(0, it["size"])]


def shown(path):
    """A path in one line, cut in the middle when it is a very long one."""
    text = repr(path)[1:]
    return text if len(text) < 700 else f"{text[:300]} ... {text[-300:]}"


main(sys.argv[1:])
