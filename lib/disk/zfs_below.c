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
	const struct zfs_item *snap = find_item(items, arena_printf(m, "%s@%s", of, label));

	*b = (struct zfs_below){ .of = of, .v = arena_array(m, items->n, sizeof(void *)) };
	for (size_t i = 1; snap && i < items->n; i++) {
		const struct zfs_item *d = &items->v[i];

		if (zfs_item_is_snapshot(d)) continue;
		if (find_item(items, arena_printf(m, "%s@%s", d->name, label)))
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

void zfs_mount_below(struct arena *m, const struct mounts *before, const char *from,
                     const char *now)
{
	struct mounts t;

	if (mounts_read(m, &t, NULL) < 0) return;
	for (size_t i = 0; i < before->n; i++) {
		const char *of = zfs_of(&before->v[i]), *name;
		struct err why = { 0 };

		if (!of || !zfs_is_within(of, from) || str_eq(of, from)) continue;
		name = arena_printf(m, "%s%s", now, of + strlen(from));
		if (!zfs_mounted_at(&t, name) && zfs_mount(name, &why) < 0)
			out_warn("%s is not mounted: %s", name, why.text);
	}
}
