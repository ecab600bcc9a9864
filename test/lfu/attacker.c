/*
 * Somebody who is at work in a slave while it is being updated, and wants the program to do something
 * outside it. Below BASE he exchanges what is in slave/part with what he has in BASE/pool: directories
 * and files with links to BASE/outside, with pipes, with further names of files outside; and whatever
 * has a temporary name with the same. Never ends; BASE/count has how often he did what.
 *
 *     attacker BASE UID SEED WAYS     WAYS: letters, d directories, l links, p pipes, h hard links, t temporary names
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the test makes them, in the slave and outside. */
enum { DIRECTORIES = 4, FILES = 8 };

static struct {
    uint64_t swaps;
    uint64_t temporaries;
} *count;
static unsigned seed;
static char outside[PATH_MAX];

static unsigned any(unsigned below) {
    return rand_r(&seed) % below;
}

static void fail(const char *what) {
    perror(what);
    exit(1);
}

/* For a moment, or for none: what is going on elsewhere may see it. */
static void dwell(void) {
    for (volatile unsigned spin = any(4) ? any(20000) : 0; spin > 0; spin--)
        ;
}

/* An object of the slave: the directory that it is in, and its name there. */
struct place {
    char directory[64];
    char name[16];
};

static const char *const DIRECTORY[] = {"slave/part", "slave/part/d%u", "slave/part/d%u/sub", "slave/part/d%u/sub/low"};

static struct place some_directory(void) {
    static const char *const NAMES[] = {"d%u", "sub", "low"};
    struct place place;
    unsigned depth = any(3), number = any(DIRECTORIES);
    snprintf(place.directory, sizeof place.directory, DIRECTORY[depth], number);
    snprintf(place.name, sizeof place.name, NAMES[depth], number);
    return place;
}

static struct place some_file(unsigned file) {
    struct place place;
    snprintf(place.directory, sizeof place.directory, DIRECTORY[1 + any(3)], any(DIRECTORIES));
    snprintf(place.name, sizeof place.name, "f%u", file);
    return place;
}

/* By no link: it may be his own, and he is not to be the one who changes things outside. */
static int open_directory(const char *path) {
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY, .resolve = RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

/* Removes what was taken from the slave, with all in it. */
static void clear(int at, const char *name) {
    if (unlinkat(at, name, 0) == 0 || errno != EISDIR)
        return;
    int directory = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    DIR *stream = directory < 0 ? NULL : fdopendir(directory);
    if (stream == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(stream)) != NULL;)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            clear(directory, entry->d_name);
    closedir(stream);
    unlinkat(at, name, AT_REMOVEDIR);
}

/* Makes pool/bait what it is to be for this way of attack. */
static void bait(char way, unsigned file) {
    char target[PATH_MAX + 32];
    clear(AT_FDCWD, "pool/bait");
    switch (way) {
    case 'd':
        snprintf(target, sizeof target, "%s%s", outside, any(2) ? "" : "/sub");
        (void)!symlink(target, "pool/bait");
        break;
    case 'l':
        snprintf(target, sizeof target, "%s%s/f%u", outside, any(2) ? "" : "/sub", file);
        (void)!symlink(target, "pool/bait");
        break;
    case 'p':
        mkfifo("pool/bait", 0666);
        break;
    case 'h':
        snprintf(target, sizeof target, file > 1 ? "%s/f%u" : file == 1 ? "%s/pipe" : "%s/link", outside, file);
        (void)!link(target, "pool/bait");
        break;
    }
}

/* There and, after a moment, most of the time back. */
static void swap(struct place place) {
    int directory = open_directory(place.directory);
    if (directory < 0)
        return;
    if (renameat2(directory, place.name, AT_FDCWD, "pool/bait", RENAME_EXCHANGE) == 0) {
        count->swaps++;
        dwell();
        if (any(8) != 0 && renameat2(directory, place.name, AT_FDCWD, "pool/bait", RENAME_EXCHANGE) == 0)
            count->swaps++;
    }
    close(directory);
}

/* Puts bait in the place of something that has a temporary name at this moment, or under the name that comes next. */
static void hunt(char way) {
    int directory = open_directory(some_file(0).directory);
    DIR *stream = directory < 0 ? NULL : fdopendir(directory);
    if (stream == NULL)
        return;
    for (unsigned look = 0; look < 20; look++, rewinddir(stream)) {
        char prefix[9];
        unsigned number;
        struct dirent *entry = readdir(stream);
        while (entry != NULL && sscanf(entry->d_name, ".lfu-%8[0-9a-f]%8x", prefix, &number) != 2)
            entry = readdir(stream);
        if (entry == NULL)
            continue;
        if (any(4) == 0)
            snprintf(entry->d_name, sizeof entry->d_name, ".lfu-%s%08x", prefix, number + 1 + any(4));
        bait(way, any(FILES));
        if (renameat2(directory, entry->d_name, AT_FDCWD, "pool/bait", RENAME_EXCHANGE) == 0 ||
            renameat2(AT_FDCWD, "pool/bait", directory, entry->d_name, RENAME_NOREPLACE) == 0)
            count->temporaries++;
        break;
    }
    closedir(stream);
}

int main(int argc, char **argv) {
    if (argc != 5 || chdir(argv[1]) != 0)
        fail("attacker");
    uid_t uid = (uid_t)atoi(argv[2]);
    seed = (unsigned)atoi(argv[3]);
    const char *ways = argv[4];
    int counts = open("count", O_RDWR | O_CREAT, 0666);
    if (counts < 0 || ftruncate(counts, sizeof *count) != 0)
        fail("count");
    count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE, MAP_SHARED, counts, 0);
    if (count == MAP_FAILED || realpath("outside", outside) == NULL)
        fail("outside");
    if (uid != 0 && (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0))
        fail("uid");
    for (;;) {
        char way = ways[any((unsigned)strlen(ways))];
        unsigned file = any(FILES);
        if (way == 't') {
            hunt("dlph"[any(strchr(ways, 'h') == NULL ? 3 : 4)]);
            continue;
        }
        bait(way, file);
        swap(way == 'd' || (way == 'p' && any(2)) ? some_directory() : some_file(file));
    }
}
