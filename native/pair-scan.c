/*
 * Looks at two trees side by side, with several threads, and tells the caller of directories in which
 * there may be something to do: because they differ, because a filter lets something in them through,
 * or because he wants to hear of all. Where he is told of, he may have to say where to go on;
 * everywhere else the scan goes on by itself. Only reads. One of the trees may be an index of what it
 * was, or the slave not be there. What cannot be done smoothly (an error, a path that is too long) is
 * handed back, and the caller looks for himself.
 *
 * A plain shared library without dependencies; numbers are in the machine's byte order.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "filter.h"
#include "index.h"
#include "listing.h"

/* The form of results and of this interface; the caller compares it. */
#define VERSION 5

/* Options of a scan. */
enum {
    DESCEND = 1,    /* go on below every directory, whether it was told of or not */
    OWNERS = 2,     /* owner and group are compared */
    PRIVILEGED = 4, /* attributes of all types are looked at, not only of files and directories */
    ONE_FILE_SYSTEM = 8,
    TELL_ALL = 16,
};

/* What a result is. */
enum { LISTED = 1, HANDED_BACK = 2, ANCESTOR = 3, DONE = 4 };

/* What is said of a listed directory. */
enum { DIFFERS = 1, HAS_SLAVE = 2 };

enum { MASTER = 0, SLAVE = 1 };

/* What a filter is for. */
enum { DIRECTORY = 0, ELSE = 1 };

/*
 * A directory of the master on the way to be looked at, or with children that are. Whatever changes
 * in it once others can see it changes under the scan's lock.
 */
struct node {
    struct node *parent;
    struct node *offered;       /* children that the caller has not decided upon */
    struct node *next;          /* in its parent's `offered`; later among the unanswered */
    struct node **previous;     /* what points to it among the unanswered */
    unsigned references;
    int known;                  /* the caller has been told of it */
    int entered;
    int has_slave;
    int fds[2];                 /* open as long as children need them, or -1 */
    uint32_t number;            /* in the index */
    int32_t rows[2][STRIDE];
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
    int roots[2]; /* no slave: -1 */
    unsigned options;
    int32_t rows[2][STRIDE]; /* of the roots */
    struct index index;      /* without bytes when there is none */
    struct filter *filters[2]; /* of directories, and of all else; or NULL */
    pthread_mutex_t lock;
    pthread_cond_t work, output, room;
    struct node **stack;
    size_t depth, capacity;
    unsigned active, idle;
    struct node *unanswered; /* whose children the caller has not decided upon */
    unsigned held;           /* handles in nodes */
    int stopping, failed;
    struct result *first, **last;
    size_t waiting; /* bytes of results that the caller has not taken */
    uint64_t objects[2];
    unsigned threads;
    pthread_t thread[];
};

enum {
    MOST_WAITING = 16 << 20,
    /* Bytes that are worth waking the caller for. */
    ENOUGH = 1 << 16,
    /* Bytes of a directory that is too much to be handed over in one piece. */
    TOO_MUCH = 1 << 30,
    PATH_ROOM = 4096,
    MOST_HELD = 128,
};

/* ---- two directories ---- */

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

