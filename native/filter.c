/*
 * Texts are looked up in a trie: names from their beginning, from their end, or from every byte on;
 * of paths the part that all names of a directory share is gone through once.
 */
#include "filter.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "listing.h"

enum { NAME, NAME_PREFIX, NAME_SUFFIX, NAME_INFIX, PATH, PATH_PREFIX, PATH_SUFFIX, PATH_INFIX, KINDS };
enum { SIZES, LINK_COUNTS, MTIMES, ATIMES, RANGES };

/* One byte of a text. Number 0 is no place; the first one stands before the first byte of all. */
struct place {
    uint32_t child, sibling;
    unsigned char byte, ends;
};

struct trie {
    struct place *places;
    size_t count, room;
    uint32_t first[256]; /* children of the first */
};

struct strings {
    uint64_t *slots; /* hash, position plus one in the lower half */
    size_t size;
    const char *bytes;
};

struct filter {
    char *bytes;
    struct trie tries[KINDS];
    struct strings strings[KINDS]; /* of whole names and paths */
    const uint32_t *ids[2];
    uint32_t id_counts[2];
    const unsigned char *modes;
    const int64_t *ranges[RANGES];
    uint32_t range_counts[RANGES];
};

/* ---- tries ---- */

enum { FIRST = 1 };

static uint32_t step(const struct trie *trie, uint32_t at, unsigned char byte)
{
    uint32_t next = at == FIRST ? trie->first[byte] : trie->places[at].child;
    while (next != 0 && trie->places[next].byte != byte)
        next = trie->places[next].sibling;
    return next;
}

static int add(struct trie *trie, const char *text, size_t length, int backwards)
{
    uint32_t at = FIRST;
    if (grow(&trie->places, &trie->room, trie->count + length + 2, sizeof *trie->places) < 0)
        return -1;
    if (trie->count == 0) {
        memset(trie->places, 0, 2 * sizeof *trie->places);
        trie->count = 2;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[backwards ? length - 1 - i : i];
        uint32_t next = step(trie, at, byte);
        if (next == 0) {
            uint32_t *head = at == FIRST ? &trie->first[byte] : &trie->places[at].child;
            next = (uint32_t)trie->count++;
            trie->places[next] = (struct place){0, *head, byte, 0};
            *head = next;
        }
        at = next;
    }
    trie->places[at].ends = 1;
    return 0;
}

/* Whether a text of the trie stands at the beginning of what comes from `at` on. */
static int begins(const struct trie *trie, uint32_t at, const char *text)
{
    for (; at != 0 && *text; text++) {
        at = step(trie, at, (unsigned char)*text);
        if (at != 0 && trie->places[at].ends)
            return 1;
    }
    return 0;
}

/* The same backwards; `*at` is then where it leads. */
static int ends(const struct trie *trie, uint32_t *at, const char *text, size_t length)
{
    while (*at != 0 && length > 0) {
        *at = step(trie, *at, (unsigned char)text[--length]);
        if (*at != 0 && trie->places[*at].ends)
            return 1;
    }
    return 0;
}

/* ---- whole texts ---- */

static uint64_t hash_on(uint64_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 1099511628211u;
    return hash;
}

static const uint64_t HASH = 14695981039346656037u;

static int fill_strings(struct strings *strings, const char *bytes, uint32_t count)
{
    size_t at = 0;
    strings->size = 16;
    while (strings->size < 2 * (size_t)count)
        strings->size *= 2;
    strings->bytes = bytes;
    strings->slots = calloc(strings->size, sizeof *strings->slots);
    if (strings->slots == NULL)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = hash_on(HASH, bytes + at);
        size_t slot = hash & (strings->size - 1);
        while (strings->slots[slot])
            slot = (slot + 1) & (strings->size - 1);
        strings->slots[slot] = (hash & ~(uint64_t)0xffffffff) | (at + 1);
        at += strlen(bytes + at) + 1;
    }
    return 0;
}

/* Whether `before`, of so many bytes, and `name` make one of the strings. */
static int has(const struct strings *strings, uint64_t hash, const char *before, size_t length,
               const char *name)
{
    if (strings->slots == NULL)
        return 0;
    hash = hash_on(hash, name);
    for (size_t slot = hash & (strings->size - 1); strings->slots[slot];
         slot = (slot + 1) & (strings->size - 1)) {
        const char *text = strings->bytes + (uint32_t)strings->slots[slot] - 1;
        if (strings->slots[slot] >> 32 == hash >> 32 && strncmp(text, before, length) == 0 &&
            strcmp(text + length, name) == 0)
            return 1;
    }
    return 0;
}

/* ---- reading ---- */

static int read_texts(struct filter *filter, int kind, const char *bytes, uint32_t count)
{
    int whole = kind == NAME || kind == PATH;
    int backwards = kind == NAME_SUFFIX || kind == PATH_SUFFIX;
    if (count == 0)
        return 0;
    if (whole)
        return fill_strings(&filter->strings[kind], bytes, count);
    for (uint32_t i = 0; i < count; i++) {
        size_t length = strlen(bytes);
        if (add(&filter->tries[kind], bytes, length, backwards) < 0)
            return -1;
        bytes += length + 1;
    }
    return 0;
}

