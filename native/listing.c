/* Reading a directory with two system calls an object, and packing it for the caller. */
#define _GNU_SOURCE
#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

int grow(void *memory, size_t *room, size_t needed, size_t each)
{
    void **place = memory;
    size_t wanted = *room ? *room : 64;
    void *grown;
    if (needed <= *room)
        return 0;
    while (wanted < needed)
        wanted *= 2;
    grown = realloc(*place, wanted * each);
    if (grown == NULL)
        return -1;
    *place = grown;
    *room = wanted;
    return 0;
}

int room_for(struct list *list, size_t count)
{
    size_t wanted = list->room ? list->room : 256;
    if (count <= list->room)
        return 0;
    while (wanted < count)
        wanted *= 2;
#define GROW(field, each)                                                                          \
    do {                                                                                           \
        void *grown = realloc(list->field, wanted * (each));                                       \
        if (grown == NULL)                                                                         \
            return -1;                                                                             \
        list->field = grown;                                                                       \
    } while (0)
    GROW(start, sizeof *list->start);
    GROW(order, 2 * sizeof *list->order);
    GROW(rows, STRIDE * sizeof *list->rows);
    GROW(target, sizeof *list->target);
    GROW(attributes, 1);
#undef GROW
    list->room = wanted;
    return 0;
}

void free_list(struct list *list)
{
    free(list->names);
    free(list->start);
    free(list->order);
    free(list->rows);
    free(list->target);
    free(list->attributes);
    free(list->targets);
}

static int by_inode(const void *one, const void *other)
{
    uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)other;
    return a < b ? -1 : a > b;
}

struct dirent64_record {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static int read_names(int fd, struct list *list)
{
    char buffer[1 << 15] __attribute__((aligned(8)));
    list->count = list->names_length = list->targets_length = 0;
    for (;;) {
        long length = syscall(SYS_getdents64, fd, buffer, sizeof buffer);
        if (length < 0)
            return -1;
        if (length == 0)
            return 0;
        for (long at = 0; at < length;) {
            const struct dirent64_record *record = (const void *)(buffer + at);
            const char *name = record->name;
            size_t size = strlen(name) + 1;
            at += record->length;
            if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)))
                continue;
            if (list->names_length + size > UINT32_MAX || room_for(list, list->count + 1) < 0 ||
                grow(&list->names, &list->names_room, list->names_length + size, 1) < 0)
                return -1;
            list->start[list->count] = (uint32_t)list->names_length;
            memcpy(list->names + list->names_length, name, size);
            list->names_length += size;
            list->order[2 * list->count] = record->inode;
            list->order[2 * list->count + 1] = list->count;
            list->count++;
        }
    }
}

static void wide(int32_t *row, int at, uint64_t value)
{
    row[at] = (int32_t)(uint32_t)value;
    row[at + 1] = (int32_t)(uint32_t)(value >> 32);
}

int stat_row(int fd, const char *name, int flags, int32_t *row)
{
    struct statx found;
    if (statx(fd, name, flags | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &found) < 0)
        return -1;
    row[MODE] = found.stx_mode;
    row[LINKS] = (int32_t)found.stx_nlink;
    row[UID] = (int32_t)found.stx_uid;
    row[GID] = (int32_t)found.stx_gid;
    wide(row, INODE, found.stx_ino);
    wide(row, SIZE, found.stx_size);
    wide(row, MTIME, (uint64_t)found.stx_mtime.tv_sec);
    row[MTIME_NS] = (int32_t)found.stx_mtime.tv_nsec;
    row[MAJOR] = (int32_t)found.stx_rdev_major;
    row[MINOR] = (int32_t)found.stx_rdev_minor;
    row[DEVICE_MAJOR] = (int32_t)found.stx_dev_major;
    row[DEVICE_MINOR] = (int32_t)found.stx_dev_minor;
    wide(row, ATIME, (uint64_t)found.stx_atime.tv_sec);
    row[ATIME_NS] = (int32_t)found.stx_atime.tv_nsec;
    wide(row, CTIME, (uint64_t)found.stx_ctime.tv_sec);
    row[CTIME_NS] = (int32_t)found.stx_ctime.tv_nsec;
    wide(row, BLOCKS, found.stx_blocks);
    row[FLAGS] = (int32_t)(uint32_t)found.stx_attributes;
    return 0;
}

static int read_target(const char *name, struct list *list, size_t index)
{
    size_t size = 256;
    for (;;) {
        ssize_t length;
        if (list->targets_length + size >= UINT32_MAX)
            return -1;
        if (grow(&list->targets, &list->targets_room, list->targets_length + size, 1) < 0)
            return -1;
        length = readlink(name, list->targets + list->targets_length, size);
        if (length < 0)
            return -1;
        if ((size_t)length < size) {
            list->targets[list->targets_length + (size_t)length] = 0;
            list->target[index] = (uint32_t)list->targets_length + 1;
            list->targets_length += (size_t)length + 1;
            return 0;
        }
        size *= 4;
    }
}

static int starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