static int is_directory(const int32_t *row)
{
    return ((unsigned)row[MODE] & S_IFMT) == S_IFDIR;
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
 * Then the name; for LISTED both lists, as pack() writes them, and the children that are offered: how
 * many, then each with its positions and its id.
 */
struct header {
    uint32_t kind, name_length;
    uint64_t parent, id;
    int32_t rows[2][STRIDE];
    uint32_t said, number;
};

struct offer {
    uint32_t master;
    int32_t slave; /* -1 when it has none */
    uint64_t id;
};

static uint64_t id_of(const struct node *node)
{
    return (uint64_t)(uintptr_t)node;
}

static struct result *new_result(const struct node *node, unsigned kind, unsigned said, size_t more)
{
    size_t start = sizeof(struct header) + padded(node->name_length);
    struct result *result = malloc(sizeof *result + start + more);
    struct header header = {kind, node->name_length, id_of(node->parent), id_of(node),
                            {{0}, {0}}, said, node->number};
    if (result == NULL)
        return NULL;
    memcpy(header.rows, node->rows, sizeof header.rows);
    result->length = start + more;
    memcpy(result->bytes, &header, sizeof header);
    memset(result->bytes + sizeof header, 0, padded(node->name_length));
    memcpy(result->bytes + sizeof header, node->name, node->name_length);
    return result;
}

/* Whether the caller should take what there is. Under the lock. */
static int is_enough(const struct scan *scan)
{
    if (scan->failed || (scan->depth == 0 && scan->active == 0))
        return 1;
    if (scan->first == NULL)
        return 0;
    /* whoever waits to be told where to go on must not be kept waiting */
    return scan->waiting >= ENOUGH || (scan->unanswered != NULL && scan->idle > 0);
}

/* Under the lock. */
static void append(struct scan *scan, struct result *result)
{
    result->next = NULL;
    *scan->last = result;
    scan->last = &result->next;
    scan->waiting += result->length;
    if (is_enough(scan))
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
    result = new_result(node, ANCESTOR, node->has_slave ? HAS_SLAVE : 0, 0);
    if (result == NULL)
        return -1;
    node->known = 1;
    append(scan, result);
    return 0;
}

/* Under the lock. */
static void await_answer(struct scan *scan, struct node *node)
{
    node->references++;
    node->next = scan->unanswered;
    node->previous = &scan->unanswered;
    if (node->next != NULL)
        node->next->previous = &node->next;
    scan->unanswered = node;
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
        if (node->offered != NULL && !(scan->options & DESCEND))
            await_answer(scan, node);
        append(scan, result);
    } else
        free(result);
    pthread_mutex_unlock(&scan->lock);
    return status;
}

/* ---- nodes ---- */

static struct node *new_node(struct node *parent, const char *name)
{
    size_t length = strlen(name);
    struct node *node = malloc(sizeof *node + length + 1);
    /* its id has to pass through a number of 53 bits */
    if (node == NULL || id_of(node) >> 53) {
        free(node);
        return NULL;
    }
    memset(node, 0, sizeof *node);
    node->parent = parent;
    node->references = 1;
    node->fds[MASTER] = node->fds[SLAVE] = -1;
    node->name_length = (uint16_t)length;
    memcpy(node->name, name, length + 1);
    return node;
}

static void free_offered(struct node *node)
{
    while (node->offered != NULL) {
        struct node *child = node->offered;
        node->offered = child->next;
        free(child);
    }
}

/* Whoever was told of a directory hears when all in it has been told of: its id may come again. */
static void tell_done(struct scan *scan, struct node *node)
{
    struct result *result = node->known ? new_result(node, DONE, 0, 0) : NULL;
    if (result != NULL)
        append(scan, result);
    else if (node->known)
        scan->failed = 1;
}

/* Under the lock. */
static void release(struct scan *scan, struct node *node)
{
    while (node != NULL && --node->references == 0) {
        struct node *parent = node->parent;
        tell_done(scan, node);
        for (int side = MASTER; side <= SLAVE; side++)
            if (node->fds[side] >= 0) {
                close(node->fds[side]);
                scan->held--;
            }
        free_offered(node);
        free(node);
        node = parent;
    }
}

/* Under the lock; takes over the reference. */
static int push(struct scan *scan, struct node *node)
{
    if (grow(&scan->stack, &scan->capacity, scan->depth + 1, sizeof *scan->stack) < 0)
        return -1;
    if (node->parent != NULL)
        node->parent->references++;
    scan->stack[scan->depth++] = node;
    return 0;
}

/* Under the lock. */
static void answered(struct scan *scan, struct node *node)
{
    *node->previous = node->next;
    if (node->next != NULL)
        node->next->previous = node->previous;
    release(scan, node);
}

/* Into all that are offered, or those that are entered; the others are forgotten. Under the lock. */
static int push_offered(struct scan *scan, struct node *node, int all)
{
    /* `offered` has the last child first, so that the first is looked at first */
    while (node->offered != NULL) {
        struct node *child = node->offered;
        node->offered = child->next;
        if (!all && !child->entered)
            free(child);
        else if (push(scan, child) < 0) {
            free(child);
            return -1;
        }
    }
    return 0;
}

/* ---- opening ---- */

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

/* Only the owner may look without leaving a trace; everybody may look. */
enum { OPEN_DIRECTORY = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW };

