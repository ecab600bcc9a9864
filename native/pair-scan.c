/*
 * Looks at two trees side by side, with several threads, and tells of the directories in which there
 * may be something to do. Only reads. What it cannot do smoothly (an error, a path that is too long)
 * it hands back, and the caller looks for himself.
 *
 * A plain shared library without dependencies; numbers are in the machine's byte order.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* The form of results and of this interface; the caller compares it. */
#define VERSION 1

/* Options of a scan. */
enum {
    DESCEND = 1,    /* go into directories that both have, and tell only of those with differences */
    OWNERS = 2,     /* owner and group are compared */
    PRIVILEGED = 4, /* attributes of all types are looked at, not only of files and directories */
    ONE_FILE_SYSTEM = 8,
};

/* What a result is. */
enum { LISTED = 1, HANDED_BACK = 2, ANCESTOR = 3 };

/* Offsets in a row of integers, one row for each object; see src/files/listing.ts. */
enum {
    MODE, LINKS, UID, GID, INODE, INODE_HIGH, SIZE, SIZE_HIGH, MTIME, MTIME_HIGH, MTIME_NS,
    MAJOR, MINOR, DEVICE_MAJOR, DEVICE_MINOR, ATIME, ATIME_HIGH, ATIME_NS, CTIME, CTIME_HIGH,
    CTIME_NS, BLOCKS, BLOCKS_HIGH, FLAGS, STRIDE
};

/* A directory that both trees have, on the way to be looked at or with children that are. */
struct node {
    struct node *parent;
    uint64_t id;
    unsigned references; /* under the scan's lock */
    int known;           /* the caller has been told of it; under the lock */
    int32_t master[STRIDE], slave[STRIDE];
    uint16_t name_length;
    char name[];
};

/* A result on its way to the caller. */
struct result {
    struct result *next;
    size_t length;
    unsigned char bytes[];
};

struct scan {
    int master, slave;
    unsigned options;
    int32_t master_root[STRIDE], slave_root[STRIDE];
    pthread_mutex_t lock;
    pthread_cond_t work, output, room;
    struct node **stack;
    size_t depth, capacity;
    unsigned active;
    int stopping, failed;
    struct result *first, **last;
    size_t waiting; /* bytes of results that the caller has not taken */
    uint64_t next_id;
    uint64_t master_objects, slave_objects;
    unsigned threads;
    pthread_t thread[];
};

enum { MOST_WAITING = 64 << 20, PATH_ROOM = 4096 };

/* ---- one directory ---- */

struct list {
    char *names; /* each with its NUL */
    size_t names_length, names_room;
    uint32_t *start; /* of each name */
    uint64_t *order; /* inode numbers, then positions: stat(2) in this order spares a disk's arm */
    int32_t *rows;
    uint32_t *target; /* offset + 1 in `targets` of a link's target, or 0 */
    unsigned char *attributes;
    size_t count, room;
    char *targets;
    size_t targets_length, targets_room;
};

static int grow(void *memory, size_t *room, size_t needed, size_t each)
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

static int room_for(struct list *list, size_t count)
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

