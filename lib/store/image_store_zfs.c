/* Images as datasets
 *
 *	IMAGES/SHA256		with `rootfs`; mounted only while it is made
 *	IMAGES/SHA256@image	its snapshot: the image is complete, and this is cloned
 *
 * IMAGES is the dataset that is mounted at DIR/images. Both have their mark in the user
 * property jlmkr:kind. While an image is made, it is mounted, locked, and has no snapshot.
 * Datasets and snapshots are destroyed one by one, never with their dependents: ZFS itself
 * refuses to destroy what the user added (a snapshot, a child, a hold), even at the last
 * moment. */

#include "lib/store/image_store_impl.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mark.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"
#include "lib/image/cache.h"
#include "lib/store/staging.h"

#define SNAPSHOT "@image"

enum { LOCK_WAIT_MS = 10000 };

static bool open_datasets(struct image_store *u, const struct store *jails)
{
	return zfs_is_same_pool(u->images.dataset, jails->dataset);
}

static const char *dataset_of(const struct image_store *u, const char *sha256)
{
	return store_dataset(&u->images, sha256);
}

static const char *snapshot_of(const struct image_store *u, const char *dataset)
{
	return arena_printf(u->images.m, "%s" SNAPSHOT, dataset);
}

/* Did we make the snapshot? Another one may have been given its name. */
static bool is_whole(const struct image_store *u, const char *sha256)
{
	size_t n;
	const char *snapshot = snapshot_of(u, dataset_of(u, sha256));
	const struct zfs_marked *t = zfs_list_marked(u->images.m, snapshot, 0, &n, NULL);

	return t && n == 1 && str_starts(t->mark, MARK_WHOLE) && mark_fits(t->mark, sha256);
}

static bool image_store_zfs_clone(struct image_store *u, const char *sha256,
                                  struct staging *work)
{
	return is_whole(u, sha256) &&
	       staging_own(work, snapshot_of(u, dataset_of(u, sha256)), NULL) == 0;
}

static int open_image(const struct image_store *u, const char *sha256)
{
	return store_open_entry(&u->images, sha256, NULL);
}

/* Held for moments, so that nobody takes an image between two steps for a leftover. */
static int lock_images(const struct image_store *u, struct err *e)
{
	return lock_of(u->images.fd, deadline_in(LOCK_WAIT_MS), "the cache of images", e);
}

/* While an image is made, it is mounted and locked. */
static bool is_in_the_making(const struct image_store *u, const char *sha256)
{
	AUTOCLOSE int fd = open_image(u, sha256);

	return fd >= 0 && store_mounted(&u->images, fd) &&
	       lock_take(fd, now_ms(), sha256, NULL) < 0;
}

/* Undo the creation of a dataset. If somebody took a snapshot of it meanwhile, it stays. */
static void destroy_begun_image(const struct image_store *u, const char *dataset)
{
	if (zfs_destroy_one(dataset, NULL) < 0) zfs_unmount(dataset, NULL);
	store_remove_point(&u->images, strrchr(dataset, '/') + 1, NULL);
}

/* -- what there is -- */

/* A kept image: its dataset, and everything in it. */
struct image_set {
	const char *sha256;
	const struct zfs_marked *top;		/* NULL: there is no such dataset */
	const struct zfs_marked *snapshot;	/* ours; NULL: the image is not complete */
	bool ours;
	struct words held;
	struct words others;			/* snapshots and children that are not ours */
};

static void sort_marked(struct image_set *s, const struct zfs_marked *t, const char *dataset)
{
	size_t n = strlen(dataset);
	bool fits = mark_fits(t->mark, s->sha256);

	if (!zfs_is_within(t->name, dataset)) return;
	if (t->held) words_add(&s->held, t->name);
	if (!t->name[n]) {
		s->top = t;
		s->ours = fits && str_starts(t->mark, MARK_IMAGE);
	} else if (fits && str_starts(t->mark, MARK_WHOLE) && str_eq(t->name + n, SNAPSHOT)) {
		s->snapshot = t;
	} else {
		words_add(&s->others, t->name);
	}
}

static void sort_image(const struct image_store *u, const char *sha256,
                       const struct zfs_marked *t, size_t n, struct image_set *s)
{
	const char *dataset = dataset_of(u, sha256);

	*s = (struct image_set){
		.sha256 = sha256, .held.m = u->images.m, .others.m = u->images.m,
	};
	for (; t && n; n--, t++)
		sort_marked(s, t, dataset);
}

static void look_at_image(const struct image_store *u, const char *sha256, struct image_set *s)
{
	size_t n;
	const struct zfs_marked *t = zfs_list_marked(u->images.m, dataset_of(u, sha256), 1, &n,
	                                             NULL);

	sort_image(u, sha256, t, n, s);
}

