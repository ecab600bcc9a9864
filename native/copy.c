/*
 * Copies plain files with several threads: the caller hands over, for a pair of directories at a
 * time, which files are to be copied, what each of them was when it was planned for, and what its
 * copy is to have. Whatever is not smooth, be it an error, a file that is another by now or changes
 * while it is read, or a file system that has its own ideas, is handed back with nothing left of the
 * attempt: the caller does that himself and has the right words for it. All that the copier does,
 * src/lfu/apply/{create,put,metadata}.ts do too.
 *
 * A plain shared library without dependencies; numbers are in the machine's byte order.
 */
#define _GNU_SOURCE
#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* The form of jobs and results and of this interface; the caller compares it. */
#define VERSION 1

/* Of linux/fs.h, which does not go together with others. */
#ifndef FICLONE
#define FICLONE _IOW(0x94, 9, int)
#endif

/* Options of a copier. */
enum {
    PRIVILEGED = 1, /* attributes that only root may set are ours to set */
    SYNC = 2,       /* each file is durable before it gets its name */
};

/* What has become of a job. */
enum { DONE = 0, HANDED_BACK = 1, STOPPED = 2 };

enum { MASTER = 0, SLAVE = 1 };

enum {
    /* Jobs and pairs of directories that may wait before the caller is told to. */
    MOST_JOBS = 4096,
    MOST_GROUPS = 64,
    /* What a thread takes at a time: so many jobs, or so many bytes. */
    CHUNK = 32,
    CHUNK_BYTES = 1 << 20,
    /* Bytes read and written at a time. */
    PIECE = 1 << 18,
    /* Less than this is copied as quickly by reading and writing. */
    WORTH_A_CALL = 1 << 17,
    /* Copied at a time within the kernel: between two of them the copier can be stopped. */
    STEP = 16 << 20,
    /* Nanoseconds; file times go by the kernel's clock ticks. */
    TICK = 20 * 1000 * 1000,
    MOST_ROUTES = 4,
};

/* As src/files/native-copy.ts writes it; then the three names, each with its NUL. */
struct job {
    uint32_t length; /* of all of it, a multiple of 8 */
    uint32_t id;
    uint32_t replaced; /* the type that stands under the name (S_IFMT), or 0 when none does */
    uint32_t mode, uid, gid;
    int64_t size;
    int64_t mtime, ctime;
    uint32_t mtime_ns, ctime_ns;
    int64_t wanted_mtime;
    uint32_t wanted_mtime_ns;
    uint32_t wanted_mode, wanted_uid, wanted_gid;
    uint32_t target, temporary; /* where these names begin in `names` */
    char names[];
};

struct result {
    uint32_t id, status;
    uint64_t inode;
    uint32_t device_major, device_minor;
};

/* The jobs of a pair of directories. */
struct group {
    struct group *next;
    unsigned users; /* threads that are at it, and the queue */
    int fds[2];
    int nameless; /* files can be made without a name here */
    size_t at, length;
    unsigned char jobs[];
};

struct copier {
    unsigned options;
    atomic_int stopping;
    pthread_mutex_t lock;
    pthread_cond_t work, output;
    struct group *first, **last;
    size_t groups; /* that are not closed */
    size_t jobs;   /* that have no result yet */
    int draining;  /* the caller waits for all of them */
    struct result *results;
    size_t count, room;
    struct worker *workers;
    unsigned char *buffers;
    unsigned threads;
};

/* What two file systems cannot do. */
struct route {
    dev_t from, to;
    int no_clone, no_range;
};

struct worker {
    pthread_t thread;
    struct copier *copier;
    unsigned char *buffer;
    atomic_int_least64_t under_way; /* bytes of the file at hand that are copied */
    int umask_is_ours;
    struct route routes[MOST_ROUTES];
    unsigned used;
};

/* ---- contents ---- */