static void free_list(struct list *list)
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
            if (room_for(list, list->count + 1) < 0 ||
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

static void fill_row(int32_t *row, const struct statx *found)
{
    row[MODE] = found->stx_mode;
    row[LINKS] = (int32_t)found->stx_nlink;
    row[UID] = (int32_t)found->stx_uid;
    row[GID] = (int32_t)found->stx_gid;
    wide(row, INODE, found->stx_ino);
    wide(row, SIZE, found->stx_size);
    wide(row, MTIME, (uint64_t)found->stx_mtime.tv_sec);
    row[MTIME_NS] = (int32_t)found->stx_mtime.tv_nsec;
    row[MAJOR] = (int32_t)found->stx_rdev_major;
    row[MINOR] = (int32_t)found->stx_rdev_minor;
    row[DEVICE_MAJOR] = (int32_t)found->stx_dev_major;
    row[DEVICE_MINOR] = (int32_t)found->stx_dev_minor;
    wide(row, ATIME, (uint64_t)found->stx_atime.tv_sec);
    row[ATIME_NS] = (int32_t)found->stx_atime.tv_nsec;
    wide(row, CTIME, (uint64_t)found->stx_ctime.tv_sec);
    row[CTIME_NS] = (int32_t)found->stx_ctime.tv_nsec;
    wide(row, BLOCKS, found->stx_blocks);
    row[FLAGS] = (int32_t)(uint32_t)found->stx_attributes;
}

static int stat_row(int fd, const char *name, int flags, int32_t *row)
{
    struct statx found;
    if (statx(fd, name, flags | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &found) < 0)
        return -1;
    fill_row(row, &found);
    return 0;
}

static int read_target(int fd, const char *name, struct list *list, size_t index)
{
    size_t size = 256;
    for (;;) {
        ssize_t length;
        if (grow(&list->targets, &list->targets_room, list->targets_length + size, 1) < 0)
            return -1;
        length = readlinkat(fd, name, list->targets + list->targets_length, size);
        if (length < 0)
            return -1;
        if ((size_t)length < size) {
            list->targets[list->targets_length + length] = 0;
            list->target[index] = (uint32_t)list->targets_length + 1;
            list->targets_length += (size_t)length + 1;
            return 0;
        }
        size *= 4;
    }
}

/* All of an open directory. Whatever goes wrong, the caller of all this looks for himself. */
static int read_directory(int fd, struct list *list, unsigned options)
{
    if (read_names(fd, list) < 0)
        return -1;
    qsort(list->order, list->count, 2 * sizeof *list->order, by_inode);
    /* attributes have no call relative to a directory before Linux 6.13 */
    if (fchdir(fd) < 0)
        return -1;
    for (size_t i = 0; i < list->count; i++) {
        size_t index = list->order[2 * i + 1];
        const char *name = list->names + list->start[index];
        int32_t *row = list->rows + index * STRIDE;
        unsigned type;
        if (stat_row(fd, name, 0, row) < 0)
            return -1;
        type = (unsigned)row[MODE] & S_IFMT;
        list->target[index] = 0;
        list->attributes[index] = 0;
        if (type == S_IFLNK && read_target(fd, name, list, index) < 0)
            return -1;
        if (type == S_IFREG || type == S_IFDIR || (options & PRIVILEGED)) {
            ssize_t length = llistxattr(name, NULL, 0);
            if (length < 0 && errno != EOPNOTSUPP && errno != ENOSYS)
                return -1;
            list->attributes[index] = length > 0;
        }
    }
    return 0;
}

/* ---- two directories ---- */

/* Positions of names, plus 1, by a hash of the name. */
struct table {
    uint32_t *slots;
    size_t size, room;
};

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 2166136261u;
    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return hash;
}

static int fill_table(struct table *table, const struct list *list)
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

static long find(const struct table *table, const struct list *list, const char *name)
{
    size_t at = hash_of(name) & (table->size - 1);
    for (; table->slots[at]; at = (at + 1) & (table->size - 1)) {
        size_t index = table->slots[at] - 1;
        if (strcmp(list->names + list->start[index], name) == 0)
            return (long)index;
    }
    return -1;
}

/* A temporary name of the copier's (src/lfu/names.ts): somebody must look at it, nobody goes into it. */
static int is_temporary(const char *name)
{
    if (strncmp(name, ".lfu-", 5) != 0 || strlen(name) != 21)
        return 0;
    return strspn(name + 5, "0123456789abcdef") == 16;
}

static int same_device(const int32_t *one, const int32_t *other)
{
    return one[DEVICE_MAJOR] == other[DEVICE_MAJOR] && one[DEVICE_MINOR] == other[DEVICE_MINOR];
}

static int same_object(const int32_t *one, const int32_t *other)
{
    return one[INODE] == other[INODE] && one[INODE_HIGH] == other[INODE_HIGH] &&
           same_device(one, other);
}

