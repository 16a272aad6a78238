/* Find the processes that use a file system, or that have a directory as their root
 *
 * Reads in /proc the working directory, the root, the program and the open files of each
 * process. Only for messages about something that failed, because the result is
 * incomplete: mounts in other namespaces and mapped files are not checked.
 */
#ifndef DISK_HOLDERS_H
#define DISK_HOLDERS_H

struct arena;
struct stat;

/* "nano (process 12), bash (process 3)": the first three processes that use the file system
 * mounted at `point`; "" if there is none. */
const char *holders_of(struct arena *m, const char *point);

/* The same for processes whose root is this directory, except those of the service `unit`. */
const char *holders_rooted(struct arena *m, const struct stat *dir, const char *unit);

#endif