struct filter *open_filter(const unsigned char *bytes, size_t length)
{
    struct filter *filter = calloc(1, sizeof *filter);
    const char *at;
    if (filter == NULL)
        return NULL;
    filter->bytes = malloc(length + 1);
    if (filter->bytes == NULL)
        goto failed;
    memcpy(filter->bytes, bytes, length);
    filter->bytes[length] = 0;
    at = filter->bytes;
    for (int kind = 0; kind < KINDS; kind++) {
        uint32_t counts[2];
        memcpy(counts, at, sizeof counts);
        at += sizeof counts;
        if (read_texts(filter, kind, at, counts[0]) < 0)
            goto failed;
        at += padded(counts[1]);
    }
    for (int i = 0; i < 2; i++) {
        memcpy(&filter->id_counts[i], at, sizeof filter->id_counts[i]);
        filter->ids[i] = (const void *)(at + 8);
        at += padded(8 + 4 * (size_t)filter->id_counts[i]);
    }
    filter->modes = (const void *)at;
    at += 1 << 13;
    for (int i = 0; i < RANGES; i++) {
        memcpy(&filter->range_counts[i], at, sizeof filter->range_counts[i]);
        filter->ranges[i] = (const void *)(at + 8);
        at += 8 + 16 * (size_t)filter->range_counts[i];
    }
    return filter;
failed:
    close_filter(filter);
    return NULL;
}

void close_filter(struct filter *filter)
{
    if (filter == NULL)
        return;
    for (int kind = 0; kind < KINDS; kind++) {
        free(filter->tries[kind].places);
        free(filter->strings[kind].slots);
    }
    free(filter->bytes);
    free(filter);
}

/* ---- asking ---- */

int set_scene(struct scene *scene, const struct filter *filter, const char *path)
{
    const struct trie *prefixes = &filter->tries[PATH_PREFIX];
    const struct trie *infixes = &filter->tries[PATH_INFIX];
    size_t length = strlen(path);
    scene->filter = filter;
    scene->path = path;
    scene->length = length;
    scene->hash = hash_on(HASH, path);
    scene->all = 0;
    scene->infix_count = 0;
    scene->prefix = prefixes->count ? FIRST : 0;
    for (size_t i = 0; i < length && scene->prefix != 0 && !scene->all; i++) {
        scene->prefix = step(prefixes, scene->prefix, (unsigned char)path[i]);
        scene->all = scene->prefix != 0 && prefixes->places[scene->prefix].ends;
    }
    if (infixes->count == 0)
        return 0;
    if (grow(&scene->infixes, &scene->infix_room, length + 1, sizeof *scene->infixes) < 0)
        return -1;
    for (size_t start = 0; start < length && !scene->all; start++) {
        uint32_t at = FIRST;
        for (size_t i = start; i < length && at != 0 && !scene->all; i++) {
            at = step(infixes, at, (unsigned char)path[i]);
            scene->all = at != 0 && infixes->places[at].ends;
        }
        if (at != 0)
            scene->infixes[scene->infix_count++] = at;
    }
    return 0;
}

static int has_id(const struct filter *filter, int which, uint32_t id)
{
    size_t low = 0, high = filter->id_counts[which];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (filter->ids[which][middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < filter->id_counts[which] && filter->ids[which][low] == id;
}

static int64_t wide(const int32_t *row, int at)
{
    return (int64_t)((uint64_t)(uint32_t)row[at] | (uint64_t)(uint32_t)row[at + 1] << 32);
}

static int in_range(const struct filter *filter, int which, int64_t value)
{
    const int64_t *ranges = filter->ranges[which];
    for (uint32_t i = 0; i < filter->range_counts[which]; i++)
        if (ranges[2 * i] <= value && value <= ranges[2 * i + 1])
            return 1;
    return 0;
}

static int has_name(const struct filter *filter, const char *name)
{
    const struct trie *suffixes = &filter->tries[NAME_SUFFIX], *infixes = &filter->tries[NAME_INFIX];
    uint32_t end = FIRST;
    if (has(&filter->strings[NAME], HASH, "", 0, name))
        return 1;
    if (filter->tries[NAME_PREFIX].count && begins(&filter->tries[NAME_PREFIX], FIRST, name))
        return 1;
    if (suffixes->count && ends(suffixes, &end, name, strlen(name)))
        return 1;
    if (infixes->count)
        for (const char *from = name; *from; from++)
            if (begins(infixes, FIRST, from))
                return 1;
    return 0;
}

static int has_path(const struct scene *scene, const char *name)
{
    const struct filter *filter = scene->filter;
    const struct trie *suffixes = &filter->tries[PATH_SUFFIX], *infixes = &filter->tries[PATH_INFIX];
    uint32_t end = FIRST;
    if (scene->all || has(&filter->strings[PATH], scene->hash, scene->path, scene->length, name) ||
        begins(&filter->tries[PATH_PREFIX], scene->prefix, name))
        return 1;
    if (suffixes->count && (ends(suffixes, &end, name, strlen(name)) ||
                            ends(suffixes, &end, scene->path, scene->length)))
        return 1;
    if (infixes->count == 0)
        return 0;
    for (size_t i = 0; i < scene->infix_count; i++)
        if (begins(infixes, scene->infixes[i], name))
            return 1;
    for (const char *from = name; *from; from++)
        if (begins(infixes, FIRST, from))
            return 1;
    return 0;
}

int is_of_interest(const struct scene *scene, const char *name, const int32_t *row)
{
    const struct filter *filter = scene->filter;
    unsigned mode = (unsigned)row[MODE] & 0xffff;
    return filter->modes[mode >> 3] >> (mode & 7) & 1 || has_id(filter, 0, (uint32_t)row[UID]) ||
           has_id(filter, 1, (uint32_t)row[GID]) || in_range(filter, SIZES, wide(row, SIZE)) ||
           in_range(filter, LINK_COUNTS, (uint32_t)row[LINKS]) ||
           in_range(filter, MTIMES, wide(row, MTIME)) ||
           in_range(filter, ATIMES, wide(row, ATIME)) || has_name(filter, name) ||
           has_path(scene, name);
}
