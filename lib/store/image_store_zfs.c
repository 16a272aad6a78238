/* Images as datasets
 *
 *	IMAGES/SHA256		with `rootfs`, not mounted but while it is made
 *	IMAGES/SHA256@image	its snapshot: it is whole, and this is what is cloned
 *
 * IMAGES is the dataset that is mounted at DIR/images. Both have their mark in the user property
 * jlmkr:kind. Who makes an image has it mounted, locked, and without the snapshot. All that is
 * destroyed is destroyed without what depends on it: ZFS itself refuses what would take something
 * of the user's along, however late that came: a snapshot, a child, a hold. */

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

static bool same_pool(const char *a, const char *b)
{
	size_t n = strcspn(a, "/");

	return n == strcspn(b, "/") && !strncmp(a, b, n);
}

static bool open_datasets(struct image_store *u, const struct store *jails)
{
	return same_pool(u->images.dataset, jails->dataset);
}

static const char *dataset_of(const struct image_store *u, const char *sha256)
{
	return store_dataset(&u->images, sha256);
}

static const char *snapshot_of(const struct image_store *u, const char *dataset)
{
	return arena_printf(u->images.m, "%s" SNAPSHOT, dataset);
}

/* Is the snapshot the one that we made, and not another that got its name? */
static bool is_whole(const struct image_store *u, const char *sha256)
{
	size_t n;
	const struct zfs_thing *t = zfs_things(u->images.m, snapshot_of(u, dataset_of(u, sha256)), 0, &n, NULL);

	return t && n == 1 && str_starts(t->mark, MARK_WHOLE) && mark_fits(t->mark, sha256);
}

static bool clone(struct image_store *u, const char *sha256, struct staging *work)
{
	return is_whole(u, sha256) && staging_own(work, snapshot_of(u, dataset_of(u, sha256)), NULL) == 0;
}

static int open_image(const struct image_store *u, const char *sha256)
{
	return store_open_entry(&u->images, sha256, NULL);
}

/* Held for moments, so that nobody takes what is between two steps for litter. */
static int lock_images(const struct image_store *u, struct err *e)
{
	return lock_of(u->images.fd, deadline_in(LOCK_WAIT_MS), "the cache of images", e);
}

/* Whoever makes an image has it mounted and locked. */
static bool is_in_the_making(const struct image_store *u, const char *sha256)
{
	AUTOCLOSE int fd = open_image(u, sha256);

	return fd >= 0 && store_mounted(&u->images, fd) && lock_take(fd, now_ms(), sha256, NULL) < 0;
}

/* One that we have just made. A snapshot that somebody took meanwhile keeps it. */
static void take_back(const struct image_store *u, const char *dataset)
{
	if (zfs_destroy_one(dataset, NULL) < 0) zfs_unmount(dataset, NULL);
	store_remove_point(&u->images, strrchr(dataset, '/') + 1, NULL);
}

/* -- what there is -- */

/* An image: its dataset, and what belongs to that. */
struct image_set {
	const char *sha256;
	const struct zfs_thing *top;		/* NULL: there is no such dataset */
	const struct zfs_thing *snapshot;	/* that we made; NULL: it is not whole */
	bool ours;
	struct words held;
	struct words others;			/* snapshots and children that are not ours */
};

static void sort_thing(struct image_set *s, const struct zfs_thing *t, const char *dataset)
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

static void sort_image(const struct image_store *u, const char *sha256, const struct zfs_thing *t,
                       size_t n, struct image_set *s)
{
	const char *dataset = dataset_of(u, sha256);

	*s = (struct image_set){ .sha256 = sha256, .held.m = u->images.m, .others.m = u->images.m };
	for (; t && n; n--, t++)
		sort_thing(s, t, dataset);
}

static void look_at_image(const struct image_store *u, const char *sha256, struct image_set *s)
{
	size_t n;
	const struct zfs_thing *t = zfs_things(u->images.m, dataset_of(u, sha256), 1, &n, NULL);

	sort_image(u, sha256, t, n, s);
}

/* Datasets with the name of an image. */
static const char *image_of(const struct image_store *u, const struct zfs_thing *t)
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

/* Why a dataset of ours is to be left as it is; NULL: nothing of the user's goes with it. */
static const char *why_it_stays(const struct image_store *u, const struct image_set *s)
{
	if (s->held.n)
		return arena_printf(u->images.m, "%s is held: 'zfs holds' tells by whom, 'zfs release' ends it",
		                    some(u, &s->held));
	if (s->others.n)
		return arena_printf(u->images.m, "jlmkr has not made %s, which would go with it: zfs destroy that "
		                    "first, if nobody needs it", some(u, &s->others));
	return NULL;
}

static void warn_not_ours(const struct image_store *u, const char *sha256, const char *doing)
{
	out_warn("%s%s is not marked as made by jlmkr, and stays; if nobody needs it: zfs destroy -r '%s'",
	         doing, dataset_of(u, sha256), dataset_of(u, sha256));
}

static bool same(const struct zfs_thing *a, const struct zfs_thing *b)
{
	return a && b ? str_eq(a->id, b->id) : a == b;
}

