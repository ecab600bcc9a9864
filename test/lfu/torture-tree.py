"""
A tree that has, in one place, what programs that copy trees get wrong: after the topics of Zwicky's
"Torture-testing Backup and Archive Programs" (LISA V, 1991), and what has been invented since.

    torture-tree.py build TREE [PART...]          makes it, or only these parts
    torture-tree.py build-as UID TREE             makes it as far as that ordinary user can
    torture-tree.py others MASTER SLAVE OUTSIDE   a slave that has another type under every name; its
                                                  links lead to OUTSIDE
    torture-tree.py spoil SLAVE                   changes something about every object of a copy
"""

import contextlib
import os
import socket
import stat
import struct
import sys

KILO, MEGA, GIGA, TERA = 1 << 10, 1 << 20, 1 << 30, 1 << 40
ROOT = True
EVERY_BYTE = [bytes([byte]) for byte in range(1, 256) if byte != ord("/")]
# before 1970, after 2038 and 2106; odd nanoseconds; and the ends of what ext4 can say, which have none
SECONDS = [1 - (1 << 31), -86_400, -1, 0, 1, 1_000_000_000, (1 << 31) - 1, 1 << 31, (1 << 32) - 1,
           1 << 32, 4_300_000_000, (1 << 33) + 7, 15_032_385_534]
NANOSECONDS = [0, 1, 999_999_999, 123_456_789, 500_000_000, 999]
DATES = [second * 1_000_000_000 + part for second in SECONDS for part in NANOSECONDS]
DATES += [-(1 << 31) * 1_000_000_000, 15_032_385_535 * 1_000_000_000]


def main(words):
    os.umask(0)
    sys.setrecursionlimit(10_000)
    match words:
        case ["build", tree, *only]:
            build(tree, only)
        case ["build-as", uid, tree]:
            become(int(uid))
            build(tree)
        case ["others", master, slave, outside]:
            others(master, slave, os.fsencode(outside))
        case ["spoil", slave]:
            spoil(slave)
        case _:
            raise ValueError(words)


def become(uid):
    global ROOT
    ROOT = False
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def build(tree, only=()):
    with inside(tree):
        for part in [names, many_links, pairs, holes, zeros, sizes, special, modes, links, attributes,
                     access_lists, deep, wide, empty_and_full, keepers]:
            if not only or part.__name__ in only:
                with inside(part.__name__):
                    part()
        dates_everywhere()


# names and links


def names():
    """Every byte in every position, in files, directories and links."""
    for position, place in [(b"alone", b"%b"), (b"first", b"%bxy"), (b"middle", b"x%by"), (b"last", b"xy%b")]:
        with inside(position):
            for byte in EVERY_BYTE:
                if place % byte == b".":
                    continue
                write(place % byte, byte)
                with inside(b"d" + place % byte):
                    write(place % byte, byte)
                    os.symlink(byte * 3, b"%03o" % byte[0])
    for name in [b"two\nlines\n", b"-rf", b"--delete", b"--", b"...", b"a\\nb", b"**", b"#1"]:
        write(name, name)
    # halves of UTF-8 and what only looks like it; the same letter composed and decomposed
    for name in [b"\xc3", b"\xa9", b"\xc3(", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\xaf", b"\xff\xfe",
                 "\u00e9".encode(), "e\u0301".encode(), "\u202egpj.exe".encode(), b"\xef\xbb\xbfbom"]:
        write(b"u" + name, name)
    for byte in [b"n", b"\xff", b"\n", b"\xc3", b"."]:
        write(byte * 255, b"long")
        with inside(byte * 254 + b"d"):
            write(byte * 255, b"long")
            os.symlink(byte * 4095, b"l" + byte * 254)
    # what the program calls its own files, nearly
    for name in [b".lfu-", b".lfu-notes", b".lfu-0123456789abcde", b".lfu-0123456789abcdef0",
                 b".lfu-0123456789ABCDEF", b".lfu-0123456789abcdeg", b"x.lfu-0123456789abcdef",
                 b".lfu-master", b".xhier-", b"lfu-keep"]:
        write(name, name)
    for name in [b"x.lfu-keep", b"x.lfu-keep.1"]:
        write(name, name)


