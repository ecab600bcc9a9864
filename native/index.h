/* Directories out of an index of a master, whose form is that of src/lfu/index/format.ts. */
#ifndef XH_INDEX_H
#define XH_INDEX_H

#include "listing.h"

struct index {
    const unsigned char *bytes;
    size_t length;
    size_t table; /* where the table of directories begins */
    uint32_t directories;
};

/*
 * The listing of directory `number`; `root` is a row with the device that the tree is on by now.
 * The directories in it have the numbers from `children[0]`, in their order, to below `children[1]`.
 * @returns -1 when the index has it only in part, or not at all, or is damaged
 */
int read_index(const struct index *index, uint32_t number, const int32_t *root, struct list *list,
               uint32_t children[2], int privileged);

#endif