static struct route *route_of(struct worker *worker, const struct stat *from, const struct stat *to)
{
    struct route *route;
    for (unsigned i = 0; i < worker->used && i < MOST_ROUTES; i++)
        if (worker->routes[i].from == from->st_dev && worker->routes[i].to == to->st_dev)
            return &worker->routes[i];
    route = &worker->routes[worker->used++ % MOST_ROUTES];
    *route = (struct route){from->st_dev, to->st_dev, 0, 0};
    return route;
}

/* Not between these two file systems. */
static int is_never(int error)
{
    return error == EXDEV || error == EOPNOTSUPP || error == ENOTTY || error == ENOSYS;
}

/* Not this pair of files, or not in this way. */
static int is_cannot(int error)
{
    return is_never(error) || error == EINVAL || error == EPERM || error == ETXTBSY;
}

static int is_stopped(const struct worker *worker)
{
    return atomic_load_explicit(&worker->copier->stopping, memory_order_relaxed);
}

static void came_on(struct worker *worker, int64_t bytes)
{
    atomic_fetch_add_explicit(&worker->under_way, bytes, memory_order_relaxed);
}

static int read_and_write(struct worker *worker, int from, int to, off_t at, off_t end)
{
    while (at < end) {
        size_t wanted = end - at < PIECE ? (size_t)(end - at) : PIECE;
        ssize_t got = pread(from, worker->buffer, wanted, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || is_stopped(worker))
            return -1;
        for (ssize_t written = 0; written < got;) {
            ssize_t done =
                pwrite(to, worker->buffer + written, (size_t)(got - written), at + written);
            if (done < 0 && errno == EINTR)
                continue;
            if (done <= 0)
                return -1;
            written += done;
        }
        at += got;
        came_on(worker, got);
    }
    return 0;
}

static int copy_range(struct worker *worker, struct route *route, int from, int to, off_t at,
                      off_t end)
{
    while (at < end && end - at >= WORTH_A_CALL && !route->no_range) {
        off_t in = at, out = at;
        ssize_t done =
            copy_file_range(from, &in, to, &out, end - at < STEP ? (size_t)(end - at) : STEP, 0);
        if (is_stopped(worker))
            return -1;
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && !is_cannot(errno))
            return -1;
        if (done < 0)
            route->no_range = is_never(errno);
        /* some file systems say 0 where they cannot */
        if (done <= 0)
            break;
        at += done;
        came_on(worker, done);
    }
    return read_and_write(worker, from, to, at, end);
}

/* @returns `size` when there is no such place, -1 for an error */
static off_t seek(int fd, off_t at, int whence, off_t size)
{
    off_t found = lseek(fd, at, whence);
    if (found < 0 && errno == ENXIO)
        return size;
    /* a file system that knows of no holes */
    if (found < 0 && (errno == EINVAL || errno == EOPNOTSUPP))
        return whence == SEEK_DATA ? at : size;
    return found < size ? found : size;
}

static int copy_contents(struct worker *worker, int from, int to, const struct stat *source,
                         const struct stat *target)
{
    struct route *route = route_of(worker, source, target);
    off_t size = source->st_size, start, end = 0;
    if (size == 0)
        return 0;
    if (!route->no_clone) {
        struct stat made;
        if (ioctl(to, FICLONE, from) == 0)
            /* a clone has all of the file, however long it is by now */
            return fstat(to, &made) < 0 || made.st_size != size ? -1 : 0;
        if (!is_cannot(errno))
            return -1;
        route->no_clone = is_never(errno);
    }
    /* most files have no holes: asking where the first is tells that at once */
    for (start = 0; start < size; start = seek(from, end, SEEK_DATA, size)) {
        if (start < end)
            return -1;
        end = seek(from, start, SEEK_HOLE, size);
        if (end < start || copy_range(worker, route, from, to, start, end) < 0)
            return -1;
        if (end == size)
            return 0;
    }
    return ftruncate(to, size);
}

/* ---- one file ---- */

static int same_time(const struct timespec *time, int64_t seconds, uint32_t nanoseconds)
{
    return time->tv_sec == seconds && time->tv_nsec == (long)nanoseconds;
}

