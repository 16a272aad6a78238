#include "lib/store/removal.h"

#include <unistd.h>

#include "lib/base/err.h"
#include "lib/disk/zfs.h"
#include "lib/store/removal_impl.h"

void removal_begin(const struct removal_place *p, struct removal *r)
{
	struct arena *m = p->store->m;

	*r = (struct removal){
		.name = p->name,
		.children.m = m,
		.snapshots.m = m,
		.volumes.m = m,
		.dir = -1,
	};
	r->dataset = zfs_at(&p->t, p->path);
	r->ops = r->dataset ? &removal_zfs : &removal_dir;
}

bool removal_has_mount(const struct removal *r, const struct mount *mnt)
{
	return r->ops->has_mount(r, mnt);
}

int removal_look(const struct removal_place *p, struct removal *r, struct err *e)
{
	return r->ops->look(p, r, e);
}

int removal_check_same(struct arena *m, const struct removal *shown, const struct removal *now,
                       struct err *e)
{
	if (shown->ops != now->ops)
		return removal_changed(shown, "another jail has its name", e);
	return now->ops->check_same(m, shown, now, e);
}

int removal_changed(const struct removal *r, const char *what, struct err *e)
{
	return fail(e, ERR_BUSY, "it changed since %s: %s; nothing was removed",
	            r->asked ? "you were asked" : "it was looked at", what);
}

void removal_close(struct removal *r)
{
	if (r->dir >= 0) close(r->dir);
	r->dir = -1;
}
