#include "lib/store/image_store.h"

#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/store/image_store_impl.h"
#include "lib/store/staging.h"

static const struct image_store_ops *image_ops_of(const struct store *images)
{
	return images->dataset ? &image_store_zfs : &image_store_dir;
}

void image_store_open(struct arena *m, const char *dir, const struct store *jails,
                      struct image_store *u)
{
	*u = (struct image_store)IMAGE_STORE_NONE;
	if (store_open_images(m, dir, &u->images, NULL) < 0 || u->images.ops != jails->ops)
		return;
	if (image_ops_of(&u->images)->open(u, jails)) u->ops = image_ops_of(&u->images);
}

void image_store_close(struct image_store *u)
{
	image_store_drop(u);
	if (u->shelf >= 0) close(take_fd(&u->shelf));
	store_close(&u->images);
}

bool image_store_has_archive(const struct image_store *u, const char *sha256)
{
	const char *path = arena_printf(u->images.m, "%s/%s", u->images.path, sha256);

	return access(arena_printf(u->images.m, "%s.tar.xz", path), F_OK) == 0 ||
	       access(arena_printf(u->images.m, "%s.squashfs", path), F_OK) == 0;
}

/* -- one image -- */

bool image_store_clone(struct image_store *u, const char *sha256, struct staging *work)
{
	return u->ops && u->ops->clone(u, sha256, work);
}

int image_store_begin(struct image_store *u, const char *sha256)
{
	return u->ops ? u->ops->begin(u, sha256) : -1;
}

int image_store_finish(struct image_store *u, struct staging *work, struct err *e)
{
	return u->ops->finish(u, work, e);
}

void image_store_drop(struct image_store *u)
{
	if (u->dir >= 0) close(take_fd(&u->dir));
	if (u->making) u->ops->drop(u);
	u->making = NULL;
}

/* -- all images: a dataset may contain directories from before it was a dataset -- */

static int look_at_all(struct arena *m, const char *dir, struct image_store *u, struct err *e)
{
	*u = (struct image_store)IMAGE_STORE_NONE;
	return store_look_images(m, dir, &u->images, e);
}

void image_store_tell(struct arena *m, const char *dir)
{
	struct image_store u;

	if (look_at_all(m, dir, &u, NULL) == 0) {
		image_store_dir.tell(&u);
		if (u.images.dataset) image_store_zfs.tell(&u);
	}
	image_store_close(&u);
}

static int prune_both_kinds(struct image_store *u, struct image_pruned *p, struct err *e)
{
	if (image_store_dir.prune(u, p, e) < 0) return -1;
	return u->images.dataset ? image_store_zfs.prune(u, p, e) : 0;
}

int image_store_prune(struct arena *m, const char *dir, struct image_pruned *p, struct err *e)
{
	struct image_store u;
	struct err why = { 0 };
	int rc;

	if (look_at_all(m, dir, &u, &why) == 0) rc = prune_both_kinds(&u, p, e);
	else rc = why.kind == ERR_MISSING ? 0 : fail_as(e, &why);
	image_store_close(&u);
	return rc;
}
