#include "lib/engine/place.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"

static bool is_ours(const struct engine *en, const char *jail, const struct stat *theirs)
{
	AUTOCLOSE int fd = jail_open(en->host->dir, jail, NULL);
	struct stat ours;

	return fd >= 0 && fstat(fd, &ours) == 0 && ours.st_dev == theirs->st_dev &&
	       ours.st_ino == theirs->st_ino;
}

/* The kernel's link leads to the directory itself, whatever it is called by now. */
static const char *of_process(struct engine *en, pid_t pid, struct stat *st)
{
	const char *link = arena_printf(en->m, "/proc/%d/cwd", (int)pid);
	char path[PATH_MAX];
	ssize_t n = readlink(link, path, sizeof path);

	if (n <= 0 || n == (ssize_t)sizeof path || stat(link, st) < 0) return NULL;
	return arena_strndup(en->m, path, (size_t)n);
}

const char *place_elsewhere(struct engine *en, const char *jail, pid_t main_pid, const char *folder)
{
	struct stat st;
	const char *where = main_pid ? of_process(en, main_pid, &st) : NULL;

	if (where) return is_ours(en, jail, &st) ? NULL : where;
	if (!*folder) return NULL;
	return stat(folder, &st) == 0 && is_ours(en, jail, &st) ? NULL : folder;
}

int place_fail(const char *jail, const char *where, struct err *e)
{
	return fail(e, ERR_BUSY, "the %s that runs is another jail, in %s; only one of that name can run",
	            jail, where);
}