/* Whether nothing at all is to be done about two objects of one name. */
static int unchanged(const struct list *master, size_t i, const struct list *slave, size_t j,
                     unsigned options)
{
    const int32_t *a = master->rows + i * STRIDE, *c = slave->rows + j * STRIDE;
    unsigned type = (unsigned)a[MODE] & S_IFMT;
    if (a[MODE] != c[MODE] || a[MTIME] != c[MTIME] || a[MTIME_HIGH] != c[MTIME_HIGH] ||
        a[MTIME_NS] != c[MTIME_NS] || master->attributes[i] || slave->attributes[j])
        return 0;
    if (options & OWNERS) {
        if (a[UID] != c[UID] || a[GID] != c[GID])
            return 0;
    } else if (a[MODE] & (S_ISUID | S_ISGID))
        return 0;
    if (type == S_IFDIR)
        return 1;
    if (a[LINKS] != 1 || c[LINKS] != 1 || a[SIZE] != c[SIZE] || a[SIZE_HIGH] != c[SIZE_HIGH] ||
        a[MAJOR] != c[MAJOR] || a[MINOR] != c[MINOR])
        return 0;
    if (type == S_IFLNK)
        return strcmp(master->targets + master->target[i] - 1,
                      slave->targets + slave->target[j] - 1) == 0;
    return 1;
}

/* ---- results ---- */

/*
 * kind, parent's id, own id, rows of the directory itself in both trees, name; for LISTED then both
 * lists: count, length of names, length of targets, number of links, of objects with attributes;
 * rows, names, targets, pairs (index, offset of target), indexes of those with attributes.
 */
struct header {
    uint32_t kind, name_length;
    uint64_t parent, id;
    int32_t master[STRIDE], slave[STRIDE];
};

static size_t padded(size_t length)
{
    return (length + 7) & ~(size_t)7;
}

static struct result *new_result(const struct node *node, unsigned kind, size_t more)
{
    size_t length = sizeof(struct header) + padded(node->name_length) + more;
    struct result *result = calloc(1, sizeof *result + length);
    struct header header = {kind, node->name_length, node->parent ? node->parent->id : 0,
                            node->id, {0}, {0}};
    if (result == NULL)
        return NULL;
    memcpy(header.master, node->master, sizeof header.master);
    memcpy(header.slave, node->slave, sizeof header.slave);
    result->length = length;
    memcpy(result->bytes, &header, sizeof header);
    memcpy(result->bytes + sizeof header, node->name, node->name_length);
    return result;
}

struct counts {
    uint32_t objects, names_length, targets_length, links, attributes, unused;
};

static struct counts counts_of(const struct list *list)
{
    struct counts counts = {(uint32_t)list->count, (uint32_t)list->names_length,
                            (uint32_t)list->targets_length, 0, 0, 0};
    for (size_t i = 0; i < list->count; i++) {
        counts.links += list->target[i] != 0;
        counts.attributes += list->attributes[i] != 0;
    }
    return counts;
}

static size_t packed_length(const struct counts *counts)
{
    return sizeof *counts + padded(counts->objects * STRIDE * 4) + padded(counts->names_length) +
           padded(counts->targets_length) + counts->links * 8 + padded(counts->attributes * 4);
}

static unsigned char *pack(unsigned char *at, const struct list *list, const struct counts *counts)
{
    uint32_t *numbers;
    memcpy(at, counts, sizeof *counts);
    at += sizeof *counts;
    memcpy(at, list->rows, counts->objects * STRIDE * 4);
    at += padded(counts->objects * STRIDE * 4);
    memcpy(at, list->names, counts->names_length);
    at += padded(counts->names_length);
    memcpy(at, list->targets, counts->targets_length);
    at += padded(counts->targets_length);
    numbers = (uint32_t *)(void *)at;
    for (size_t i = 0; i < list->count; i++)
        if (list->target[i]) {
            *numbers++ = (uint32_t)i;
            *numbers++ = list->target[i] - 1;
        }
    for (size_t i = 0; i < list->count; i++)
        if (list->attributes[i])
            *numbers++ = (uint32_t)i;
    return at + counts->links * 8 + padded(counts->attributes * 4);
}

/* Under the lock. */
static void append(struct scan *scan, struct result *result)
{
    result->next = NULL;
    *scan->last = result;
    scan->last = &result->next;
    scan->waiting += result->length;
    pthread_cond_signal(&scan->output);
}

