/* Objects that are to be told of although they are the same on both sides: src/files/scan-filter.ts. */
#ifndef XH_FILTER_H
#define XH_FILTER_H

#include <stddef.h>
#include <stdint.h>

struct filter;

/* NULL without memory. `bytes` is not needed any more afterwards. */
struct filter *open_filter(const unsigned char *bytes, size_t length);
void close_filter(struct filter *filter);

/* What is known of all names in one directory. */
struct scene {
    const struct filter *filter;
    int all;          /* every one is of interest */
    const char *path; /* of the directory, with a slash behind it, or empty for the root */
    size_t length;
    uint64_t hash;    /* of `path` */
    uint32_t prefix;  /* where it leads among prefixes, or 0 */
    uint32_t *infixes; /* where texts that begin in it may go on */
    size_t infix_count, infix_room;
};

/* @returns -1 without memory */
int set_scene(struct scene *scene, const struct filter *filter, const char *path);
int is_of_interest(const struct scene *scene, const char *name, const int32_t *row);

#endif