/* Whether it is the file that was planned for, and has not been written to since. */
static int is_planned(const struct stat *found, const struct job *job)
{
    return found->st_mode == job->mode && found->st_uid == job->uid && found->st_gid == job->gid &&
           found->st_size == job->size && same_time(&found->st_mtim, job->mtime, job->mtime_ns) &&
           same_time(&found->st_ctim, job->ctime, job->ctime_ns);
}

/* Whether another change would not show: as long as the clock shows the time of the last. */
static int is_recent(const struct stat *found)
{
    struct timespec now;
    int64_t age;
    clock_gettime(CLOCK_REALTIME, &now);
    age = now.tv_sec - found->st_mtim.tv_sec;
    if (age < -1 || age > 1)
        return 0;
    age = age * 1000000000 + now.tv_nsec - found->st_mtim.tv_nsec;
    return age < TICK && age > -TICK;
}

/* Whether it has attributes that nobody wants it to have: inherited ones. */
static int has_attributes(int fd, int privileged)
{
    char names[1 << 12];
    ssize_t length = flistxattr(fd, names, sizeof names);
    if (length < 0)
        return errno != EOPNOTSUPP && errno != ENOSYS;
    for (ssize_t at = 0; at < length; at += (ssize_t)strlen(names + at) + 1)
        if (is_carried(names + at, privileged))
            return 1;
    return 0;
}

/* Owner, mode and time, in the order in which none undoes another. */
static int give_metadata(const struct worker *worker, int to, const struct job *job,
                         const struct stat *made)
{
    struct timespec times[2] = {
        {0, UTIME_OMIT},
        {(time_t)job->wanted_mtime, (long)job->wanted_mtime_ns},
    };
    uid_t uid = job->wanted_uid == made->st_uid ? (uid_t)-1 : job->wanted_uid;
    gid_t gid = job->wanted_gid == made->st_gid ? (gid_t)-1 : job->wanted_gid;
    if ((uid != (uid_t)-1 || gid != (gid_t)-1) && fchown(to, uid, gid) < 0)
        return -1;
    if (has_attributes(to, (worker->copier->options & PRIVILEGED) != 0))
        return -1;
    if ((made->st_mode & 07777) != job->wanted_mode && fchmod(to, job->wanted_mode) < 0)
        return -1;
    return futimens(to, times);
}

/* Everything but the name. */
static int fill_file(struct worker *worker, int from, int to, const struct job *job,
                     const struct stat *source, struct stat *made)
{
    struct stat after;
    if (fstat(to, made) < 0 || copy_contents(worker, from, to, source, made) < 0 ||
        fstat(from, &after) < 0 || !is_planned(&after, job) ||
        give_metadata(worker, to, job, made) < 0)
        return -1;
    return worker->copier->options & SYNC ? fsync(to) : 0;
}

/* Gives a file that has none its name, which must be free. */
static int link_nameless(int fd, int dir, const char *name)
{
    char path[40] = "/proc/self/fd/", digits[12];
    size_t at = sizeof digits;
    if (linkat(fd, "", dir, name, AT_EMPTY_PATH) == 0)
        return 0;
    /* this way is for root */
    if (errno != ENOENT && errno != EPERM)
        return -1;
    digits[--at] = 0;
    do
        digits[--at] = (char)('0' + fd % 10);
    while ((fd /= 10) > 0);
    strcat(path, digits + at);
    return linkat(AT_FDCWD, path, dir, name, AT_SYMLINK_FOLLOW);
}

/* Only what was planned is replaced. */
static int rename_over(int dir, const char *temporary, const char *name, unsigned replaced)
{
    struct stat standing;
    if (replaced == 0)
        return renameat2(dir, temporary, dir, name, RENAME_NOREPLACE);
    if (fstatat(dir, name, &standing, AT_SYMLINK_NOFOLLOW) < 0 ||
        (standing.st_mode & S_IFMT) != replaced)
        return -1;
    return renameat2(dir, temporary, dir, name, 0);
}

