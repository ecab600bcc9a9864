"""
Edits of a tree as JSON, a line of [TREE, [EDIT, ...]] at a time; each line is answered when it is done.
What cannot be done, since nothing or something else is there, is left out.
"""

import json
import os
import shutil
import stat
import struct
import sys

HOLE = 20_000  # bytes; a file of this size is mostly hole
TIMES = [0, 1_500_000_000_000_000_001, 1_500_000_000_000_000_513, -5_500_000_000]  # nanoseconds


def main():
    os.umask(0)
    for line in sys.stdin:
        tree, edits = json.loads(line)
        os.makedirs(tree, exist_ok=True)
        os.chdir(tree)
        for edit in edits:
            try:
                EDITS[edit["do"]](edit, "/".join([".", *edit["path"]]))
            except (FileNotFoundError, NotADirectoryError, FileExistsError, IsADirectoryError):
                pass
        print(json.dumps("done"), flush=True)


def make(maker):
    """An edit that puts a new object under its name, with what it is to have."""

    def edit(it, path):
        if path == ".":
            return
        clear(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        maker(it, path)
        give(it, path)

    return edit


def give(it, path):
    os.chown(path, it["owner"], it["owner"], follow_symlinks=False)
    if not os.path.islink(path):
        os.chmod(path, it["mode"])
    os.utime(path, ns=(0, TIMES[it["time"]]), follow_symlinks=False)


def fill(it, path):
    """What is in a file goes by its size, as long as the letter is always the same."""
    with open(path, "r+b" if os.path.exists(path) else "xb") as file:
        file.truncate(0)
        if it["size"] == HOLE:
            file.seek(HOLE // 2)
            file.write(it["letter"].encode() * 100)
            file.truncate(HOLE)
        else:
            file.write(it["letter"].encode() * it["size"])
    os.utime(path, ns=(0, TIMES[it["time"]]))


def overwrite(it, path):
    """In place, so that its other names see it."""
    if stat.S_ISREG(os.lstat(path).st_mode):
        fill(it, path)


def clear(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.unlink(path)


def remove(_, path):
    if path != ".":
        clear(path)


def join(it, path):
    """A further name for what stands elsewhere."""
    other = "/".join([".", *it["other"]])
    if path != other and not stat.S_ISDIR(os.lstat(other).st_mode) and not other.startswith(path + "/"):
        clear(path)
        os.link(other, path, follow_symlinks=False)


def move(it, path):
    other = "/".join([".", *it["other"]])
    if path != "." and not other.startswith(path + "/") and not path.startswith(other + "/") and path != other:
        os.lstat(path)
        clear(other)
        os.rename(path, other)


def mark(it, path):
    """An attribute more, or one less."""
    name = "user.note" if kind(path) in (stat.S_IFREG, stat.S_IFDIR) else "trusted.note"
    if it["size"] == 0 and name in os.listxattr(path, follow_symlinks=False):
        os.removexattr(path, name, follow_symlinks=False)
    else:
        os.setxattr(path, name, b"%d" % it["size"], follow_symlinks=False)


def allow(it, path):
    """An access list, or none; on a directory one for what will be in it, too."""
    if kind(path) == stat.S_IFLNK:
        return
    kinds = ["access", "default"] if kind(path) == stat.S_IFDIR else ["access"]
    for each in [f"system.posix_acl_{name}" for name in kinds]:
        if it["size"] > 0:
            os.setxattr(path, each, access_list(1000 + it["size"]))
        elif each in os.listxattr(path):
            os.removexattr(path, each)


def access_list(user):
    """As the kernel takes it. No mode here makes mask and group the same: rsync loses the group's then."""
    nobody = 0xFFFFFFFF
    entries = [(1, 7, nobody), (2, 4, user), (4, 6, nobody), (16, 7, nobody), (32, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def kind(path):
    return stat.S_IFMT(os.lstat(path).st_mode)


EDITS = {
    "file": make(fill),
    "directory": make(lambda _, path: os.mkdir(path)),
    "link": make(lambda it, path: os.symlink(f"target{it['size']}", path)),
    "pipe": make(lambda _, path: os.mkfifo(path)),
    "device": make(lambda it, path: os.mknod(path, stat.S_IFCHR, os.makedev(1, 1 + it["size"] % 7))),
    "join": join,
    "overwrite": overwrite,
    "remove": remove,
    "move": move,
    "change": give,
    "mark": mark,
    "allow": allow,
}

main()
