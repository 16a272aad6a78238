/* Who keeps a file system from being unmounted, or has a directory as its root
 *
 * By what /proc shows of each process: its working directory, its root, its program and
 * its open files. Only for sentences about something that failed: incomplete, because
 * mounts of other namespaces and mapped files are not looked for.
 */
#ifndef DISK_HOLDERS_H
#define DISK_HOLDERS_H

struct arena;
struct stat;

/* "nano (process 12), bash (process 3)": the first three who use the file system that
 * is mounted at `point`; "" when nobody does. */
const char *holders_of(struct arena *m, const char *point);

/* The same of those whose root directory this is, but for the processes of the service
 * `unit`. */
const char *holders_rooted(struct arena *m, const struct stat *dir, const char *unit);

#endif