def many_links():
    """1,024 further names of one file, in two directories; of a link and of special files, too."""
    write(b"file", b"one file")
    os.symlink(b"nowhere", b"link")
    os.mkfifo(b"pipe")
    with inside(b"below"):
        for number in range(512):
            os.link(b"../file", b"name%d" % number)
        os.link(b"../link", b"link", follow_symlinks=False)
        os.link(b"../pipe", b"pipe")
    for number in range(512):
        os.link(b"file", b"name%d" % number)
    if ROOT:
        os.mknod(b"device", stat.S_IFCHR | 0o600, os.makedev(1, 3))
        os.link(b"device", b"below/device")


def pairs():
    """2,911 files of two names each, the second in another directory and another order."""
    os.mkdir(b"second")
    for number in range(2911):
        write(b"%04d" % number, b"%d" % number)
        os.link(b"%04d" % number, b"second/%04d" % (number * 7 % 2911))


def links():
    for number, target in enumerate([b".", b"..", b"/", b"/nowhere", b"l0", b"../pairs/0001", b" ", b"\n", b"\xff",
                                     b"a//b/../c/", b"t" * 4095, b"\xc3" * 255, b"-n"]):
        os.symlink(target, b"l%d" % number)
    os.symlink(b"round", b"round")


# contents


