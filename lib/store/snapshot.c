#include "lib/store/snapshot.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/nearest.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/zfs.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/store/snapshot_impl.h"

enum { LABEL_LIMIT = 64, SECOND_MS = 1000 };

/* -- labels -- */

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			      "0123456789.-_:";

/* What both ZFS and directories can have, and what no program takes for an option. */
static const char *broken_rule(const char *label, size_t n)
{
	if (!n) return "it is empty";
	if (n > LABEL_LIMIT) return "it is longer than 64 characters";
	if (label[strspn(label, letters)])
		return "it may only have letters, digits, '.', '-', '_' and ':'";
	if (*label == '-') return "it begins with a dash";
	return *label == '.' ? "it begins with a dot" : NULL;
}

int snapshot_label_check(const char *label, struct err *e)
{
	const char *why = broken_rule(label, strlen(label));
	AUTOFREE struct arena m = { 0 };

	if (!why) return 0;
	return fail(e, ERR_INPUT, "'%s' cannot be the label of a snapshot: %s",
	            word_shown(&m, label), why);
}

const char *snapshot_label_at(struct arena *m, int64_t at)
{
	char *label = arena_alloc(m, LABEL_LIMIT);
	time_t seconds = (time_t)at;
	struct tm tm;

	if (gmtime_r(&seconds, &tm)) strftime(label, LABEL_LIMIT, "%Y-%m-%dT%H-%M-%SZ", &tm);
	return label;
}

/* -- the jail -- */

static int check_parts(struct arena *m, struct jail *j, struct err *e)
{
	if (j->broken)
		return fail(e, ERR_INPUT, "jail %s is incomplete: %s", j->name, j->broken);
	if (!j->has_linked_rootfs) return 0;
	if (jail_rootfs(j, e) < 0) return -1;
	return fail(e, ERR_INPUT,
	            "the rootfs of %s is a link to %s, which would not be in its snapshots",
	            j->name, mount_fd_path(m, j->rootfs, NULL));
}

/* The jail may be a link to a dataset that has all jails in it. */
static int check_dataset(const struct mounts *t, const struct jail *j, const char *dataset,
                         struct err *e)
{
	AUTOCLOSE int jails = jail_open_jails(j->dir, e);
	const struct mount *mnt = jails < 0 ? NULL : mount_of(t, jails, e);

	if (!mnt) return -1;
	if (!zfs_is_within(mnt->source, dataset)) return 0;
	return fail(e, ERR_INPUT, "the dataset of %s, %s, holds all jails", j->name, dataset);
}

int snapshots_open(struct arena *m, struct jail *j, struct snapshots *s, struct err *e)
{
	if (jail_dir(j, e) < 0 || check_parts(m, j, e) < 0) return -1;
	return snapshots_open_broken(m, j, s, e);
}

int snapshots_open_broken(struct arena *m, struct jail *j, struct snapshots *s, struct err *e)
{
	struct mounts t;

	*s = (struct snapshots){ .m = m, .name = j->name };
	if ((s->dir = jail_dir(j, e)) < 0) return -1;
	if (!(s->path = mount_fd_path(m, s->dir, e)) || mounts_read(m, &t, e) < 0) return -1;
	s->dataset = zfs_at(&t, s->path);
	s->ops = s->dataset ? &snapshot_zfs : &snapshot_dir;
	return s->dataset ? check_dataset(&t, j, s->dataset, e) : 0;
}

/* -- its snapshots -- */

struct snapshot *snapshots_list(const struct snapshots *s, size_t *n, struct err *e)
{
	return s->ops->list(s, n, e);
}

int snapshot_find(const struct snapshots *s, const char *label, struct snapshot *out,
                  struct err *e)
{
	struct nearest near = { .word = label };
	struct snapshot *all;
	size_t n;

	if (!(all = snapshots_list(s, &n, e))) return -1;
	for (size_t i = 0; i < n; i++) {
		if (str_eq(all[i].label, label)) return *out = all[i], 0;
		nearest_offer(&near, all[i].label);
	}
	if (near.best)
		return fail(e, ERR_MISSING, "no snapshot %s@%s; did you mean '%s'?", s->name,
		            label, near.best);
	return fail(e, ERR_MISSING, "no snapshot %s@%s; 'jlmkr snapshots %s' lists them",
	            s->name, label, s->name);
}

int snapshot_make(const struct snapshots *s, const struct snapshot_how *how, struct err *e)
{
	if (snapshot_label_check(how->label, e) < 0) return -1;
	return s->ops->make(s, how, e);
}

/* The next second has another label. Where the label is not the time alone, a number does, too,
 * and nobody has to wait. */
int snapshot_make_now(const struct snapshots *s, const char *before, struct snapshot_how *how,
                      struct err *e)
{
	struct err why = { 0 };

	for (int i = 1;; i++) {
		const char *time_label = snapshot_label_at(s->m, time(NULL));

		how->label = i > 1 && *before ?
		             arena_printf(s->m, "%s%s-%d", before, time_label, i) :
		             arena_printf(s->m, "%s%s", before, time_label);
		if (snapshot_make(s, how, &why) == 0) return 0;
		if (why.kind != ERR_EXISTS) return fail_as(e, &why);
		if (*before ? check_signal(e) < 0 :
		    wait_fds(NULL, 0, deadline_in(SECOND_MS), e) < 0)
			return -1;
	}
}

int snapshot_open_files(const struct snapshots *s, const char *label, struct err *e)
{
	struct snapshot snap;

	return snapshot_find(s, label, &snap, e) < 0 ? -1 : s->ops->open_files(s, label, e);
}

int snapshot_drop(const struct snapshots *s, const struct snapshot *snap, struct err *e)
{
	if (snap->holds)
		return fail(e, ERR_BUSY,
		            "snapshot %s@%s is held: 'zfs holds' shows by whom, 'zfs release' "
		            "ends it", s->name, snap->label);
	if (*snap->clones)
		return fail(e, ERR_BUSY,
		            "%s is a clone of snapshot %s@%s and needs it; first run zfs "
		            "promote '%s', or destroy it", *snap->clones, s->name, snap->label,
		            *snap->clones);
	return s->ops->delete(s, snap->label, e);
}

int snapshot_delete(const struct snapshots *s, const char *label, struct err *e)
{
	struct snapshot snap;

	return snapshot_find(s, label, &snap, e) < 0 ? -1 : snapshot_drop(s, &snap, e);
}