/* Without a name until it is complete: it is the file system's affair to leave nothing of it. */
static int copy_nameless(struct worker *worker, const struct group *group, const struct job *job,
                         int from, const struct stat *source, struct stat *made)
{
    int dir = group->fds[SLAVE], status;
    /* nobody else can open it, and set-id bits come after the owner */
    mode_t mode = worker->umask_is_ours ? job->wanted_mode & 0777 : 0600;
    int to = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
    if (to < 0)
        return -1;
    status = fill_file(worker, from, to, job, source, made);
    if (status == 0)
        status = link_nameless(to, dir, job->names + job->target);
    close(to);
    return status;
}

static int copy_named(struct worker *worker, const struct group *group, const struct job *job,
                      int from, const struct stat *source, struct stat *made)
{
    const char *temporary = job->names + job->temporary, *name = job->names + job->target;
    int dir = group->fds[SLAVE], status;
    int to = openat(dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return -1;
    status = fill_file(worker, from, to, job, source, made);
    /* a file server may find only now that it has no room */
    if (close(to) < 0)
        status = -1;
    if (status == 0)
        status = rename_over(dir, temporary, name, job->replaced);
    if (status < 0)
        unlinkat(dir, temporary, 0);
    return status;
}

static int open_source(int dir, const char *name)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(dir, name, flags | O_NOATIME);
    /* only the owner may look without leaving a trace */
    return fd < 0 && errno == EPERM ? openat(dir, name, flags) : fd;
}

static struct result carry_out(struct worker *worker, const struct group *group,
                               const struct job *job)
{
    struct result result = {job->id, HANDED_BACK, 0, 0, 0};
    struct stat source, made;
    int status = -1, from;
    if (is_stopped(worker)) {
        result.status = STOPPED;
        return result;
    }
    from = open_source(group->fds[MASTER], job->names);
    if (from < 0)
        return result;
    if (fstat(from, &source) == 0 && is_planned(&source, job) && !is_recent(&source))
        status = group->nameless && job->replaced == 0
                     ? copy_nameless(worker, group, job, from, &source, &made)
                     : copy_named(worker, group, job, from, &source, &made);
    close(from);
    atomic_store_explicit(&worker->under_way, 0, memory_order_relaxed);
    if (status == 0)
        result = (struct result){job->id, DONE, made.st_ino, major(made.st_dev),
                                 minor(made.st_dev)};
    else if (is_stopped(worker))
        result.status = STOPPED;
    return result;
}

/* ---- threads ---- */

/* Under the lock. */
static void leave(struct copier *copier, struct group *group)
{
    if (--group->users > 0)
        return;
    close(group->fds[MASTER]);
    close(group->fds[SLAVE]);
    free(group);
    copier->groups--;
}

static const struct job *job_at(const struct group *group, size_t at)
{
    return (const void *)(group->jobs + at);
}

/* How far a thread goes in the group; sets where it begins. Under the lock. */
static size_t take(struct copier *copier, struct group *group, size_t *start)
{
    int64_t bytes = 0;
    *start = group->at;
    for (int jobs = 0; jobs < CHUNK && bytes < CHUNK_BYTES && group->at < group->length; jobs++) {
        const struct job *job = job_at(group, group->at);
        bytes += job->size;
        group->at += job->length;
    }
    if (group->at < group->length)
        group->users++;
    else {
        /* the thread has the queue's place among the users */
        copier->first = group->next;
        if (copier->first == NULL)
            copier->last = &copier->first;
    }
    return group->at;
}

/* Whether the caller, who waits, has something to do. Under the lock. */
static int is_worth_waking(const struct copier *copier)
{
    if (copier->draining)
        return copier->jobs == 0;
    return copier->jobs <= MOST_JOBS / 2 && copier->groups <= MOST_GROUPS / 2;
}

