#include "lib/disk/holders.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"

enum { NAMED_MAX = 3 };

static DIR *open_dir(int at, const char *path)
{
	int fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (!d && fd >= 0) close(fd);
	return d;
}

static bool lies_on(int at, const char *path, dev_t dev)
{
	struct stat st;

	return fstatat(at, path, &st, 0) == 0 && st.st_dev == dev;
}

static bool has_open(int process, dev_t dev)
{
	DIR *d = open_dir(process, "fd");
	struct dirent *entry;
	bool found = false;

	while (d && !found && (entry = readdir(d)))
		found = entry->d_name[0] != '.' && lies_on(dirfd(d), entry->d_name, dev);
	if (d) closedir(d);
	return found;
}

static bool holds(int process, dev_t dev)
{
	return lies_on(process, "cwd", dev) || lies_on(process, "root", dev) ||
	       lies_on(process, "exe", dev) || has_open(process, dev);
}

static void add_name(struct arena *m, struct str *names, int process, const char *pid)
{
	char *comm = read_file(m, process, "comm", 4096, NULL, NULL);

	if (!comm) return;
	comm[strcspn(comm, "\n")] = 0;
	str_addf(names, "%s%s (process %s)", names->len ? ", " : "", comm, pid);
}

const char *holders_of(struct arena *m, const char *point)
{
	struct str names = { .m = m };
	DIR *proc = open_dir(AT_FDCWD, "/proc");
	struct dirent *entry;
	struct stat st;
	int found = 0;

	if (stat(point, &st) < 0) st.st_dev = 0;
	while (proc && found < NAMED_MAX && (entry = readdir(proc))) {
		int process;

		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name)) continue;
		if (atoi(entry->d_name) == getpid()) continue;
		process = openat(dirfd(proc), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0) continue;
		if (holds(process, st.st_dev)) {
			add_name(m, &names, process, entry->d_name);
			found++;
		}
		close(process);
	}
	if (proc) closedir(proc);
	return str_text(&names);
}