/* The caller must know the directories above one that he is told of. Under the lock. */
static int tell_ancestors(struct scan *scan, struct node *node)
{
    struct result *result;
    if (node == NULL || node->known)
        return 0;
    if (tell_ancestors(scan, node->parent) < 0)
        return -1;
    result = new_result(node, ANCESTOR, 0);
    if (result == NULL)
        return -1;
    node->known = 1;
    append(scan, result);
    return 0;
}

static int send_result(struct scan *scan, struct node *node, struct result *result)
{
    int status;
    if (result == NULL)
        return -1;
    pthread_mutex_lock(&scan->lock);
    while (scan->waiting > MOST_WAITING && !scan->stopping)
        pthread_cond_wait(&scan->room, &scan->lock);
    status = tell_ancestors(scan, node->parent);
    if (status == 0) {
        node->known = 1;
        append(scan, result);
    } else
        free(result);
    pthread_mutex_unlock(&scan->lock);
    return status;
}

/* ---- the walk ---- */

static struct node *new_node(struct scan *scan, struct node *parent, const char *name)
{
    size_t length = strlen(name);
    struct node *node = calloc(1, sizeof *node + length + 1);
    if (node == NULL)
        return NULL;
    node->parent = parent;
    node->references = 1;
    node->name_length = (uint16_t)length;
    memcpy(node->name, name, length + 1);
    (void)scan;
    return node;
}

/* Under the lock. */
static void release(struct node *node)
{
    while (node != NULL && --node->references == 0) {
        struct node *parent = node->parent;
        free(node);
        node = parent;
    }
}

/* Under the lock; takes over the reference. */
static int push(struct scan *scan, struct node *node)
{
    if (grow(&scan->stack, &scan->capacity, scan->depth + 1, sizeof *scan->stack) < 0)
        return -1;
    node->id = ++scan->next_id;
    if (node->parent != NULL)
        node->parent->references++;
    scan->stack[scan->depth++] = node;
    return 0;
}

/* The path of a directory below the roots; `.` for themselves. */
static int path_of(const struct node *node, char *path)
{
    size_t length = 0;
    char *at;
    for (const struct node *n = node; n != NULL && n->name_length; n = n->parent)
        length += n->name_length + 1u;
    if (length > PATH_ROOM)
        return -1;
    if (length == 0) {
        memcpy(path, ".", 2);
        return 0;
    }
    at = path + length;
    for (const struct node *n = node; n != NULL && n->name_length; n = n->parent) {
        *--at = n == node ? 0 : '/';
        at -= n->name_length;
        memcpy(at, n->name, n->name_length);
    }
    return 0;
}

/* Below a root, without following any link on the way. */
static int open_below(int root, const char *path, unsigned more)
{
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW | more,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    /* only the owner may look without leaving a trace */
    return fd < 0 && errno == EPERM && more ? open_below(root, path, 0) : fd;
}

struct worker {
    struct list master, slave;
    struct table table;
    uint32_t *children; /* pairs of positions of directories that both have */
    size_t children_room;
};

