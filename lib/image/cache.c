#include "lib/image/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/mark.h"
#include "lib/disk/owner.h"
#include "lib/image/impl.h"

int cache_fd(const struct image_cache *c)
{
	return c->dir - 1;
}

int image_cache_open(struct arena *m, const char *dir, bool make, struct image_cache *c,
                     struct err *e)
{
	const char *path = arena_printf(m, "%s/" FOLDER, dir);
	int fd;

	*c = (struct image_cache){ .m = m, .path = path };
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail_sys(e, "create %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) return !make && errno == ENOENT ? 0 : fail_sys(e, "open %s", path);
	if (owner_check(fd, path, e) < 0) {
		close(fd);
		return -1;
	}
	c->dir = fd + 1;
	return 0;
}

void image_cache_close(struct image_cache *c)
{
	if (c->dir) close(cache_fd(c));
	c->dir = 0;
}

const char *cache_name(const struct image_cache *c, const char *sha256, const char *kind)
{
	return arena_printf(c->m, "%s%s", sha256, kind);
}

const char *cache_whole(const struct image_cache *c, const struct image_build *b)
{
	return cache_name(c, b->sha256, b->part ? WHOLE_PART :
	                  b->squashfs ? WHOLE_SQUASHFS : WHOLE_TAR);
}

/* -- files of ours -- */

static void warn_not_kept(const struct err *why)
{
	out_warn("the image is not kept for the next time: %s", why->text);
}

/* A file that is not ours has a name that we need. */
static int fail_in_the_way(const struct image_cache *c, const char *name, struct err *e)
{
	return fail(e, ERR_EXISTS, "%s", mark_none(c->m, cache_fd(c), c->path, name));
}

int cache_open_ours(const struct image_cache *c, const char *name, bool *strange)
{
	AUTOCLOSE int fd = mark_open(cache_fd(c), name, O_RDONLY);
	const char *sha256 = mark_digits(c->m, name);
	struct stat st;

	*strange = fd >= 0 || errno != ENOENT;
	if (fd < 0 || !sha256 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) return -1;
	if (!mark_is_of(cache_fd(c), fd, sha256)) return -1;
	*strange = false;
	return take_fd(&fd);
}

int cache_remove_ours(const struct image_cache *c, const char *name, uint64_t *bytes,
                      struct err *e)
{
	bool strange;
	AUTOCLOSE int fd = cache_open_ours(c, name, &strange);
	struct stat st;

	if (fd < 0) return strange ? fail_in_the_way(c, name, e) : 0;
	if (fstat(fd, &st) < 0) return fail_sys(e, "fstat %s", name);
	if (mark_unlink(cache_fd(c), name, fd, e) < 0) return fail_in(e, "%s", name);
	if (bytes) *bytes += (uint64_t)st.st_blocks * 512;
	return 0;
}

bool cache_is_blank(const struct stat *st)
{
	return S_ISREG(st->st_mode) && !st->st_size && st->st_nlink <= 1;
}

int cache_mark(const struct image_cache *c, int fd, const char *sha256, struct err *e)
{
	return mark_set(cache_fd(c), fd, arena_printf(c->m, MARK_IMAGE "%s", sha256), e);
}

/* -- one archive -- */

/* Returns 1 with the whole file, 0 if there is none, -1 if a file that is not ours has its
 * name. */
static int find_whole(const struct image_cache *c, const struct image_build *b,
                      struct cached *k, struct err *e)
{
	const char *name = cache_whole(c, b);
	struct stat st;

