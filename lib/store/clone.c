#include "lib/store/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_below.h"
#include "lib/disk/zfs_items.h"
#include "lib/store/hidden.h"
#include "lib/store/store_impl.h"

#define NOTE ".clone-"

enum { NAME_MS = 2000 };

/* -- the note -- */

static const char *note_of(struct arena *m, const char *name)
{
	return arena_printf(m, NOTE "%s", name);
}

bool clone_is_begun(struct arena *m, int jails, const char *name, struct clone_note *note)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(jails, note_of(m, name), text, sizeof text);
	char *origin;

	if (n <= 0 || (size_t)n == sizeof text) return false;
	text[n] = 0;
	if (!(origin = strchr(text, '/')) || !strchr(origin, '@')) return false;
	*origin++ = 0;
	*note = (struct clone_note){ arena_strdup(m, text), arena_strdup(m, origin) };
	return true;
}

void clone_forget(const struct store *s, const char *name)
{
	struct clone_note note;

	if (clone_is_begun(s->m, s->fd, name, &note)) unlinkat(s->fd, note_of(s->m, name), 0);
}

/* A link is there with its text or not at all. */
static int write_note(const struct clone *c, struct err *e)
{
	struct arena *m = c->jails->m;
	const char *entry = note_of(m, c->name);
	const char *text = arena_printf(m, "%s/%s", c->note.from, c->note.origin);

	/* There is no jail of that name, so one that is left is of none. */
	clone_forget(c->jails, c->name);
	if (symlinkat(text, c->jails->fd, entry) == 0) return 0;
	return fail_sys(e, "create %s/%s", c->jails->path, entry);
}

/* With the lock of the name. A zfs clone that has outlived its run holds that of the store. */
static bool is_without_jail(const struct store *s, const char *name)
{
	AUTOCLOSE int all = store_lock(s, NULL);

	return all >= 0 && faccessat(s->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	       (!s->dataset || zfs_is_gone(store_dataset(s, name)));
}

void clone_sweep(const struct store *s, const char *entry)
{
	const char *name = entry + strlen(NOTE);
	struct clone_note note;
	int alone;

	if (!str_starts(entry, NOTE) || !clone_is_begun(s->m, s->fd, name, &note)) return;
	if ((alone = hidden_lock_name(s->fd, name, now_ms(), NULL)) < 0) return;
	if (is_without_jail(s, name)) clone_forget(s, name);
	hidden_unlock_name(&alone);
}

/* -- the clone -- */

static struct clone clone_of(const struct store *s, const char *name)
{
	return (struct clone){
		.jails = s, .name = name, .dataset = store_dataset(s, name),
		.dir = -1, .alone = -1,
	};
}

/* With mountpoint=legacy and the like, nothing is mounted. */
static int open_clone(struct clone *c, struct err *e)
{
	const struct store *s = c->jails;
	AUTOCLOSE int dir = store_open_entry(s, c->name, NULL);
	const char *mounted = dir < 0 ? NULL : store_mounted(s, dir);

	if (!mounted || !str_eq(mounted, c->dataset))
		return store_fail_not_mounted(c->dataset, e);
	if (fchmod(dir, 0700) < 0) return fail_sys(e, "chmod %s/%s", s->path, c->name);
	c->dir = take_fd(&dir);
	return 0;
}

int clone_begin(const struct store *s, const char *name, const struct clone_note *note,
                struct clone *c, struct err *e)
{
	AUTOCLOSE int all = -1;

	*c = clone_of(s, name);
	c->note = *note;
	if ((c->alone = hidden_lock_name(s->fd, name, deadline_in(NAME_MS), e)) < 0) return -1;
	if ((all = store_lock(s, e)) >= 0 && store_check_free(s, name, e) == 0 &&
	    write_note(c, e) == 0) {
		if (zfs_clone(note->origin, c->dataset, NULL, NULL, e) == 0 &&
		    open_clone(c, e) == 0)
			return 0;
		clone_undo(c);
	}
	clone_close(c);
	return -1;
}

/* The dataset that it was cloned from may have another name by now. */
static bool is_of_note(const char *origin, const struct clone_note *note)
{
	const char *at = strchr(origin, '@');

	return at && str_eq(at, strchr(note->origin, '@'));
}

int clone_find(const struct store *s, const char *name, struct clone *c, struct err *e)
{
	const struct zfs_dataset *d = NULL;
	struct err why = { 0 };
	AUTOCLOSE int all = -1;
	size_t n;

	*c = clone_of(s, name);
	if (!clone_is_begun(s->m, s->fd, name, &c->note)) return 0;
	/* A zfs clone that has outlived its run holds it. */
	if ((all = store_lock(s, e)) < 0) return -1;
	if (c->dataset && !(d = zfs_list(s->m, c->dataset, 0, &n, &why)) &&
	    !zfs_is_gone(c->dataset))
		return fail_as(e, &why);
	if (!d || !is_of_note(d->origin, &c->note)) return clone_forget(s, name), 0;
	c->note.origin = d->origin;
	c->found = true;
	if (!d->mounted && zfs_mount(c->dataset, e) < 0) return -1;
	return open_clone(c, e) < 0 ? -1 : 1;
}

/* -- the datasets below it, which are mounted in it -- */

static int mount_below(const struct clone *c, const char *dataset, const char *canmount,
                       struct err *e)
{
	struct mounts t;

	if (canmount || mounts_read(c->jails->m, &t, NULL) < 0 || zfs_mounted_at(&t, dataset))
		return 0;
	return zfs_mount(dataset, e);
}

int clone_below(const struct clone *c, const struct zfs_below *b, struct err *e)
{
	struct arena *m = c->jails->m;

	for (size_t i = 0; i < b->n; i++) {
		const char *name = zfs_below_name(b, i);
		const char *to = arena_printf(m, "%s%s", c->dataset, name);
		int rc;

		if (zfs_below_check_way(c->dir, name, e) < 0) return -1;
		if (c->found && zfs_exists(to))
			rc = mount_below(c, to, zfs_below_canmount(b, i), e);
		else
			rc = store_clone_below(m, b, i, c->note.origin, c->dataset, NULL, e);
		if (rc < 0) return -1;
	}
	return 0;
}

/* -- and away -- */

/* Another one may have been given its name, and something else put in it. */
static int destroy(const struct clone *c, struct err *e)
{
	struct arena *m = c->jails->m;
	struct words gone = { .m = m };
	struct zfs_items items;

	if (zfs_items_read(m, c->dataset, &items, e) < 0)
		return zfs_is_gone(c->dataset) ? 0 : -1;
	if (strcmp(items.v[0].origin, c->note.origin)) return 0;
	for (size_t i = 1; i < items.n; i++)
		if (!store_is_cloned_below(m, &items, i))
			return store_fail_unasked(&items, i, e);
	if (zfs_items_destroy(&items, &gone, e) < 0) return -1;
	store_remove_point(c->jails, c->name, NULL);
	return 0;
}

/* The signal that brought us here must not stop the clean-up. A second one does. */
void clone_undo(struct clone *c)
{
	struct err why = { 0 };

	signal_forget();
	if (c->dir >= 0) close(take_fd(&c->dir));
	if (destroy(c, &why) < 0) {
		out_warn("%s, an unfinished clone, is still there; the same command goes on "
		         "with it, and 'jlmkr remove %s' removes it: %s", c->name, c->name,
		         why.text);
		return;
	}
	clone_forget(c->jails, c->name);
}

void clone_close(struct clone *c)
{
	if (c->dir >= 0) close(take_fd(&c->dir));
	hidden_unlock_name(&c->alone);
}