/* @returns whether the directory is done with; otherwise the caller of the library must look */
static int look(struct scan *scan, struct worker *worker, struct node *node)
{
    struct list *master = &worker->master, *slave = &worker->slave;
    char path[PATH_ROOM + 1];
    size_t children = 0, both = 0;
    /* the roots are always told of: an empty master is a case of its own */
    int differs = !(scan->options & DESCEND) || node->parent == NULL;
    int fds[2] = {-1, -1}, done = 0;
    if (path_of(node, path) < 0)
        return 0;
    fds[0] = open_below(scan->master, path, O_NOATIME);
    fds[1] = fds[0] < 0 ? -1 : open_below(scan->slave, path, 0);
    if (fds[1] < 0 || read_directory(fds[0], master, scan->options) < 0 ||
        read_directory(fds[1], slave, scan->options) < 0 || fill_table(&worker->table, slave) < 0)
        goto close;
    for (size_t i = 0; i < master->count; i++) {
        const char *name = master->names + master->start[i];
        const int32_t *row = master->rows + i * STRIDE, *other;
        long j = find(&worker->table, slave, name);
        if (j < 0) {
            differs = 1;
            continue;
        }
        both++;
        other = slave->rows + j * STRIDE;
        if (!differs && (!unchanged(master, i, slave, (size_t)j, scan->options) ||
                         is_temporary(name)))
            differs = 1;
        if (((unsigned)row[MODE] & S_IFMT) != S_IFDIR || ((unsigned)other[MODE] & S_IFMT) != S_IFDIR)
            continue;
        /* the other root, or a part of it: the caller refuses that */
        if (same_object(row, scan->slave_root) || same_object(other, scan->master_root)) {
            differs = 1;
            continue;
        }
        if (is_temporary(name) ||
            ((scan->options & ONE_FILE_SYSTEM) && !same_device(row, scan->master_root)))
            continue;
        if (grow(&worker->children, &worker->children_room, 2 * (children + 1),
                 sizeof *worker->children) < 0)
            goto close;
        worker->children[2 * children] = (uint32_t)i;
        worker->children[2 * children + 1] = (uint32_t)j;
        children++;
    }
    if (both < slave->count)
        differs = 1;
    if (differs) {
        struct counts counts[2] = {counts_of(master), counts_of(slave)};
        struct result *result =
            new_result(node, LISTED, packed_length(&counts[0]) + packed_length(&counts[1]));
        if (result != NULL) {
            unsigned char *at =
                result->bytes + sizeof(struct header) + padded(node->name_length);
            pack(pack(at, master, &counts[0]), slave, &counts[1]);
        }
        if (send_result(scan, node, result) < 0)
            goto close;
    }
    done = 1;
    pthread_mutex_lock(&scan->lock);
    scan->master_objects += master->count;
    scan->slave_objects += slave->count;
    for (size_t i = children; (scan->options & DESCEND) && i-- > 0 && !scan->failed;) {
        size_t one = worker->children[2 * i], other = worker->children[2 * i + 1];
        struct node *child = new_node(scan, node, master->names + master->start[one]);
        if (child == NULL) {
            scan->failed = 1;
            break;
        }
        memcpy(child->master, master->rows + one * STRIDE, sizeof child->master);
        memcpy(child->slave, slave->rows + other * STRIDE, sizeof child->slave);
        if (push(scan, child) < 0) {
            free(child);
            scan->failed = 1;
        }
    }
    if (children > 1)
        pthread_cond_broadcast(&scan->work);
    pthread_mutex_unlock(&scan->lock);
close:
    if (fds[0] >= 0)
        close(fds[0]);
    if (fds[1] >= 0)
        close(fds[1]);
    return done;
}

static void *run(void *argument)
{
    struct scan *scan = argument;
    struct worker *worker = calloc(1, sizeof *worker);
    /* a working directory of this thread's own */
    int private = unshare(CLONE_FS) == 0;
    pthread_mutex_lock(&scan->lock);
    if (worker == NULL || !private)
        scan->failed = 1;
    while (!scan->stopping && !scan->failed) {
        struct node *node;
        if (scan->depth == 0) {
            if (scan->active == 0 && (scan->options & DESCEND))
                break;
            pthread_cond_wait(&scan->work, &scan->lock);
            continue;
        }
        node = scan->stack[--scan->depth];
        scan->active++;
        pthread_mutex_unlock(&scan->lock);
        if (!look(scan, worker, node) &&
            send_result(scan, node, new_result(node, HANDED_BACK, 0)) < 0) {
            pthread_mutex_lock(&scan->lock);
            scan->failed = 1;
            pthread_mutex_unlock(&scan->lock);
        }
        pthread_mutex_lock(&scan->lock);
        scan->active--;
        release(node);
    }
    pthread_cond_broadcast(&scan->work);
    pthread_cond_broadcast(&scan->output);
    pthread_mutex_unlock(&scan->lock);
    if (worker != NULL) {
        free_list(&worker->master);
        free_list(&worker->slave);
        free(worker->table.slots);
        free(worker->children);
        free(worker);
    }
    return NULL;
}

/* ---- for the caller ---- */

