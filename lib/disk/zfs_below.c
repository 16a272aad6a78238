#include "lib/disk/zfs_below.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"

/* -- reading -- */

static const struct zfs_item *find_item(const struct zfs_items *items, const char *name)
{
	for (size_t i = 0; i < items->n; i++)
		if (str_eq(items->v[i].name, name)) return &items->v[i];
	return NULL;
}

int zfs_below_choose(struct arena *m, const struct zfs_items *items, const char *label,
                     struct zfs_below *b, struct err *e)
{
	const char *of = items->v[0].name;
	const struct zfs_item *snap = NULL;

	if (label) snap = find_item(items, arena_printf(m, "%s@%s", of, label));
	*b = (struct zfs_below){ .of = of, .v = arena_array(m, items->n, sizeof(void *)) };
	for (size_t i = 1; (snap || !label) && i < items->n; i++) {
		const struct zfs_item *d = &items->v[i];

		if (zfs_item_is_snapshot(d)) continue;
		if (!label || find_item(items, arena_printf(m, "%s@%s", d->name, label)))
			b->v[b->n++] = d;
		else if (d->txg <= snap->txg)
			return fail(e, ERR_INPUT, "the dataset %s has no snapshot %s", d->name,
			            label);
		else
			b->newer = d->name;
	}
	return 0;
}

int zfs_below_read(struct arena *m, const char *dataset, const char *label,
                   struct zfs_below *b, struct err *e)
{
	struct zfs_items items;

	if (zfs_items_read(m, dataset, &items, e) < 0) return -1;
	return zfs_below_choose(m, &items, label, b, e);
}

const char *zfs_below_name(const struct zfs_below *b, size_t i)
{
	return b->v[i]->name + strlen(b->of);
}

/* -- clones -- */

int zfs_below_check_clone(const struct zfs_below *b, struct err *e)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i]->stays && strcmp(b->v[i]->mountpoint, "none"))
			return fail(e, ERR_INPUT,
			            "the mountpoint of %s was set to %s, which a clone of it "
			            "cannot have; to have it follow the name: zfs inherit "
			            "mountpoint '%s'", b->v[i]->name, b->v[i]->mountpoint,
			            b->v[i]->name);
	return 0;
}

int zfs_below_check_way(int top, const char *name, struct err *e)
{
	AUTOCLOSE int place = open_by_rules(top, name + 1, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0,
	                                    RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);

	if (place >= 0 || errno == ENOENT) return 0;
	return fail(e, ERR_UNTRUSTED, "%s is no directory: nothing is mounted there", name + 1);
}

const char *zfs_below_canmount(const struct zfs_below *b, size_t i)
{
	const struct zfs_item *d = b->v[i];

	if (d->mounted || str_eq(d->mountpoint, "-")) return NULL;
	return str_eq(d->mountpoint, "none") ? "off" : "noauto";
}

/* -- mounts -- */

const char *zfs_mounted_at(const struct mounts *t, const char *dataset)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *of = zfs_of(&t->v[i]);

		if (of && str_eq(of, dataset)) return t->v[i].point;
	}
	return NULL;
}

void zfs_mounted_below(const struct mounts *t, const char *of, struct words *names)
{
	for (size_t i = 0; i < t->n; i++) {
		const char *name = zfs_of(&t->v[i]);

		if (name && zfs_is_within(name, of) && strcmp(name, of) &&
		    !words_have(words_list(names), name))
			words_add(names, name);
	}
}

int zfs_mount_back(const struct mounts *before, const char *name, struct err *e)
{
	AUTOCLOSE int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *point = zfs_mounted_at(before, name);

	if (root < 0) return fail_sys(e, "open /");
	if (point && zfs_below_check_way(root, point, e) < 0) return -1;
	return zfs_mount(name, e);
}

/* By its name, which is its place unless another was set; and by the place that it had. */
static int check_both_ways(int top, const char *name, const char *was_top, const char *was,
                           struct err *e)
{
	if (zfs_below_check_way(top, name, e) < 0) return -1;
	if (!was_top || !mount_path_in(was, was_top) || str_eq(was, was_top)) return 0;
	return zfs_below_check_way(top, was + strlen(was_top), e);
}

void zfs_mount_below(struct arena *m, const struct mounts *before, const char *from,
                     const char *now)
{
	const char *was_top = zfs_mounted_at(before, from), *is_top;
	struct words names = { .m = m };
	AUTOCLOSE int top = -1;
	struct mounts t;

	zfs_mounted_below(before, from, &names);
	if (!names.n || mounts_read(m, &t, NULL) < 0) return;
	if ((is_top = zfs_mounted_at(&t, now)))
		top = open(is_top, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	for (size_t i = 0; i < names.n; i++) {
		const char *below = names.v[i] + strlen(from);
		const char *name = arena_printf(m, "%s%s", now, below);
		struct err why = { 0 };

		if (zfs_mounted_at(&t, name)) continue;
		if (top < 0) fail(&why, ERR_HOST, "%s is not", now);
		else if (check_both_ways(top, below, was_top,
		                         zfs_mounted_at(before, names.v[i]), &why) == 0 &&
		         zfs_mount(name, &why) == 0)
			continue;
		out_warn("%s is not mounted: %s", name, why.text);
	}
}