	k->fd = mark_open(cache_fd(c), name, O_RDONLY);
	if (k->fd < 0) return errno == ENOENT ? 0 : fail_in_the_way(c, name, e);
	k->whole = true;
	k->ours = mark_is_of(cache_fd(c), k->fd, b->sha256);
	if (fstat(k->fd, &st) == 0 && S_ISREG(st.st_mode)) k->have = (uint64_t)st.st_size;
	if (k->have && (k->have == b->size || !b->size)) return 1;
	if (!k->ours) return fail_in_the_way(c, name, e);
	image_cache_drop(c, b, k);
	return 0;
}

static int open_half(const struct image_cache *c, const char *name)
{
	int fd = mark_open(cache_fd(c), name, O_RDWR);

	if (fd >= 0 || errno != ENOENT) return fd;
	return openat(cache_fd(c), name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	              0600);
}

/* Whether we may write to the partial file. An empty one without a mark is new, and the process
 * that created it is about to mark it. */
static int check_half(const struct image_cache *c, const char *sha256, int fd, struct err *e)
{
	struct stat st;

	if (mark_is_of(cache_fd(c), fd, sha256)) return 0;
	if (fstat(fd, &st) == 0 && cache_is_blank(&st)) return 0;
	return fail_in_the_way(c, cache_name(c, sha256, HALF), e);
}

/* The file is locked: mark it, and find how many of its bytes are useful. */
static int enter_half(const struct image_cache *c, const struct image_build *b,
                      struct cached *k, struct err *e)
{
	struct stat st;

	if (check_half(c, b->sha256, k->fd, e) < 0) return -1;
	if (!mark_is_of(cache_fd(c), k->fd, b->sha256) &&
	    cache_mark(c, k->fd, b->sha256, e) < 0)
		return -1;
	k->ours = true;
	if (fstat(k->fd, &st) < 0) return fail_sys(e, "fstat");
	k->have = (uint64_t)st.st_size;
	if (b->size && k->have > b->size) k->have = 0;
	if (k->have || ftruncate(k->fd, 0) == 0) return 0;
	return fail_sys(e, "truncate %s", cache_name(c, b->sha256, HALF));
}

/* Returns 1 with a partial file, locked; 0 if its name changed while we waited for the lock, so
 * that the caller must look again; -1 on failure or (ERR_INTERRUPTED) a caught signal. */
static int find_half(const struct image_cache *c, const struct image_build *b, struct cached *k,
                     struct err *e)
{
	const char *name = cache_name(c, b->sha256, HALF);

	k->fd = open_half(c, name);
	if (k->fd < 0 && errno == EEXIST) return 0;
	if (k->fd < 0) return fail_sys(e, "open %s/%s", c->path, name);
	if (check_half(c, b->sha256, k->fd, e) < 0 ||
	    lock_take(k->fd, NO_DEADLINE, "the download of this image", e) < 0) return -1;
	/* The process that fetched it may have renamed it while we waited. */
	if (!mark_is_named(cache_fd(c), name, k->fd)) return 0;
	return enter_half(c, b, k, e) < 0 ? -1 : 1;
}

int image_cache_find(const struct image_cache *c, const struct image_build *b,
                     struct cached *k, struct err *e)
{
	struct err why = { 0 };
	int rc = 0;

	*k = (struct cached){ .fd = -1 };
	if (!c->dir || (c->avoid && str_eq(c->avoid, b->sha256))) return 0;
	while (!(rc = find_whole(c, b, k, &why)) && !(rc = find_half(c, b, k, &why)))
		image_cache_release(k);
	if (rc == 1) return 0;
	image_cache_release(k);
	if (why.kind == ERR_INTERRUPTED) return fail_as(e, &why);
	warn_not_kept(&why);
	return 0;
}

void image_cache_append(const struct image_cache *c, const struct image_build *b,
                        struct cached *k, const void *data, size_t n)
{
	struct err why = { 0 };

	if (k->fd < 0) return;
	if (write_all(k->fd, data, n, &why) == 0) {
		k->have += n;
		return;
	}
	warn_not_kept(&why);
	image_cache_drop(c, b, k);
}

void image_cache_release(struct cached *k)
{
	if (k->fd >= 0) close(k->fd);
	*k = (struct cached){ .fd = -1 };
}

bool image_cache_drop(const struct image_cache *c, const struct image_build *b,
                      struct cached *k)
{
	const char *name = k->whole ? cache_whole(c, b) : cache_name(c, b->sha256, HALF);
	bool ours = k->ours;

	if (!ours)
		out_warn("a damaged image: %s", mark_none(c->m, cache_fd(c), c->path, name));
	else mark_unlink(cache_fd(c), name, k->fd, NULL);
	if (ours && k->whole) cache_remove_ours(c, cache_name(c, b->sha256, ABOUT), NULL, NULL);
	image_cache_release(k);
	return ours;
}