int xh_scan_version(void)
{
    return VERSION;
}

/* Begins to look at two open directories. NULL when it cannot. */
struct scan *xh_scan_open(int master, int slave, unsigned threads, unsigned options)
{
    struct scan *scan = calloc(1, sizeof *scan + threads * sizeof(pthread_t));
    struct node *root;
    if (scan == NULL)
        return NULL;
    scan->master = master;
    scan->slave = slave;
    scan->options = options;
    scan->last = &scan->first;
    pthread_mutex_init(&scan->lock, NULL);
    pthread_cond_init(&scan->work, NULL);
    pthread_cond_init(&scan->output, NULL);
    pthread_cond_init(&scan->room, NULL);
    root = new_node(scan, NULL, "");
    if (root == NULL || stat_row(master, "", AT_EMPTY_PATH, scan->master_root) < 0 ||
        stat_row(slave, "", AT_EMPTY_PATH, scan->slave_root) < 0) {
        free(root);
        free(scan);
        return NULL;
    }
    memcpy(root->master, scan->master_root, sizeof root->master);
    memcpy(root->slave, scan->slave_root, sizeof root->slave);
    if (push(scan, root) < 0) {
        free(root);
        free(scan);
        return NULL;
    }
    for (; scan->threads < threads; scan->threads++)
        if (pthread_create(&scan->thread[scan->threads], NULL, run, scan) != 0)
            break;
    if (scan->threads == 0) {
        free(root);
        free(scan->stack);
        free(scan);
        return NULL;
    }
    return scan;
}

/*
 * The next results, as many as fit, each behind its length in 8 bytes.
 * Returns the number of bytes; 0 when there is none within the time; -1 when all is said; -2 when the
 * scan failed; the room that is needed, plus 2^40, when the first does not fit.
 */
int64_t xh_scan_next(struct scan *scan, unsigned char *buffer, size_t room, int milliseconds)
{
    struct timespec until;
    int64_t length = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (milliseconds % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&scan->lock);
    while (scan->first == NULL && !scan->failed && (scan->depth > 0 || scan->active > 0))
        if (pthread_cond_timedwait(&scan->output, &scan->lock, &until) != 0)
            break;
    if (scan->first == NULL && (scan->failed || (scan->depth == 0 && scan->active == 0)))
        length = scan->failed ? -2 : -1;
    while (scan->first != NULL) {
        struct result *result = scan->first;
        uint64_t size = result->length;
        if (length + 8 + size > room) {
            if (length == 0)
                length = (int64_t)(8 + size) + ((int64_t)1 << 40);
            break;
        }
        memcpy(buffer + length, &size, 8);
        memcpy(buffer + length + 8, result->bytes, size);
        length += (int64_t)(8 + size);
        scan->waiting -= size;
        scan->first = result->next;
        if (scan->first == NULL)
            scan->last = &scan->first;
        free(result);
    }
    pthread_cond_broadcast(&scan->room);
    pthread_mutex_unlock(&scan->lock);
    return length;
}

/* How many objects were seen so far on each side. */
void xh_scan_counts(struct scan *scan, uint64_t counts[2])
{
    pthread_mutex_lock(&scan->lock);
    counts[0] = scan->master_objects;
    counts[1] = scan->slave_objects;
    pthread_mutex_unlock(&scan->lock);
}

void xh_scan_close(struct scan *scan)
{
    pthread_mutex_lock(&scan->lock);
    scan->stopping = 1;
    pthread_cond_broadcast(&scan->work);
    pthread_cond_broadcast(&scan->room);
    pthread_mutex_unlock(&scan->lock);
    for (unsigned i = 0; i < scan->threads; i++)
        pthread_join(scan->thread[i], NULL);
    while (scan->depth > 0)
        release(scan->stack[--scan->depth]);
    while (scan->first != NULL) {
        struct result *result = scan->first;
        scan->first = result->next;
        free(result);
    }
    free(scan->stack);
    pthread_mutex_destroy(&scan->lock);
    pthread_cond_destroy(&scan->work);
    pthread_cond_destroy(&scan->output);
    pthread_cond_destroy(&scan->room);
    free(scan);
}