/* The SHA-256 that the dataset is named after; NULL: it is not named like an image. */
static const char *dataset_image(const struct image_store *u, const struct zfs_marked *t)
{
	size_t n = strlen(u->images.dataset);
	const char *sha256;

	if (!zfs_is_within(t->name, u->images.dataset) || t->name[n] != '/') return NULL;
	sha256 = mark_digits(u->images.m, t->name + n + 1);
	return sha256 && !t->name[n + 1 + MARK_DIGITS] ? sha256 : NULL;
}

static const char *some(const struct image_store *u, const struct words *names)
{
	return names->n == 1 ? names->v[0]
	     : arena_printf(u->images.m, "%s and %zu more", names->v[0], names->n - 1);
}

/* Why a dataset of ours must stay. NULL: it contains nothing of the user's. */
static const char *why_it_stays(const struct image_store *u, const struct image_set *s)
{
	if (s->held.n)
		return arena_printf(u->images.m, "%s is held: 'zfs holds' shows by whom, 'zfs "
		                    "release' ends it", some(u, &s->held));
	if (s->others.n)
		return arena_printf(u->images.m, "jlmkr did not make %s, which is in it; if "
		                    "nobody needs that, destroy it first with zfs destroy",
		                    some(u, &s->others));
	return NULL;
}

static void warn_not_ours(const struct image_store *u, const char *sha256, const char *doing)
{
	out_warn("%s%s is not marked as made by jlmkr, and stays; if nobody needs it: zfs "
	         "destroy -r '%s'", doing, dataset_of(u, sha256), dataset_of(u, sha256));
}

static bool is_same_object(const struct zfs_marked *a, const struct zfs_marked *b)
{
	return a && b ? str_eq(a->id, b->id) : a == b;
}

/* Looks again first, because others may have changed it since `s` was read. */
static int destroy_image(const struct image_store *u, const struct image_set *s, struct err *e)
{
	const char *dataset = dataset_of(u, s->sha256), *why;
	struct image_set now;

	look_at_image(u, s->sha256, &now);
	if (!now.top) return 0;
	if (!now.ours || !is_same_object(now.top, s->top) ||
	    !is_same_object(now.snapshot, s->snapshot))
		return fail(e, ERR_BUSY, "it was replaced meanwhile");
	if ((why = why_it_stays(u, &now))) return fail(e, ERR_BUSY, "%s", why);
	if (now.snapshot && zfs_destroy_one(now.snapshot->name, e) < 0) return -1;
	if (zfs_destroy_one(dataset, e) < 0) return -1;
	store_remove_point(&u->images, strrchr(dataset, '/') + 1, NULL);
	return 0;
}

/* -- one image -- */

/* Mount and lock it; fails if another create was quicker. */
static int enter_image(struct image_store *u, const char *dataset, const char *sha256)
{
	AUTOCLOSE int fd = -1;
	const char *mounted;

	if (zfs_mount(dataset, NULL) < 0 || (fd = open_image(u, sha256)) < 0) return -1;
	mounted = store_mounted(&u->images, fd);
	if (!mounted || !str_eq(mounted, dataset)) return -1;
	if (lock_take(fd, now_ms(), sha256, NULL) < 0 || fchmod(fd, 0700) < 0) return -1;
	return take_fd(&fd);
}

/* Destroys what a killed run left. A complete image was made by another create and stays. */
static bool clear_image_dataset(const struct image_store *u, const char *sha256)
{
	static const char doing[] = "the image is not kept unpacked: ";
	struct err why = { 0 };
	struct image_set s;

	look_at_image(u, sha256, &s);
	if (!s.top) return false;
	if (!s.ours) warn_not_ours(u, sha256, doing);
	if (!s.ours || s.snapshot) return false;
	if (destroy_image(u, &s, &why) == 0) return true;
	out_warn("%s%s stays: %s", doing, s.top->name, why.text);
	return false;
}

static int make_image_dataset(struct image_store *u, const char *sha256)
{
	const char *dataset = dataset_of(u, sha256);
	const char *mark = arena_printf(u->images.m, MARK_IMAGE "%s", sha256);

	if (zfs_create_aside(dataset, mark, NULL) == 0) return 0;
	return clear_image_dataset(u, sha256) ? zfs_create_aside(dataset, mark, NULL) : -1;
}