static void work(struct worker *worker)
{
    struct copier *copier = worker->copier;
    struct result results[CHUNK];
    pthread_mutex_lock(&copier->lock);
    for (;;) {
        struct group *group = copier->first;
        size_t at, end, count = 0;
        if (group == NULL) {
            if (is_stopped(worker))
                break;
            pthread_cond_wait(&copier->work, &copier->lock);
            continue;
        }
        end = take(copier, group, &at);
        pthread_mutex_unlock(&copier->lock);
        for (; at < end; at += job_at(group, at)->length)
            results[count++] = carry_out(worker, group, job_at(group, at));
        pthread_mutex_lock(&copier->lock);
        /* there is room: see xh_copy_submit() */
        memcpy(copier->results + copier->count, results, count * sizeof *results);
        copier->count += count;
        copier->jobs -= count;
        leave(copier, group);
        if (is_worth_waking(copier))
            pthread_cond_signal(&copier->output);
    }
    pthread_mutex_unlock(&copier->lock);
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    /* a umask of this thread's own */
    worker->umask_is_ours = unshare(CLONE_FS) == 0;
    if (worker->umask_is_ours)
        umask(0);
    work(worker);
    return NULL;
}

/* ---- for the caller ---- */

int xh_copy_version(void)
{
    return VERSION;
}

static void free_copier(struct copier *copier)
{
    free(copier->workers);
    free(copier->buffers);
    free(copier->results);
    pthread_mutex_destroy(&copier->lock);
    pthread_cond_destroy(&copier->work);
    pthread_cond_destroy(&copier->output);
    free(copier);
}

static void start_threads(struct copier *copier, unsigned wanted)
{
    sigset_t all, before;
    /* signals are for the caller's threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; copier->threads < wanted; copier->threads++) {
        struct worker *worker = &copier->workers[copier->threads];
        worker->copier = copier;
        worker->buffer = copier->buffers + (size_t)copier->threads * PIECE;
        if (pthread_create(&worker->thread, NULL, run, worker) != 0)
            break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* A copier with so many threads; NULL when it cannot be. */
struct copier *xh_copy_open(unsigned threads, unsigned options)
{
    struct copier *copier = calloc(1, sizeof *copier);
    pthread_condattr_t monotonic;
    if (copier == NULL)
        return NULL;
    copier->options = options;
    copier->last = &copier->first;
    pthread_mutex_init(&copier->lock, NULL);
    pthread_cond_init(&copier->work, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&copier->output, &monotonic);
    pthread_condattr_destroy(&monotonic);
    copier->workers = calloc(threads, sizeof *copier->workers);
    copier->buffers = malloc((size_t)threads * PIECE);
    if (copier->workers != NULL && copier->buffers != NULL)
        start_threads(copier, threads);
    if (copier->threads == 0) {
        free_copier(copier);
        return NULL;
    }
    return copier;
}

/*
 * Where a file can be made without a name, and close(2), which comes after it gets one, has nothing
 * to say: local file systems.
 */
static int takes_nameless(int dir)
{
    struct statfs found;
    if (fstatfs(dir, &found) < 0)
        return 0;
    switch ((unsigned long)found.f_type) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
        return 1;
    default:
        return 0;
    }
}

/* Between which directories files are copied. */
struct ends {
    int roots[2];
    const char *ways[2];
    const uint64_t *identity;
};

