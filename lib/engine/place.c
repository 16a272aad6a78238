#include "lib/engine/place.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"
#include "lib/jail/jail.h"

/* The kernel's link leads to the directory itself, whatever it is called by now. */
static const char *of_process(struct engine *en, pid_t pid, struct stat *st)
{
	const char *link = arena_printf(en->m, "/proc/%d/cwd", (int)pid);
	char path[PATH_MAX];
	ssize_t n = readlink(link, path, sizeof path);

	if (n <= 0 || n == (ssize_t)sizeof path || stat(link, st) < 0) return NULL;
	return arena_strndup(en->m, path, (size_t)n);
}

static bool runs_rootfs(struct engine *en, const struct jail *j, pid_t main_pid)
{
	pid_t leader = process_child(en->m, (uint32_t)main_pid);

	return leader && process_has_rootfs(en->m, j, leader);
}

const char *place_elsewhere(struct engine *en, const struct jail *j, pid_t main_pid,
                            const char *folder)
{
	struct stat st;
	const char *where = main_pid ? of_process(en, main_pid, &st) : NULL;

	/* A newer systemd-nspawn goes there when the jail has users of its own. */
	if (where && str_eq(where, "/")) {
		if (!*folder) return runs_rootfs(en, j, main_pid) ? NULL : where;
		where = NULL;
	}
	if (where) return jail_is(j, &st) ? NULL : where;
	if (!*folder) return NULL;
	return stat(folder, &st) == 0 && jail_is(j, &st) ? NULL : folder;
}

int engine_fail_other(const struct jail *j, const char *where, struct err *e)
{
	return fail(e, ERR_BUSY,
	            "the %s that runs is another jail, in %s; only one of that name can run",
	            j->name, where);
}
