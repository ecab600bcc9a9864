/* Whatever the bytes are, nothing is read beyond them, and no name comes out that leads elsewhere. */
#include "index.h"

#include <string.h>
#include <sys/stat.h>

/* The first byte of a directory. */
enum { UNREADABLE = 0, LISTING = 1 };

/* In the head of an object: what need not be said. */
enum {
    SAME_BITS = 1 << 4,
    SAME_UID = 1 << 5,
    SAME_GID = 1 << 6,
    ONE_LINK = 1 << 7,
    ROOT_DEVICE = 1 << 8,
    SAME_MTIME = 1 << 9,
    SAME_ATIME = 1 << 10,
};

struct reader {
    const unsigned char *at, *end;
    int failed;
};

static uint64_t number(struct reader *reader)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        unsigned char byte;
        if (reader->at == reader->end)
            break;
        byte = *reader->at++;
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return value;
    }
    reader->failed = 1;
    return 0;
}

static int64_t difference(struct reader *reader)
{
    uint64_t value = number(reader);
    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static const unsigned char *bytes(struct reader *reader, uint64_t length)
{
    const unsigned char *from = reader->at;
    if (length > (uint64_t)(reader->end - reader->at)) {
        reader->failed = 1;
        return NULL;
    }
    reader->at += length;
    return from;
}

/* Whether `text` is `count` strings, each with its NUL. */
static int is_strings(const unsigned char *text, uint64_t length, uint64_t count)
{
    uint64_t found = 0;
    for (const unsigned char *at = text, *end = text + length; at < end; found++) {
        at = memchr(at, 0, (size_t)(end - at));
        if (at == NULL)
            return 0;
        at++;
    }
    return found == count;
}

static int is_name(const char *name)
{
    if (name[0] == 0 || (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))))
        return 0;
    return strchr(name, '/') == NULL;
}

static int read_names(struct reader *reader, uint64_t count, struct list *list)
{
    uint64_t length = number(reader);
    const unsigned char *names = bytes(reader, length);
    if (reader->failed || !is_strings(names, length, count) || room_for(list, count) < 0 ||
        grow(&list->names, &list->names_room, length, 1) < 0)
        return -1;
    list->count = count;
    list->names_length = length;
    if (count > 0)
        memcpy(list->names, names, length);
    for (size_t i = 0, at = 0; i < count; i++) {
        if (!is_name(list->names + at))
            return -1;
        list->start[i] = (uint32_t)at;
        at += strlen(list->names + at) + 1;
    }
    return 0;
}

static void wide(int32_t *row, int at, uint64_t value)
{
    row[at] = (int32_t)(uint32_t)value;
    row[at + 1] = (int32_t)(uint32_t)(value >> 32);
}

struct moment {
    uint64_t seconds;
    uint32_t nanoseconds;
};

static void read_time(struct reader *reader, int is_same, struct moment *last, int32_t *row, int at)
{
    if (!is_same) {
        last->seconds += (uint64_t)difference(reader);
        last->nanoseconds = (uint32_t)number(reader);
    }
    wide(row, at, last->seconds);
    row[at + 2] = (int32_t)last->nanoseconds;
}

static void read_rows(struct reader *reader, const int32_t *root, struct list *list)
{
    uint32_t bits = 0, uid = 0, gid = 0;
    uint64_t inode = 0;
    struct moment mtime = {0, 0}, atime = {0, 0};
    for (size_t i = 0; i < list->count && !reader->failed; i++) {
        int32_t *row = list->rows + i * STRIDE;
        const unsigned char *start = bytes(reader, 2);
        unsigned head, type;
        if (start == NULL)
            return;
        memset(row, 0, STRIDE * sizeof *row);
        head = start[0] | (unsigned)start[1] << 8;
        type = (head & 15) << 12;
        if (!(head & SAME_BITS))
            bits = (uint32_t)number(reader) & 07777;
        if (!(head & SAME_UID))
            uid = (uint32_t)number(reader);
        if (!(head & SAME_GID))
            gid = (uint32_t)number(reader);
        row[MODE] = (int32_t)(type | bits);
        row[UID] = (int32_t)uid;
        row[GID] = (int32_t)gid;
        row[LINKS] = head & ONE_LINK ? 1 : (int32_t)number(reader);
        inode += (uint64_t)difference(reader);
        wide(row, INODE, inode);
        wide(row, SIZE, number(reader));
        row[DEVICE_MAJOR] = head & ROOT_DEVICE ? root[DEVICE_MAJOR] : (int32_t)number(reader);
        row[DEVICE_MINOR] = head & ROOT_DEVICE ? root[DEVICE_MINOR] : (int32_t)number(reader);
        if (type == S_IFBLK || type == S_IFCHR) {
            row[MAJOR] = (int32_t)number(reader);
            row[MINOR] = (int32_t)number(reader);
        }
        read_time(reader, head & SAME_MTIME, &mtime, row, MTIME);
        read_time(reader, head & SAME_ATIME, &atime, row, ATIME);
    }
}