/* The directory at the end of a way from a root, a name at a time, so that no link is followed. */
static int open_way(int root, const char *way)
{
    int at = fcntl(root, F_DUPFD_CLOEXEC, 0);
    while (at >= 0 && *way) {
        char name[NAME_MAX + 1];
        size_t length = strcspn(way, "/");
        int next = -1;
        if (length <= NAME_MAX) {
            memcpy(name, way, length);
            name[length] = 0;
            next = openat(at, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        }
        close(at);
        at = next;
        way += length + (way[length] == '/');
    }
    return at;
}

/* Whether it is the directory that it was: its inode, and the numbers of its device. */
static int is_directory(int fd, const uint64_t *identity)
{
    struct stat found;
    return fstat(fd, &found) == 0 && found.st_ino == identity[0] &&
           major(found.st_dev) == identity[1] && minor(found.st_dev) == identity[2];
}

static struct group *new_group(const struct ends *ends, const void *jobs, size_t length)
{
    struct group *group = malloc(sizeof *group + length);
    if (group == NULL)
        return NULL;
    *group = (struct group){.users = 1, .length = length};
    memcpy(group->jobs, jobs, length);
    for (int side = MASTER; side <= SLAVE; side++)
        group->fds[side] = open_way(ends->roots[side], ends->ways[side]);
    if (group->fds[MASTER] >= 0 && group->fds[SLAVE] >= 0 &&
        is_directory(group->fds[SLAVE], ends->identity)) {
        group->nameless = takes_nameless(group->fds[SLAVE]);
        return group;
    }
    for (int side = MASTER; side <= SLAVE; side++)
        if (group->fds[side] >= 0)
            close(group->fds[side]);
    free(group);
    return NULL;
}

/*
 * Files to be copied from one directory to another, each told by a way from an open root; the second
 * is the one of that identity.
 * Returns 1; or 0 when these are taken but the caller should wait for results before he has more; or
 * -1 when they are not taken.
 */
int xh_copy_submit(struct copier *copier, int master, const char *from, int slave, const char *to,
                   const uint64_t identity[3], const void *jobs, size_t length, uint32_t count)
{
    struct ends ends = {{master, slave}, {from, to}, identity};
    struct group *group = new_group(&ends, jobs, length);
    int status = -1;
    if (group == NULL)
        return -1;
    pthread_mutex_lock(&copier->lock);
    copier->groups++;
    /* so that no result is ever lost for want of memory */
    if (atomic_load(&copier->stopping) ||
        grow(&copier->results, &copier->room, copier->count + copier->jobs + count,
             sizeof *copier->results) < 0)
        leave(copier, group);
    else {
        copier->jobs += count;
        *copier->last = group;
        copier->last = &group->next;
        pthread_cond_broadcast(&copier->work);
        status = copier->jobs < MOST_JOBS && copier->groups < MOST_GROUPS;
    }
    pthread_mutex_unlock(&copier->lock);
    return status;
}

/*
 * Waits until there is room for more, or, when the caller drains, until all is done; or the time is
 * up. Then hands over what has become of jobs: returns of how many.
 */
size_t xh_copy_results(struct copier *copier, struct result *results, size_t room, int milliseconds,
                       int draining)
{
    struct timespec until;
    size_t count;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += milliseconds * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&copier->lock);
    copier->draining = draining;
    while (!is_worth_waking(copier))
        if (pthread_cond_timedwait(&copier->output, &copier->lock, &until) != 0)
            break;
    count = copier->count < room ? copier->count : room;
    memcpy(results, copier->results, count * sizeof *results);
    copier->count -= count;
    memmove(copier->results, copier->results + count, copier->count * sizeof *results);
    pthread_mutex_unlock(&copier->lock);
    return count;
}

/* How many bytes are copied of files that are not complete. */
int64_t xh_copy_under_way(struct copier *copier)
{
    int64_t bytes = 0;
    for (unsigned i = 0; i < copier->threads; i++)
        bytes += atomic_load_explicit(&copier->workers[i].under_way, memory_order_relaxed);
    return bytes;
}

/* Nothing more is begun, and what is half done is given up; there are results of all jobs still. */
void xh_copy_stop(struct copier *copier)
{
    atomic_store(&copier->stopping, 1);
    pthread_mutex_lock(&copier->lock);
    pthread_cond_broadcast(&copier->work);
    pthread_mutex_unlock(&copier->lock);
}

void xh_copy_close(struct copier *copier)
{
    xh_copy_stop(copier);
    for (unsigned i = 0; i < copier->threads; i++)
        pthread_join(copier->workers[i].thread, NULL);
    free_copier(copier);
}