static int image_store_zfs_begin(struct image_store *u, const char *sha256)
{
	AUTOCLOSE int all = lock_images(u, NULL);
	const char *dataset;

	if (all < 0 || is_in_the_making(u, sha256)) return -1;
	dataset = dataset_of(u, sha256);
	if (make_image_dataset(u, sha256) < 0) return -1;
	if ((u->dir = enter_image(u, dataset, sha256)) < 0) {
		destroy_begun_image(u, dataset);
		return -1;
	}
	u->making = sha256;
	return u->dir;
}

static void image_store_zfs_drop(const struct image_store *u)
{
	destroy_begun_image(u, dataset_of(u, u->making));
}

/* An image with clones stays: zfs refuses to destroy it. */
static void destroy_older_images(const struct image_store *u)
{
	size_t n;
	const struct zfs_marked *all = zfs_list_marked(u->images.m, u->images.dataset, 2, &n,
	                                               NULL);
	struct image_set s;

	for (size_t i = 0; all && i < n; i++) {
		const char *sha256 = dataset_image(u, &all[i]);

		if (!sha256 || image_store_has_archive(u, sha256)) continue;
		sort_image(u, sha256, all, n, &s);
		if (s.ours && !is_in_the_making(u, sha256)) destroy_image(u, &s, NULL);
	}
}

/* The snapshot has its mark before the lock of the image is released. */
static int snapshot_image(struct image_store *u, const char *dataset, const char *snapshot,
                          struct err *e)
{
	if (zfs_snapshot(snapshot, arena_printf(u->images.m, MARK_WHOLE "%s", u->making),
	                 e) < 0)
		return -1;
	close(take_fd(&u->dir));
	if (zfs_unmount(dataset, NULL) == 0) store_remove_point(&u->images, u->making, NULL);
	u->making = NULL;
	return 0;
}

static int image_store_zfs_finish(struct image_store *u, struct staging *work, struct err *e)
{
	const char *dataset = dataset_of(u, u->making), *snapshot = snapshot_of(u, dataset);
	AUTOCLOSE int all = lock_images(u, e);

	if (all < 0 || snapshot_image(u, dataset, snapshot, e) < 0) return -1;
	if (staging_own(work, snapshot, e) < 0) return -1;
	destroy_older_images(u);
	return 0;
}

/* -- all of them -- */

static void image_store_zfs_tell(struct image_store *u)
{
	size_t n;
	const struct zfs_marked *all = zfs_list_marked(u->images.m, u->images.dataset, 2, &n,
	                                               NULL);
	struct image_set s;

	for (size_t i = 0; all && i < n; i++) {
		const char *sha256 = dataset_image(u, &all[i]);

		if (!sha256) continue;
		sort_image(u, sha256, all, n, &s);
		if (!s.ours) warn_not_ours(u, sha256, "");
	}
}

static bool has_clones(const struct image_set *s, const struct zfs_dataset *d, size_t n)
{
	for (; s->snapshot && n; n--, d++)
		if (str_eq(d->origin, s->snapshot->name)) return true;
	return false;
}

static void prune_dataset(const struct image_store *u, const struct image_set *s, bool clones,
                          struct image_pruned *p)
{
	const char *why = why_it_stays(u, s);
	struct err fault = { 0 };

	if (clones && !s->held.n) {
		p->clones++;
		return;
	}
	if (!why && destroy_image(u, s, &fault) == 0) {
		out_note("%s destroyed", s->top->name);
		return;
	}
	out_warn("%s stays: %s", s->top->name, why ? why : fault.text);
	p->failed++;
}

static int image_store_zfs_prune(struct image_store *u, struct image_pruned *p, struct err *e)
{
	const char *pool = arena_strndup(u->images.m, u->images.dataset,
	                                 strcspn(u->images.dataset, "/"));
	AUTOCLOSE int lock = lock_images(u, e);
	const struct zfs_dataset *all;
	const struct zfs_marked *t;
	struct image_set s;
	size_t n, n_all;

	if (lock < 0 || !(t = zfs_list_marked(u->images.m, u->images.dataset, 2, &n, e)))
		return -1;
	if (!(all = zfs_list(u->images.m, pool, -1, &n_all, e))) return -1;
	for (size_t i = 0; i < n; i++) {
		const char *sha256 = dataset_image(u, &t[i]);

		if (!sha256) continue;
		sort_image(u, sha256, t, n, &s);
		if (s.ours && !is_in_the_making(u, sha256))
			prune_dataset(u, &s, has_clones(&s, all, n_all), p);
	}
	return 0;
}

const struct image_store_ops image_store_zfs = {
	.open = open_datasets,
	.clone = image_store_zfs_clone,
	.begin = image_store_zfs_begin,
	.finish = image_store_zfs_finish,
	.drop = image_store_zfs_drop,
	.tell = image_store_zfs_tell,
	.prune = image_store_zfs_prune,
};
