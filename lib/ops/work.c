/* Two locks: that of a hidden directory says that somebody works in it; that of
 * jails/ itself is held for moments, so that nobody sees a hidden directory between
 * its making and its locking. */

#include "lib/ops/work.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/tree.h"
#include "lib/jail/layout.h"

enum { LOCK_WAIT_MS = 10000 };

/* A lock of its own: closing the descriptor that is returned ends it. */
static int lock_jails(int jails, struct err *e)
{
	AUTOCLOSE int fd = openat(jails, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) return fail_sys(e, "open " LAYOUT_JAILS);
	if (lock_take(fd, deadline_in(LOCK_WAIT_MS), "the jailmaker directory", e) < 0) return -1;
	return take_fd(&fd);
}

static int open_dir(int at, const char *name, struct err *e)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s", name) : fd;
}

static int list_litter(int jails, struct words *found, struct err *e)
{
	int fd = openat(jails, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;

	if (!dir) {
		if (fd >= 0) close(fd);
		return fail_sys(e, "open " LAYOUT_JAILS);
	}
	while ((d = readdir(dir)))
		if (layout_is_create(d->d_name) || layout_is_remove(d->d_name))
			words_add(found, d->d_name);
	closedir(dir);
	return 0;
}

/* The lock of an entry that nobody works in, or -1. */
static int claim(int jails, const char *name)
{
	AUTOCLOSE int all = lock_jails(jails, NULL), fd = -1;

	if (all < 0 || (fd = open_dir(jails, name, NULL)) < 0) return -1;
	if (lock_take(fd, now_ms(), name, NULL) < 0) return -1;
	return take_fd(&fd);
}

int work_sweep(struct arena *m, int jails, struct err *e)
{
	struct words litter = { .m = m };
	struct err why = { 0 };

	if (list_litter(jails, &litter, e) < 0) return -1;
	for (size_t i = 0; i < litter.n; i++) {
		AUTOCLOSE int held = claim(jails, litter.v[i]);

		if (held < 0) continue;
		out_verbose("removing %s, which a run that was killed has left", litter.v[i]);
		if (tree_remove(jails, litter.v[i], &why) < 0)
			out_warn("%s stays: %s", litter.v[i], why.text);
		if (check_signal(e) < 0) return -1;
	}
	return 0;
}

static int check_free(int jails, const char *name, struct err *e)
{
	if (faccessat(jails, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0) return 0;
	return fail(e, ERR_EXISTS, "there is a jail %s already", name);
}

int work_begin(struct arena *m, int jails, const char *name, struct err *e)
{
	const char *hidden = layout_create_name(m, name);
	AUTOCLOSE int all = lock_jails(jails, e), work = -1;
	bool made;

	if (all < 0 || check_free(jails, name, e) < 0) return -1;
	made = mkdirat(jails, hidden, 0700) == 0;
	if (!made && errno != EEXIST) return fail_sys(e, "create %s", hidden);
	if ((work = open_dir(jails, hidden, e)) < 0) return -1;
	if (lock_take(work, now_ms(), name, e) < 0) return -1;
	if (!made) return fail(e, ERR_HOST, "%s, left by a run that was killed, is in the way", hidden);
	return take_fd(&work);
}

int work_finish(struct arena *m, int jails, int work, const char *name, struct err *e)
{
	AUTOCLOSE int all = lock_jails(jails, e);

	if (all < 0 || check_free(jails, name, e) < 0 || tree_sync(work, e) < 0) return -1;
	if (renameat(jails, layout_create_name(m, name), jails, name) < 0)
		return fail_sys(e, "rename to %s", name);
	if (fsync(jails) < 0) return fail_sys(e, "fsync " LAYOUT_JAILS);
	return 0;
}

/* A caught signal is why we are here: it must not stop the clearing up. A second one
 * does. */
void work_undo(struct arena *m, int jails, const char *name)
{
	struct err why = { 0 };

	signal_forget();
	if (tree_remove(jails, layout_create_name(m, name), &why) < 0)
		out_warn("what was made of %s is still there, the next create removes it: %s", name,
		         why.text);
}

static const char *move_away(struct arena *m, int jails, const char *name, struct err *e)
{
	AUTOCLOSE int all = lock_jails(jails, e);
	const char *hidden = NULL;

	if (all < 0) return NULL;
	for (unsigned n = 0; n < 1000; n++) {
		hidden = layout_remove_name(m, name, n);
		if (faccessat(jails, hidden, F_OK, AT_SYMLINK_NOFOLLOW) < 0) break;
	}
	if (renameat(jails, name, jails, hidden) < 0)
		return fail_sys(e, "rename %s", name), NULL;
	if (fsync(jails) < 0) return fail_sys(e, "fsync " LAYOUT_JAILS), NULL;
	return hidden;
}

int work_remove(struct arena *m, int jails, const char *name, struct err *e)
{
	AUTOCLOSE int held = open_dir(jails, name, e);
	const char *hidden;

	if (held < 0 || lock_take(held, now_ms(), name, e) < 0) return -1;
	if (!(hidden = move_away(m, jails, name, e))) return -1;
	return tree_remove(jails, hidden, e);
}