def holes():
    """At the start, in the middle, at the end, and nothing but holes; a terabyte of them."""
    data = b"data" * KILO
    for name, size, pieces in [
        (b"all", 10 * MEGA, []),
        (b"all of one byte", 1, []),
        (b"all of an odd size", 5 * MEGA + 4097, []),
        (b"start", None, [(10 * MEGA, data)]),
        (b"middle", None, [(0, data), (7 * MEGA, data)]),
        (b"end", 10 * MEGA, [(0, data)]),
        (b"every other", 4 * MEGA, [(at, data) for at in range(0, 4 * MEGA, 8 * KILO)]),
        (b"edges", 3 * MEGA + 1, [(4095, b"x"), (MEGA, b"y"), (2 * MEGA + 4096, b"z")]),
        (b"terabyte", TERA, []),
        (b"terabyte with data", TERA + 5, [(0, b"first"), (TERA // 2 - 3, b"middle"), (TERA, b"last.")]),
    ]:
        sparse(name, size, pieces)


def zeros():
    """Zeros that somebody has written are data: a disk may have been reserved by them."""
    for name, size, pieces in [
        (b"written", None, [(0, bytes(MEGA))]),
        (b"written, then a hole", 10 * MEGA, [(0, bytes(4 * KILO))]),
        (b"a hole, then written", None, [(10 * MEGA, bytes(64 * KILO))]),
        (b"between holes", 3 * MEGA, [(MEGA, bytes(64 * KILO))]),
        (b"one", None, [(0, b"\0")]),
        (b"after data", None, [(0, b"data" + bytes(MEGA))]),
    ]:
        sparse(name, size, pieces)


def sizes():
    for size in [0, 1, 2, 511, 4095, 4096, 4097, 65535, 65536, 65537, 262_143, 262_145, 3 * MEGA + 1]:
        write(b"%d" % size, (b"0123456789abcdef" * (size // 16 + 1))[:size])
    for size in [(1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 32) + 1]:
        sparse(b"%d" % size, size, [(size - 1, b"!")])


# types and metadata


def special():
    os.mkfifo(b"pipe", 0o640)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(b"socket")
    if not ROOT:
        return
    os.mknod(b"socket 600", stat.S_IFSOCK | 0o600)
    for major in [1, 255, 256, 4095]:
        for minor in [0, 1, 255, 256, 65_536, 1_048_575]:
            for kind, letter in [(stat.S_IFCHR, b"c"), (stat.S_IFBLK, b"b")]:
                os.mknod(b"%c%d,%d" % (letter, major, minor), kind | 0o660, os.makedev(major, minor))


def modes():
    """All of them; an ordinary user can copy only what he can read."""
    for mode in range(0o10000):
        if not ROOT and mode & 0o400 == 0:
            continue
        name = b"%04o" % mode
        write(b"f" + name, b"")
        os.chmod(b"f" + name, mode)
        if ROOT or mode & 0o500 == 0o500:
            os.mkdir(b"d" + name)
            os.chmod(b"d" + name, mode)
    for mode in [0o000, 0o555, 0o2755, 0o1777, 0o6711] if ROOT else [0o555, 0o700, 0o1777]:
        with inside(b"with %04o" % mode):
            write(b"file", b"in it")
            write(b"set-id", b"by anybody")
            os.chmod(b"set-id", 0o6755)
            os.mkdir(b"below")
        os.chmod(b"with %04o" % mode, mode)
    if ROOT:
        for number, (owner, group) in enumerate([(1, 2), (65534, 65534), (70_000, 4_000_000_000), (0, 7)]):
            for name, mode in [(b"su%d", 0o6755), (b"plain%d", 0o640)]:
                write(name % number, b"owned")
                os.chown(name % number, owner, group)
                os.chmod(name % number, mode)
            os.mkdir(b"owned%d" % number, 0o2751)
            os.chown(b"owned%d" % number, owner, group)
            os.symlink(b"t", b"link%d" % number)
            os.chown(b"link%d" % number, owner, group, follow_symlinks=False)


def attributes():
    """Extended attributes of all kinds on all that can have them."""
    some_of_each()
    for name in [b"file", b"directory"]:
        for attribute, value in [("user.empty", b""), ("user.bytes", bytes(range(256))), ("user.nul", b"\0"),
                                 (b"user.\xff\n ", b"odd name"), ("user." + "n" * 250, b"long name"),
                                 ("user.big", b"v" * 2000)]:
            os.setxattr(name, attribute, value)
    write(b"many", b"x")
    for number in range(60):
        os.setxattr(b"many", b"user.attribute%d" % number, b"%d" % number)
    if not ROOT:
        return
    for name in os.listdir(b"."):
        os.setxattr(name, "trusted.test", b"of " + name, follow_symlinks=False)
    write(b"capable", b"#!")
    # struct vfs_cap_data, revision 2, effective: CAP_NET_RAW; revision 3 with the root of a user namespace
    os.setxattr(b"capable", "security.capability", struct.pack("<5I", 0x02000001, 1 << 13, 0, 0, 0))
    write(b"capable elsewhere", b"#!")
    os.setxattr(b"capable elsewhere", "security.capability", struct.pack("<6I", 0x03000001, 1 << 10, 1, 0, 0, 1000))
    os.chown(b"capable elsewhere", 5, 6)
    os.setxattr(b"capable elsewhere", "security.capability", struct.pack("<6I", 0x03000001, 1 << 10, 1, 0, 0, 1000))
    os.chmod(b"capable elsewhere", 0o4755)
    os.setxattr(b"capable elsewhere", "security.capability", struct.pack("<6I", 0x03000001, 1 << 10, 1, 0, 0, 1000))


def access_lists():
    """Of files and special files; directories have one for themselves and one for what will be in them."""
    some_of_each()
    for number, name in enumerate(sorted(os.listdir(b"."))):
        if name != b"link":
            access_list(name, "access", 0o7 & ~number, {1000 + number: 0o6, 99: 0o0}, {12: 0o5})
    access_list(b"directory", "default", 0o7, {99: 0o7}, {})
    with inside(b"inherits nothing"):
        access_list(b".", "default", 0o7, {1234: 0o7}, {1235: 0o7})
    # what is made in it has the default list at first
    with inside(b"inherits nothing"):
        write(b"file", b"x")
        os.removexattr(b"file", "system.posix_acl_access")
        os.chmod(b"file", 0o600)
        os.mkdir(b"below")
        os.removexattr(b"below", "system.posix_acl_access")
        os.removexattr(b"below", "system.posix_acl_default")
        os.mkfifo(b"pipe")
        os.removexattr(b"pipe", "system.posix_acl_access")
        write(b"has another", b"x")
        access_list(b"has another", "access", 0o4, {7: 0o4}, {})
    for mode in [0o4755, 0o2770, 0o1700] if ROOT else [0o2770]:
        write(b"f%o" % mode, b"x")
        access_list(b"f%o" % mode, "access", 0o5, {3: 0o4}, {})
        os.chmod(b"f%o" % mode, mode)


def some_of_each():
    write(b"file", b"x")
    os.mkdir(b"directory")
    os.symlink(b"file", b"link")
    if ROOT:
        os.mkfifo(b"pipe")
        os.mknod(b"socket", stat.S_IFSOCK | 0o600)
        os.mknod(b"device", stat.S_IFBLK | 0o600, os.makedev(7, 99))


def access_list(name, kind, mask, users, groups):
    """acl(5) as the kernel takes it: version 2, then tag, permissions and number of each entry."""
    nobody = 0xFFFFFFFF
    entries = [(0x01, 0o7, nobody), *((0x02, bits, uid) for uid, bits in sorted(users.items())),
               (0x04, 0o4, nobody), *((0x08, bits, gid) for gid, bits in sorted(groups.items())),
               (0x10, mask, nobody), (0x20, 0o0, nobody)]
    packed = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(name, f"system.posix_acl_{kind}", packed)


# shapes


def deep():
    """Deeper than a path can say, in names long and short; and with something to do on the way back."""
    chain([b"n" * 200] * 60)
    chain([b"d"] * 300)
    chain([b"\xff" * 255] * 18)


def chain(below):
    """Files beside the directory that goes on, so that handles of all depths are wanted again."""
    with contextlib.ExitStack() as stack:
        for depth, name in enumerate(below):
            stack.enter_context(inside(name))
            write(b"%d" % depth, b"deep down")
            if depth > 0:
                os.link(b"../%d" % (depth - 1), b"above")
            os.symlink(b"../" * 50, b"up")


def wide():
    """More directories beside each other, and below each, than anybody keeps open."""
    for one in range(40):
        with inside(b"%d" % one):
            for two in range(5):
                with inside(b"%d" % two):
                    write(b"file", b"%d %d" % (one, two))
                    os.mkdir(b"empty")


def empty_and_full():
    os.mkdir(b"empty")
    with inside(b"full"):
        for number in range(10_000):
            write(b"entry %d" % number, b"")


def keepers():
    """A directory that is to keep what is set on it although much is put into it."""
    os.chmod(b".", 0o2750)
    os.setxattr(b".", "user.note", b"keep")
    for number in range(200):
        write(b"%d" % number, b"%d" % number)


# how


@contextlib.contextmanager
def inside(name):
    """In the directory `name`, which is made."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(name)
    here = os.open(".", os.O_PATH)
    os.chdir(name)
    yield
    os.fchdir(here)
    os.close(here)


def write(name, content):
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    if content:
        os.write(file, content)
    os.close(file)


def sparse(name, size, pieces):
    file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    for at, data in pieces:
        os.pwrite(file, data, at)
    if size is not None:
        os.ftruncate(file, size)
    os.close(file)


def dates_everywhere():
    """One of the dates for each object, from the deepest up, so that each keeps its own."""
    count = 0
    seen = set()

    def below():
        nonlocal count
        for name in sorted(os.listdir(b".")):
            there = os.lstat(name)
            if there.st_ino in seen:
                continue
            if stat.S_ISDIR(there.st_mode):
                here = os.open(".", os.O_PATH)
                os.chdir(name)
                below()
                os.fchdir(here)
                os.close(here)
            elif there.st_nlink > 1:
                seen.add(there.st_ino)
            date = DATES[count % len(DATES)]
            count += 1
            os.utime(name, ns=(1, date), follow_symlinks=False)
            if os.lstat(name).st_mtime_ns != date:
                raise ValueError(f"this file system cannot say {date} ns")

    below()
    os.utime(b".", ns=(1, 1_234_567_890_123_456_789))


# the slave of other types


def others(master, slave, outside):
    """Leaves are something else; every third directory with something in it is, too, the others are entered."""
    os.mkdir(slave, 0o700)
    source = os.open(master, os.O_RDONLY | os.O_DIRECTORY)
    target = os.open(slave, os.O_RDONLY | os.O_DIRECTORY)
    count = 0

    def below(source, target):
        nonlocal count
        os.fchdir(target)
        for name in sorted(map(os.fsencode, os.listdir(source))):
            count += 1
            kind = stat.S_IFMT(os.stat(name, dir_fd=source, follow_symlinks=False).st_mode)
            if kind != stat.S_IFDIR:
                make_other(name, kind, count, outside)
                continue
            further = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=source)
            if count % 3 == 0 or not os.listdir(further):
                make_other(name, kind, count, outside)
            else:
                os.mkdir(name, 0o1700)
                entered = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
                below(further, entered)
                os.close(entered)
                os.fchdir(target)
            os.close(further)

    below(source, target)


def spoil(slave):
    """In turn: mode, owner, time, an attribute more or less, contents, size, a name of its own, a link's target."""
    os.chdir(slave)
    count = 0

    def below():
        nonlocal count
        for name in sorted(map(os.fsencode, os.listdir("."))):
            kind = stat.S_IFMT(os.lstat(name).st_mode)
            if kind == stat.S_IFDIR:
                here = os.open(".", os.O_PATH)
                os.chdir(name)
                below()
                os.fchdir(here)
                os.close(here)
            count += 1
            spoilers = {stat.S_IFREG: SPOIL_ANY + SPOIL_FILE, stat.S_IFLNK: SPOIL_LINK}.get(kind, SPOIL_ANY)
            spoilers[count % len(spoilers)](name)

    below()


def grow(name):
    with open(name, "ab") as file:
        file.write(b"more")


def part(name):
    """From its other names."""
    times = os.lstat(name)
    os.unlink(name)
    write(name, b"alone")
    os.utime(name, ns=(times.st_atime_ns, times.st_mtime_ns + 1))


def lose_attributes(name):
    os.setxattr(name, "trusted.lost", b"x", follow_symlinks=False)
    for each in os.listxattr(name, follow_symlinks=False):
        os.removexattr(name, each, follow_symlinks=False)


def point_elsewhere(name):
    os.unlink(name)
    os.symlink(b"elsewhere", name)


SPOIL_LINK = [
    lambda name: os.chown(name, 77, 78, follow_symlinks=False),
    lambda name: os.utime(name, ns=(5, 5), follow_symlinks=False),
    lambda name: os.setxattr(name, "trusted.more", b"x", follow_symlinks=False),
    lose_attributes,
    point_elsewhere,
]
SPOIL_ANY = [*SPOIL_LINK[:4], lambda name: os.chmod(name, os.lstat(name).st_mode ^ 0o2421)]
SPOIL_FILE = [grow, part]


def make_other(name, kind, count, outside):
    """An object of any type but `kind`, in turn."""
    makers = {
        stat.S_IFREG: lambda: write(name, b"something else"),
        stat.S_IFLNK: lambda: os.symlink(outside, name),
        stat.S_IFIFO: lambda: os.mkfifo(name),
        stat.S_IFDIR: lambda: directory_with_something(name),
        stat.S_IFSOCK: lambda: os.mknod(name, stat.S_IFSOCK | 0o666),
    }
    makers.pop(kind, None)
    [*makers.values()][count % len(makers)]()


def directory_with_something(name):
    os.mkdir(name)
    os.mkdir(name + b"/.lfu-0123456789abcdef" if len(name) % 2 else name + b"/below")
    write(name + b"/file", b"to go")


main(sys.argv[1:])