int is_carried(const char *name, int privileged)
{
    if (starts_with(name, "user."))
        return 1;
    if (starts_with(name, "system."))
        return starts_with(name, "system.posix_acl_");
    if (!privileged)
        return 0;
    return strcmp(name, "security.selinux") != 0 && strcmp(name, "security.evm") != 0 &&
           strcmp(name, "security.apparmor") != 0 && !starts_with(name, "security.SMACK64") &&
           !starts_with(name, "trusted.overlay.");
}

/* Whether `name` has attributes that a copy has too; -1 when that cannot be found out. */
static int has_attributes(const char *name, int privileged)
{
    char names[1 << 12];
    ssize_t length = llistxattr(name, NULL, 0);
    if (length == 0 || (length < 0 && (errno == EOPNOTSUPP || errno == ENOSYS)))
        return 0;
    if (length < 0)
        return -1;
    length = llistxattr(name, names, sizeof names);
    /* more than there is room for: somebody will have to look */
    if (length < 0)
        return errno == ERANGE ? 1 : -1;
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1)
        if (is_carried(names + at, privileged))
            return 1;
    return 0;
}

int read_directory(int fd, struct list *list, int privileged)
{
    if (read_names(fd, list) < 0)
        return -1;
    if (list->count > 1)
        qsort(list->order, list->count, 2 * sizeof *list->order, by_inode);
    /*
     * Attributes have no call relative to a directory before Linux 6.13; and names in the working
     * directory are found a little quicker than by a handle that other threads share.
     */
    if (fchdir(fd) < 0)
        return -1;
    for (size_t i = 0; i < list->count; i++) {
        size_t index = list->order[2 * i + 1];
        const char *name = list->names + list->start[index];
        int32_t *row = list->rows + index * STRIDE;
        unsigned type;
        int attributes = 0;
        if (stat_row(AT_FDCWD, name, 0, row) < 0)
            return -1;
        type = (unsigned)row[MODE] & S_IFMT;
        list->target[index] = 0;
        if (type == S_IFLNK && read_target(name, list, index) < 0)
            return -1;
        if (type == S_IFREG || type == S_IFDIR || privileged)
            attributes = has_attributes(name, privileged);
        if (attributes < 0)
            return -1;
        list->attributes[index] = (unsigned char)attributes;
    }
    return 0;
}

/* ---- names ---- */

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

int fill_table(struct table *table, const struct list *list)
{
    size_t size = 16;
    while (size < 2 * list->count)
        size *= 2;
    if (grow(&table->slots, &table->room, size, sizeof *table->slots) < 0)
        return -1;
    table->size = size;
    memset(table->slots, 0, size * sizeof *table->slots);
    for (size_t i = 0; i < list->count; i++) {
        size_t at = hash_of(list->names + list->start[i]) & (size - 1);
        while (table->slots[at])
            at = (at + 1) & (size - 1);
        table->slots[at] = (uint32_t)i + 1;
    }
    return 0;
}

long find(const struct table *table, const struct list *list, const char *name)
{
    size_t at = hash_of(name) & (table->size - 1);
    for (; table->slots[at]; at = (at + 1) & (table->size - 1)) {
        size_t index = table->slots[at] - 1;
        if (strcmp(list->names + list->start[index], name) == 0)
            return (long)index;
    }
    return -1;
}

/* ---- packing ---- */

size_t padded(size_t length)
{
    return (length + 7) & ~(size_t)7;
}

struct counts counts_of(const struct list *list)
{
    struct counts counts = {(uint32_t)list->count, (uint32_t)list->names_length,
                            (uint32_t)list->targets_length, 0, 0, 0};
    for (size_t i = 0; i < list->count; i++) {
        counts.links += list->target[i] != 0;
        counts.attributes += list->attributes[i] != 0;
    }
    return counts;
}

size_t packed_bound(const struct list *list)
{
    return list->count * (STRIDE + 3) * 4 + list->names_length + list->targets_length;
}

size_t packed_length(const struct counts *counts)
{
    return sizeof *counts + (size_t)counts->objects * STRIDE * 4 + padded(counts->names_length) +
           padded(counts->targets_length) + (size_t)counts->links * 8 +
           padded((size_t)counts->attributes * 4);
}

/* @returns what comes behind it and what fills it up */
static unsigned char *put(unsigned char *at, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(at, bytes, length);
    memset(at + length, 0, padded(length) - length);
    return at + padded(length);
}

unsigned char *pack(unsigned char *at, const struct list *list, const struct counts *counts)
{
    uint32_t *numbers;
    at = put(at, counts, sizeof *counts);
    at = put(at, list->rows, (size_t)counts->objects * STRIDE * 4);
    at = put(at, list->names, counts->names_length);
    at = put(at, list->targets, counts->targets_length);
    numbers = (uint32_t *)(void *)at;
    for (size_t i = 0; i < list->count; i++)
        if (list->target[i]) {
            *numbers++ = (uint32_t)i;
            *numbers++ = list->target[i] - 1;
        }
    for (size_t i = 0; i < list->count; i++)
        if (list->attributes[i])
            *numbers++ = (uint32_t)i;
    return at + (size_t)counts->links * 8 + padded((size_t)counts->attributes * 4);
}
