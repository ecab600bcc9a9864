/*
 * A directory whole: its names, what each of them is, link targets, and which have attributes. The
 * form in which it is handed over is that of src/files/pair-scan.ts.
 */
#ifndef XH_LISTING_H
#define XH_LISTING_H

#include <stddef.h>
#include <stdint.h>

/* Offsets in a row of integers, one row for each object; see src/files/listing.ts. */
enum {
    MODE, LINKS, UID, GID, INODE, INODE_HIGH, SIZE, SIZE_HIGH, MTIME, MTIME_HIGH, MTIME_NS,
    MAJOR, MINOR, DEVICE_MAJOR, DEVICE_MINOR, ATIME, ATIME_HIGH, ATIME_NS, CTIME, CTIME_HIGH,
    CTIME_NS, BLOCKS, BLOCKS_HIGH, FLAGS, STRIDE
};

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

/* Makes room for `needed` elements. @returns -1 without memory */
int grow(void *memory, size_t *room, size_t needed, size_t each);
/* Makes room for `count` objects. @returns -1 without memory */
int room_for(struct list *list, size_t count);
void free_list(struct list *list);

/* All of an open directory. `privileged`: attributes of all types of objects are of interest. */
int read_directory(int fd, struct list *list, int privileged);
/* One object. `name` may be empty with AT_EMPTY_PATH among `flags`. */
int stat_row(int fd, const char *name, int flags, int32_t *row);

/* Whether a copy has this attribute too: isCarried of src/files/attributes.ts. */
int is_carried(const char *name, int privileged);

/* Positions of names, plus 1, by a hash of the name. */
struct table {
    uint32_t *slots;
    size_t size, room;
};

int fill_table(struct table *table, const struct list *list);
/* @returns -1 when there is no such name */
long find(const struct table *table, const struct list *list, const char *name);

/* The lengths of the parts of a listing on its way to the caller. */
struct counts {
    uint32_t objects, names_length, targets_length, links, attributes, unused;
};

struct counts counts_of(const struct list *list);
size_t padded(size_t length);
/* About as much as a listing takes when it is packed. */
size_t packed_bound(const struct list *list);
size_t packed_length(const struct counts *counts);
unsigned char *pack(unsigned char *at, const struct list *list, const struct counts *counts);

#endif