static int open_at(int fd, const char *name)
{
    int opened = openat(fd, name, OPEN_DIRECTORY | O_NOATIME);
    return opened < 0 && errno == EPERM ? openat(fd, name, OPEN_DIRECTORY) : opened;
}

/* Below a root, without following any link on the way. */
static int open_below(int root, const char *path)
{
    struct open_how how = {.flags = OPEN_DIRECTORY | O_NOATIME,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
    int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    if (fd >= 0 || errno != EPERM)
        return fd;
    how.flags = OPEN_DIRECTORY;
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

static int open_node(const struct scan *scan, const struct node *node, int side)
{
    const struct node *parent = node->parent;
    char path[PATH_ROOM + 1];
    if (parent == NULL)
        return open_at(scan->roots[side], ".");
    if (parent->fds[side] >= 0)
        return open_at(parent->fds[side], node->name);
    return path_of(node, path) < 0 ? -1 : open_below(scan->roots[side], path);
}

/* Whether what was opened is the directory that was seen. */
static int is_node(int fd, const struct node *node, int side)
{
    struct stat found;
    const int32_t *row = node->rows[side];
    if (fstat(fd, &found) < 0)
        return 0;
    return (uint32_t)found.st_ino == (uint32_t)row[INODE] &&
           (uint32_t)((uint64_t)found.st_ino >> 32) == (uint32_t)row[INODE_HIGH] &&
           major(found.st_dev) == (uint32_t)row[DEVICE_MAJOR] &&
           minor(found.st_dev) == (uint32_t)row[DEVICE_MINOR];
}

/*
 * Whether what was opened has lost the file system that was mounted on it when it was seen, and
 * shows what is below: the caller tells that, and nobody takes it for the master's.
 */
static int is_dismounted(int fd, const struct scan *scan, const struct node *node)
{
    struct stat found;
    if (same_device(node->rows[MASTER], scan->rows[MASTER]) || is_node(fd, node, MASTER))
        return 0;
    if (fstat(fd, &found) < 0)
        return 1;
    for (const struct node *above = node->parent; above != NULL; above = above->parent)
        if (major(found.st_dev) == (uint32_t)above->rows[MASTER][DEVICE_MAJOR] &&
            minor(found.st_dev) == (uint32_t)above->rows[MASTER][DEVICE_MINOR])
            return 1;
    return 0;
}

/* Handles that children can be opened by. */
static void hold(struct scan *scan, struct node *node, int fds[2])
{
    unsigned needed = (unsigned)(fds[MASTER] >= 0) + (unsigned)(fds[SLAVE] >= 0);
    int may;
    pthread_mutex_lock(&scan->lock);
    may = scan->held + needed <= MOST_HELD;
    if (may) {
        scan->held += needed;
        memcpy(node->fds, fds, sizeof node->fds);
        fds[MASTER] = fds[SLAVE] = -1;
    }
    pthread_mutex_unlock(&scan->lock);
}

/* ---- the walk ---- */

struct worker {
    struct list lists[2];
    struct table table;
    struct scene scenes[2];
    struct offer *offers;
    size_t offers_room;
};

static int read_master(const struct scan *scan, struct worker *worker, const struct node *node,
                       int *fd, uint32_t children[2])
{
    struct list *list = &worker->lists[MASTER];
    int privileged = (scan->options & PRIVILEGED) != 0;
    if (scan->index.bytes != NULL)
        return read_index(&scan->index, node->number, scan->rows[MASTER], list, children,
                          privileged);
    *fd = open_node(scan, node, MASTER);
    if (*fd < 0 || is_dismounted(*fd, scan, node))
        return -1;
    return read_directory(*fd, list, privileged);
}

static int read_slave(const struct scan *scan, struct worker *worker, const struct node *node,
                      int *fd)
{
    struct list *list = &worker->lists[SLAVE];
    list->count = list->names_length = list->targets_length = 0;
    if (!node->has_slave)
        return 0;
    *fd = open_node(scan, node, SLAVE);
    if (*fd < 0 || !is_node(*fd, node, SLAVE))
        return -1;
    return read_directory(*fd, list, (scan->options & PRIVILEGED) != 0);
}

/* What comparing two directories comes to. */
struct comparison {
    int differs;
    int concerns; /* something is let through by the filter */
    size_t offered;
};

/* Makes known to the filter where we are. */
static int begin_scene(const struct scan *scan, struct worker *worker, const struct node *node,
                       char *path)
{
    if (scan->filters[ELSE] == NULL)
        return 0;
    if (node->parent == NULL)
        path[0] = 0;
    else if (path_of(node, path) < 0)
        return -1;
    else
        strcat(path, "/");
    for (int which = DIRECTORY; which <= ELSE; which++)
        if (set_scene(&worker->scenes[which], scan->filters[which], path) < 0)
            return -1;
    return 0;
}

/* @returns -1 when it cannot be done */
static int compare(const struct scan *scan, struct worker *worker, const struct node *node,
                   uint32_t children[2], struct comparison *found)
{
    const struct list *master = &worker->lists[MASTER], *slave = &worker->lists[SLAVE];
    char path[PATH_ROOM + 2];
    size_t both = 0;
    *found = (struct comparison){!node->has_slave, 0, 0};
    if (begin_scene(scan, worker, node, path) < 0 ||
        (node->has_slave && fill_table(&worker->table, slave) < 0))
        return -1;
    for (size_t i = 0; i < master->count; i++) {
        const char *name = master->names + master->start[i];
        const int32_t *row = master->rows + i * STRIDE, *other = NULL;
        long j = node->has_slave ? find(&worker->table, slave, name) : -1;
        uint32_t number = 0;
        int temporary = is_temporary(name);
        if (is_directory(row))
            number = children[0]++;
        both += j >= 0;
        if (j < 0 || temporary || !unchanged(master, i, slave, (size_t)j, scan->options))
            found->differs = 1;
        if (scan->filters[ELSE] != NULL && !found->concerns)
            found->concerns = is_of_interest(
                &worker->scenes[is_directory(row) ? DIRECTORY : ELSE], name, row);
        if (!is_directory(row) || temporary)
            continue;
        if (j >= 0) {
            other = slave->rows + j * STRIDE;
            if (!is_directory(other))
                j = -1;
        }
        /* the other root, or a part of it: the caller refuses that */
        if (same_object(row, scan->rows[SLAVE]) ||
            (other != NULL && same_object(other, scan->rows[MASTER]))) {
            found->differs = 1;
            continue;
        }
        if ((scan->options & ONE_FILE_SYSTEM) && !same_device(row, scan->rows[MASTER]))
            continue;
        if (scan->index.bytes != NULL && number >= children[1])
            return -1;
        if (grow(&worker->offers, &worker->offers_room, found->offered + 1,
                 sizeof *worker->offers) < 0)
            return -1;
        worker->offers[found->offered++] = (struct offer){(uint32_t)i, (int32_t)j, number};
    }
    if (both < slave->count)
        found->differs = 1;
    return 0;
}

/* Makes the nodes to go on with; their ids take the place of numbers in the index. */
static int offer(struct worker *worker, struct node *node, size_t count)
{
    const struct list *master = &worker->lists[MASTER], *slave = &worker->lists[SLAVE];
    for (size_t i = 0; i < count; i++) {
        struct offer *offer = &worker->offers[i];
        struct node *child = new_node(node, master->names + master->start[offer->master]);
        if (child == NULL)
            return -1;
        memcpy(child->rows[MASTER], master->rows + (size_t)offer->master * STRIDE,
               sizeof child->rows[MASTER]);
        child->has_slave = offer->slave >= 0;
        if (child->has_slave)
            memcpy(child->rows[SLAVE], slave->rows + (size_t)offer->slave * STRIDE,
                   sizeof child->rows[SLAVE]);
        child->number = (uint32_t)offer->id;
        child->next = node->offered;
        node->offered = child;
        offer->id = id_of(child);
    }
    return 0;
}

static struct result *listed(const struct worker *worker, const struct node *node, unsigned said,
                             size_t offered)
{
    struct counts counts[2] = {counts_of(&worker->lists[MASTER]), counts_of(&worker->lists[SLAVE])};
    uint64_t number = offered;
    struct result *result =
        new_result(node, LISTED, said,
                   packed_length(&counts[0]) + packed_length(&counts[1]) + sizeof number +
                       offered * sizeof *worker->offers);
    unsigned char *at;
    if (result == NULL)
        return NULL;
    at = result->bytes + sizeof(struct header) + padded(node->name_length);
    at = pack(at, &worker->lists[MASTER], &counts[0]);
    at = pack(at, &worker->lists[SLAVE], &counts[1]);
    memcpy(at, &number, sizeof number);
    if (offered > 0)
        memcpy(at + sizeof number, worker->offers, offered * sizeof *worker->offers);
    return result;
}

/* @returns 0 when the directory is done with, 1 when the caller must look, -1 without memory */
static int look(struct scan *scan, struct worker *worker, struct node *node)
{
    int fds[2] = {-1, -1}, status = 1, told, descends;
    uint32_t children[2] = {0, 0};
    struct comparison found;
    if (read_master(scan, worker, node, &fds[MASTER], children) < 0 ||
        read_slave(scan, worker, node, &fds[SLAVE]) < 0 ||
        compare(scan, worker, node, children, &found) < 0)
        goto close;
    if (packed_bound(&worker->lists[MASTER]) + packed_bound(&worker->lists[SLAVE]) > TOO_MUCH)
        goto close;
    status = -1;
    if (offer(worker, node, found.offered) < 0)
        goto close;
    if (found.offered > 0)
        hold(scan, node, fds);
    /* the roots are always told of: an empty master is a case of its own */
    told = found.differs || found.concerns || node->parent == NULL || (scan->options & TELL_ALL);
    descends = !told || (scan->options & DESCEND);
    if (told) {
        unsigned said = (found.differs ? DIFFERS : 0) | (node->has_slave ? HAS_SLAVE : 0);
        /* whoever hears of every directory may want to know which is which */
        int offers = !descends || (scan->options & TELL_ALL);
        struct result *result = listed(worker, node, said, offers ? found.offered : 0);
        if (send_result(scan, node, result) < 0)
            goto close;
    }
    status = 0;
    pthread_mutex_lock(&scan->lock);
    scan->objects[MASTER] += worker->lists[MASTER].count;
    scan->objects[SLAVE] += worker->lists[SLAVE].count;
    if (descends) {
        if (push_offered(scan, node, 1) < 0)
            status = -1;
        if (found.offered > 1)
            pthread_cond_broadcast(&scan->work);
    }
    pthread_mutex_unlock(&scan->lock);
close:
    for (int side = MASTER; side <= SLAVE; side++)
        if (fds[side] >= 0)
            close(fds[side]);
    return status;
}

static int is_over(const struct scan *scan)
{
    return scan->stopping || scan->failed ||
           (scan->depth == 0 && scan->active == 0 && scan->unanswered == NULL);
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
    while (!is_over(scan)) {
        struct node *node;
        int status;
        if (scan->depth == 0) {
            scan->idle++;
            if (is_enough(scan))
                pthread_cond_signal(&scan->output);
            pthread_cond_wait(&scan->work, &scan->lock);
            scan->idle--;
            continue;
        }
        node = scan->stack[--scan->depth];
        scan->active++;
        pthread_mutex_unlock(&scan->lock);
        status = look(scan, worker, node);
        if (status > 0)
            status = send_result(
                scan, node,
                new_result(node, HANDED_BACK, node->has_slave ? HAS_SLAVE : 0, 0));
        pthread_mutex_lock(&scan->lock);
        if (status < 0)
            scan->failed = 1;
        scan->active--;
        release(scan, node);
    }
    pthread_cond_broadcast(&scan->work);
    pthread_cond_broadcast(&scan->output);
    pthread_mutex_unlock(&scan->lock);
    if (worker != NULL) {
        free_list(&worker->lists[MASTER]);
        free_list(&worker->lists[SLAVE]);
        free(worker->table.slots);
        free(worker->offers);
        free(worker->scenes[DIRECTORY].infixes);
        free(worker->scenes[ELSE].infixes);
        free(worker);
    }
    return NULL;
}

/* ---- for the caller ---- */

int xh_scan_version(void)
{
    return VERSION;
}

static void free_scan(struct scan *scan)
{
    while (scan->depth > 0)
        release(scan, scan->stack[--scan->depth]);
    while (scan->unanswered != NULL)
        answered(scan, scan->unanswered);
    while (scan->first != NULL) {
        struct result *result = scan->first;
        scan->first = result->next;
        free(result);
    }
    free(scan->stack);
    close_filter(scan->filters[DIRECTORY]);
    close_filter(scan->filters[ELSE]);
    pthread_mutex_destroy(&scan->lock);
    pthread_cond_destroy(&scan->work);
    pthread_cond_destroy(&scan->output);
    pthread_cond_destroy(&scan->room);
    free(scan);
}

/*
 * Begins to look at two open directories; `slave` is -1 when there is none. With an index, which must
 * stay where it is, the master is what directory 1 of it says. Two filters follow, one after the other,
 * of these lengths: of directories, and of all else. NULL when it cannot be done.
 */
struct scan *xh_scan_open(int master, int slave, unsigned threads, unsigned options,
                          const unsigned char *index, size_t length, size_t table,
                          const unsigned char *filters, size_t lengths[2])
{
    struct scan *scan = calloc(1, sizeof *scan + threads * sizeof(pthread_t));
    pthread_condattr_t steady;
    int lacks = 0;
    struct node *root;
    if (scan == NULL)
        return NULL;
    scan->roots[MASTER] = master;
    scan->roots[SLAVE] = slave;
    scan->options = options;
    scan->last = &scan->first;
    if (index != NULL)
        scan->index = (struct index){index, length, table, (uint32_t)((length - table) / 8)};
    pthread_mutex_init(&scan->lock, NULL);
    pthread_cond_init(&scan->work, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&scan->output, &steady);
    pthread_condattr_destroy(&steady);
    pthread_cond_init(&scan->room, NULL);
    root = new_node(NULL, "");
    for (int which = DIRECTORY; filters != NULL && which <= ELSE; which++) {
        scan->filters[which] = open_filter(filters, lengths[which]);
        filters = scan->filters[which] == NULL ? NULL : filters + lengths[which];
        lacks |= filters == NULL;
    }
    if (root == NULL || lacks || (index != NULL && table > length) ||
        stat_row(master, "", AT_EMPTY_PATH, scan->rows[MASTER]) < 0 ||
        (slave >= 0 && stat_row(slave, "", AT_EMPTY_PATH, scan->rows[SLAVE]) < 0) ||
        push(scan, root) < 0) {
        free(root);
        free_scan(scan);
        return NULL;
    }
    memcpy(root->rows, scan->rows, sizeof root->rows);
    root->has_slave = slave >= 0;
    root->number = 1;
    for (; scan->threads < threads; scan->threads++)
        if (pthread_create(&scan->thread[scan->threads], NULL, run, scan) != 0)
            break;
    if (scan->threads == 0) {
        free_scan(scan);
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
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += milliseconds / 1000;
    until.tv_nsec += (milliseconds % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&scan->lock);
    while (!is_enough(scan))
        if (pthread_cond_timedwait(&scan->output, &scan->lock, &until) != 0)
            break;
    if (scan->failed)
        length = -2;
    else if (scan->first == NULL && is_over(scan))
        length = -1;
    while (length >= 0 && scan->first != NULL) {
        struct result *result = scan->first;
        uint64_t size = result->length;
        if ((uint64_t)length + 8 + size > room) {
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

/*
 * Where to go on: for each listed directory with offers its id, a number, and so many ids of those
 * that were offered; the others are forgotten. Not to be called with DESCEND.
 */
int xh_scan_answer(struct scan *scan, const uint64_t *words, size_t count)
{
    pthread_mutex_lock(&scan->lock);
    for (size_t at = 0; at + 2 <= count;) {
        struct node *node = (struct node *)(uintptr_t)words[at];
        uint64_t entered = words[at + 1];
        at += 2;
        for (; entered > 0 && at < count; entered--)
            ((struct node *)(uintptr_t)words[at++])->entered = 1;
        if (push_offered(scan, node, 0) < 0)
            scan->failed = 1;
        answered(scan, node);
    }
    pthread_cond_broadcast(&scan->work);
    pthread_mutex_unlock(&scan->lock);
    return 0;
}

/* How many objects were seen so far on each side. */
void xh_scan_counts(struct scan *scan, uint64_t counts[2])
{
    pthread_mutex_lock(&scan->lock);
    memcpy(counts, scan->objects, sizeof scan->objects);
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
    free_scan(scan);
}