/* What was looked at before is looked at again. */
static int destroy_image(const struct image_store *u, const struct image_set *s, struct err *e)
{
	const char *dataset = dataset_of(u, s->sha256), *why;
	struct image_set now;

	look_at_image(u, s->sha256, &now);
	if (!now.top) return 0;
	if (!now.ours || !same(now.top, s->top) || !same(now.snapshot, s->snapshot))
		return fail(e, ERR_BUSY, "it was replaced meanwhile");
	if ((why = why_it_stays(u, &now))) return fail(e, ERR_BUSY, "%s", why);
	if (now.snapshot && zfs_destroy_one(now.snapshot->name, e) < 0) return -1;
	if (zfs_destroy_one(dataset, e) < 0) return -1;
	store_remove_point(&u->images, strrchr(dataset, '/') + 1, NULL);
	return 0;
}

/* -- one image -- */

/* Mounted and locked, else given up: another create may have been quicker. */
static int enter(struct image_store *u, const char *dataset, const char *sha256)
{
	AUTOCLOSE int fd = -1;
	const char *mounted;

	if (zfs_mount(dataset, NULL) < 0 || (fd = open_image(u, sha256)) < 0) return -1;
	mounted = store_mounted(&u->images, fd);
	if (!mounted || !str_eq(mounted, dataset)) return -1;
	if (lock_take(fd, now_ms(), sha256, NULL) < 0 || fchmod(fd, 0700) < 0) return -1;
	return take_fd(&fd);
}

/* What a killed run has left is destroyed; what is whole another create has made. */
static bool make_way(const struct image_store *u, const char *sha256)
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

static int make(struct image_store *u, const char *sha256)
{
	const char *dataset = dataset_of(u, sha256), *mark = arena_printf(u->images.m, MARK_IMAGE "%s", sha256);

	if (zfs_create_aside(dataset, mark, NULL) == 0) return 0;
	return make_way(u, sha256) ? zfs_create_aside(dataset, mark, NULL) : -1;
}

static int begin(struct image_store *u, const char *sha256)
{
	AUTOCLOSE int all = lock_images(u, NULL);
	const char *dataset;

	if (all < 0 || is_in_the_making(u, sha256)) return -1;
	dataset = dataset_of(u, sha256);
	if (make(u, sha256) < 0) return -1;
	if ((u->dir = enter(u, dataset, sha256)) < 0) {
		take_back(u, dataset);
		return -1;
	}
	u->making = sha256;
	return u->dir;
}

static void drop(const struct image_store *u)
{
	take_back(u, dataset_of(u, u->making));
}

/* zfs refuses to destroy what has clones. */
static void drop_older(const struct image_store *u)
{
	size_t n;
	const struct zfs_thing *all = zfs_things(u->images.m, u->images.dataset, 2, &n, NULL);
	struct image_set s;

	for (size_t i = 0; all && i < n; i++) {
		const char *sha256 = image_of(u, &all[i]);

		if (!sha256 || image_store_has_archive(u, sha256)) continue;
		sort_image(u, sha256, all, n, &s);
		if (s.ours && !is_in_the_making(u, sha256)) destroy_image(u, &s, NULL);
	}
}

/* Marked before its lock ends. */
static int mark(struct image_store *u, const char *dataset, const char *snapshot, struct err *e)
{
	if (zfs_snapshot(snapshot, arena_printf(u->images.m, MARK_WHOLE "%s", u->making), e) < 0) return -1;
	close(take_fd(&u->dir));
	if (zfs_unmount(dataset, NULL) == 0) store_remove_point(&u->images, u->making, NULL);
	u->making = NULL;
	return 0;
}

static int finish(struct image_store *u, struct staging *work, struct err *e)
{
	const char *dataset = dataset_of(u, u->making), *snapshot = snapshot_of(u, dataset);
	AUTOCLOSE int all = lock_images(u, e);

	if (all < 0 || mark(u, dataset, snapshot, e) < 0) return -1;
	if (staging_own(work, snapshot, e) < 0) return -1;
	drop_older(u);
	return 0;
}

/* -- all of them -- */

static void tell(struct image_store *u)
{
	size_t n;
	const struct zfs_thing *all = zfs_things(u->images.m, u->images.dataset, 2, &n, NULL);
	struct image_set s;

	for (size_t i = 0; all && i < n; i++) {
		const char *sha256 = image_of(u, &all[i]);

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

static int prune(struct image_store *u, struct image_pruned *p, struct err *e)
{
	const char *pool = arena_strndup(u->images.m, u->images.dataset, strcspn(u->images.dataset, "/"));
	AUTOCLOSE int lock = lock_images(u, e);
	const struct zfs_dataset *all;
	const struct zfs_thing *t;
	struct image_set s;
	size_t n, n_all;

	if (lock < 0 || !(t = zfs_things(u->images.m, u->images.dataset, 2, &n, e))) return -1;
	if (!(all = zfs_list(u->images.m, pool, -1, &n_all, e))) return -1;
	for (size_t i = 0; i < n; i++) {
		const char *sha256 = image_of(u, &t[i]);

		if (!sha256) continue;
		sort_image(u, sha256, t, n, &s);
		if (s.ours && !is_in_the_making(u, sha256))
			prune_dataset(u, &s, has_clones(&s, all, n_all), p);
	}
	return 0;
}

const struct image_store_ops image_store_zfs = {
	.open = open_datasets,
	.clone = clone,
	.begin = begin,
	.finish = finish,
	.drop = drop,
	.tell = tell,
	.prune = prune,
};
