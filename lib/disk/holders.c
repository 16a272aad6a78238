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

static DIR *open_proc_dir(int at, const char *path)
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
	DIR *d = open_proc_dir(process, "fd");
	struct dirent *entry;
	bool found = false;

	while (d && !found && (entry = readdir(d)))
		found = entry->d_name[0] != '.' && lies_on(dirfd(d), entry->d_name, dev);
	if (d) closedir(d);
	return found;
}

/* Which processes to find. */
struct search {
	struct arena *m;
	const struct stat *st;
	const char *unit;
	bool (*match)(const struct search *s, int process);
};

static bool uses_device(const struct search *s, int process)
{
	dev_t dev = s->st->st_dev;

	return lies_on(process, "cwd", dev) || lies_on(process, "root", dev) ||
	       lies_on(process, "exe", dev) || has_open(process, dev);
}

/* A cgroup is a path: "0::/system.slice/jlmkr-web.service/payload". */
static bool is_of_unit(const struct search *s, int process)
{
	const char *text = read_file(s->m, process, "cgroup", 64 << 10, NULL, NULL), *at;
	size_t n = strlen(s->unit);

	for (at = text; at && (at = strstr(at, s->unit)); at++)
		if (at > text && at[-1] == '/' && (at[n] == '/' || at[n] == '\n')) return true;
	return false;
}

static bool is_rooted(const struct search *s, int process)
{
	struct stat st;

	if (fstatat(process, "root", &st, 0) < 0) return false;
	return same_file(&st, s->st) && !is_of_unit(s, process);
}

static void add_name(struct arena *m, struct str *names, int process, const char *pid)
{
	char *comm = read_file(m, process, "comm", 4096, NULL, NULL);

	if (!comm) return;
	comm[strcspn(comm, "\n")] = 0;
	str_addf(names, "%s%s (process %s)", names->len ? ", " : "", comm, pid);
}

static const char *name_matches(const struct search *s)
{
	struct str names = { .m = s->m };
	DIR *proc = open_proc_dir(AT_FDCWD, "/proc");
	struct dirent *entry;
	int found = 0;

	while (proc && found < NAMED_MAX && (entry = readdir(proc))) {
		int process;

		if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name)) continue;
		if (atoi(entry->d_name) == getpid()) continue;
		process = openat(dirfd(proc), entry->d_name,
		                 O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (process < 0) continue;
		if (s->match(s, process)) {
			add_name(s->m, &names, process, entry->d_name);
			found++;
		}
		close(process);
	}
	if (proc) closedir(proc);
	return str_text(&names);
}

const char *holders_of(struct arena *m, const char *point)
{
	struct stat st;
	const struct search s = { .m = m, .st = &st, .match = uses_device };

	if (stat(point, &st) < 0) st.st_dev = 0;
	return name_matches(&s);
}

const char *holders_rooted(struct arena *m, const struct stat *dir, const char *unit)
{
	const struct search s = { .m = m, .st = dir, .unit = unit, .match = is_rooted };

	return name_matches(&s);
}
