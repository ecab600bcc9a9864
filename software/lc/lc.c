/* lc: list a directory by category, in columns. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum category { DIRECTORIES, FILES, LINKS, PIPES, SOCKETS, DEVICES, CATEGORIES };

static const char *const titles[CATEGORIES] = {
    "Directories", "Files", "Symbolic links", "Pipes", "Sockets", "Devices",
};

struct list {
    char **names;
    size_t count, room;
};

static void *checked(void *memory)
{
    if (memory == NULL) {
        perror("lc");
        exit(2);
    }
    return memory;
}

static void add(struct list *list, const char *name)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 64;
        list->names = checked(realloc(list->names, list->room * sizeof *list->names));
    }
    list->names[list->count++] = checked(strdup(name));
}

static int by_name(const void *one, const void *other)
{
    return strcmp(*(char *const *)one, *(char *const *)other);
}

static enum category category_of(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return DIRECTORIES;
    case S_IFLNK:
        return LINKS;
    case S_IFIFO:
        return PIPES;
    case S_IFSOCK:
        return SOCKETS;
    case S_IFBLK:
    case S_IFCHR:
        return DEVICES;
    default:
        return FILES;
    }
}

static unsigned terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

/* Names from top to bottom, then from left to right. */
static void print_columns(const struct list *list, unsigned width)
{
    size_t widest = 0, columns, rows;
    for (size_t i = 0; i < list->count; i++) {
        size_t length = strlen(list->names[i]);
        if (length > widest)
            widest = length;
    }
    columns = (width - 4) / (widest + 2);
    if (columns == 0)
        columns = 1;
    rows = (list->count + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++) {
        fputs("    ", stdout);
        for (size_t i = row; i < list->count; i += rows) {
            if (i + rows < list->count)
                printf("%-*s", (int)widest + 2, list->names[i]);
            else
                fputs(list->names[i], stdout);
        }
        putchar('\n');
    }
}

static int list_directory(const char *path, int all, int titled)
{
    struct list lists[CATEGORIES] = {{0}};
    struct dirent *entry;
    DIR *directory = opendir(path);
    int printed = 0;
    if (directory == NULL) {
        fprintf(stderr, "lc: %s: %s\n", path, strerror(errno));
        return 1;
    }
    while ((entry = readdir(directory)) != NULL) {
        struct stat status;
        if (entry->d_name[0] == '.' && !all)
            continue;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0)
            add(&lists[category_of(status.st_mode)], entry->d_name);
    }
    closedir(directory);
    if (titled)
        printf("%s:\n", path);
    for (int category = 0; category < CATEGORIES; category++) {
        struct list *list = &lists[category];
        if (list->count == 0)
            continue;
        qsort(list->names, list->count, sizeof *list->names, by_name);
        printf("%s%s:\n", printed++ ? "\n" : "", titles[category]);
        print_columns(list, terminal_width());
        for (size_t i = 0; i < list->count; i++)
            free(list->names[i]);
        free(list->names);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int all = 0, option, failed = 0;
    while ((option = getopt(argc, argv, "a")) != -1) {
        if (option != 'a') {
            fputs("usage: lc [-a] [directory ...]\n", stderr);
            return 2;
        }
        all = 1;
    }
    if (optind == argc)
        return list_directory(".", all, 0);
    for (int i = optind; i < argc; i++) {
        if (i > optind)
            putchar('\n');
        failed |= list_directory(argv[i], all, argc - optind > 1);
    }
    return failed;
}