static int read_targets(struct reader *reader, struct list *list)
{
    uint64_t links = 0, length = number(reader);
    const unsigned char *targets = bytes(reader, length);
    size_t at = 0;
    for (size_t i = 0; i < list->count; i++)
        links += ((unsigned)list->rows[i * STRIDE + MODE] & S_IFMT) == S_IFLNK;
    if (reader->failed || !is_strings(targets, length, links) ||
        grow(&list->targets, &list->targets_room, length, 1) < 0)
        return -1;
    list->targets_length = length;
    if (links > 0)
        memcpy(list->targets, targets, length);
    for (size_t i = 0; i < list->count; i++) {
        list->target[i] = 0;
        if (((unsigned)list->rows[i * STRIDE + MODE] & S_IFMT) != S_IFLNK)
            continue;
        list->target[i] = (uint32_t)at + 1;
        at += strlen(list->targets + at) + 1;
    }
    return 0;
}

static int read_attributes(struct reader *reader, struct list *list, int privileged)
{
    uint64_t objects = number(reader), index = 0;
    if (list->count > 0)
        memset(list->attributes, 0, list->count);
    for (uint64_t i = 0; i < objects && !reader->failed; i++) {
        uint64_t pairs;
        index += number(reader);
        pairs = number(reader);
        if (index >= list->count)
            return -1;
        for (uint64_t j = 0; j < pairs && !reader->failed; j++) {
            const unsigned char *name = reader->at;
            const unsigned char *end = memchr(name, 0, (size_t)(reader->end - name));
            if (end == NULL)
                return -1;
            reader->at = end + 1;
            bytes(reader, number(reader));
            list->attributes[index] |= (unsigned char)is_carried((const char *)name, privileged);
        }
    }
    return 0;
}

static uint32_t word(const unsigned char *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

int read_index(const struct index *index, uint32_t number_of, const int32_t *root,
               struct list *list, uint32_t children[2], int privileged)
{
    struct reader reader = {NULL, index->bytes + index->table, 0};
    const unsigned char *entry = index->bytes + index->table + (size_t)number_of * 8;
    uint32_t offset;
    uint64_t count;
    list->count = list->names_length = list->targets_length = 0;
    if (number_of >= index->directories)
        return -1;
    offset = word(entry);
    children[0] = word(entry + 4);
    children[1] = number_of + 1 < index->directories ? word(entry + 12) : index->directories;
    /* each is a child of one directory that stands before it, so that every way down has an end */
    if (offset == 0 || offset >= index->table || children[0] <= number_of ||
        children[1] < children[0] || children[1] > index->directories)
        return -1;
    reader.at = index->bytes + offset;
    if (*reader.at++ != LISTING)
        return -1;
    count = number(&reader);
    /* each takes at least its head, its name, inode, size */
    if (reader.failed || count > (uint64_t)(reader.end - reader.at) / 4 ||
        read_names(&reader, count, list) < 0)
        return -1;
    read_rows(&reader, root, list);
    if (reader.failed || read_targets(&reader, list) < 0 ||
        read_attributes(&reader, list, privileged) < 0)
        return -1;
    /* what could not be looked at is the caller's affair */
    return number(&reader) == 0 && !reader.failed ? 0 : -1;
}
