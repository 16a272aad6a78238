#include "lib/image/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/disk/owner.h"
#include "lib/net/sha256.h"
#include "lib/text/json.h"

#define FOLDER "images"
#define WHOLE ".tar.xz"
#define HALF ".part"
#define ABOUT ".json"

enum { ABOUT_MAX = 64 * 1024, STALE_SECONDS = 7 * 24 * 3600 };

static int cache_fd(const struct image_cache *c)
{
	return c->dir - 1;
}

int image_cache_open(struct arena *m, const char *dir, bool make, struct image_cache *c,
                     struct err *e)
{
	const char *path = arena_printf(m, "%s/" FOLDER, dir);
	int fd;

	*c = (struct image_cache){ .m = m };
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST) return fail_sys(e, "create %s", path);
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

static const char *file_name(const struct image_cache *c, const char *sha256, const char *kind)
{
	return arena_printf(c->m, "%s%s", sha256, kind);
}

/* The whole file, if there is one of the right size. */
static bool find_whole(const struct image_cache *c, const struct image_build *b, struct cached *k)
{
	struct stat st;

	k->fd = openat(cache_fd(c), file_name(c, b->sha256, WHOLE), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (k->fd < 0) return false;
	k->whole = true;
	if (fstat(k->fd, &st) == 0 && S_ISREG(st.st_mode)) k->have = (uint64_t)st.st_size;
	if (k->have && (k->have == b->size || !b->size)) return true;
	image_cache_drop(c, b, k);
	return false;
}

/* Whether the open file still has its name: its fetcher may have renamed it while we
 * waited for the lock. */
static bool is_current(const struct image_cache *c, const char *name, int fd, struct stat *st)
{
	struct stat named;

	return fstat(fd, st) == 0 && fstatat(cache_fd(c), name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_ino == st->st_ino && named.st_dev == st->st_dev;
}

/* 1 when there is half a file, ours alone; 0 when it was gone when we got it; -1. */
static int find_half(const struct image_cache *c, const struct image_build *b, struct cached *k,
                     struct err *e)
{
	const char *name = file_name(c, b->sha256, HALF);
	struct stat st;

	k->fd = openat(cache_fd(c), name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (k->fd < 0) return 1;
	if (lock_take(k->fd, NO_DEADLINE, "the download of this image", e) < 0) return -1;
	if (!is_current(c, name, k->fd, &st)) return 0;
	k->have = S_ISREG(st.st_mode) ? (uint64_t)st.st_size : 0;
	if (b->size && k->have > b->size) k->have = 0;
	if (!k->have && ftruncate(k->fd, 0) < 0) image_cache_drop(c, b, k);
	return 1;
}

int image_cache_find(const struct image_cache *c, const struct image_build *b,
                     struct cached *k, struct err *e)
{
	int rc = 0;

	*k = (struct cached){ .fd = -1 };
	while (c->dir && rc == 0) {
		if (find_whole(c, b, k)) return 0;
		if ((rc = find_half(c, b, k, e)) != 1) image_cache_release(k);
	}
	return rc < 0 ? -1 : 0;
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
	out_warn("the image is not kept for the next time: %s", why.text);
	image_cache_drop(c, b, k);
}

void image_cache_release(struct cached *k)
{
	if (k->fd >= 0) close(k->fd);
	*k = (struct cached){ .fd = -1 };
}

void image_cache_drop(const struct image_cache *c, const struct image_build *b,
                      struct cached *k)
{
	const char *kind = k->whole ? WHOLE : HALF;

	unlinkat(cache_fd(c), file_name(c, b->sha256, kind), 0);
	if (k->whole) unlinkat(cache_fd(c), file_name(c, b->sha256, ABOUT), 0);
	image_cache_release(k);
}

/* -- what there is -- */

static const char *about_text(struct arena *m, const struct image_pick *what, bool pinned)
{
	const struct image *img = what->image;
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_object(&o, NULL);
	json_add_int(&o, "pinned", pinned);
	json_object(&o, "products");
	json_object(&o, arena_printf(m, "%s:%s:%s:%s", img->distro, img->release, img->arch,
	                             img->variant));
	json_add_text(&o, "aliases", words_join(m, img->aliases, ","));
	json_object(&o, "versions");
	json_object(&o, what->build->serial);
	json_object(&o, "items");
	json_object(&o, "root.tar.xz");
	json_add_text(&o, "ftype", "root.tar.xz");
	json_add_text(&o, "path", what->build->path);
	json_add_text(&o, "sha256", what->build->sha256);
	json_add_int(&o, "size", (int64_t)what->build->size);
	for (int depth = 0; depth < 7; depth++)
		json_end(&o, '}');
	str_addc(&text, '\n');
	return str_text(&text);
}

/* One image of the cache: an index with one build of it. */
struct about {
	const char *sha256;
	struct image image;
	bool pinned;
};

static bool is_pinned(const char *text, size_t n)
{
	AUTOJSON struct json *root = json_open(text, n, NULL);
	uint64_t pinned;

	return json_uint(json_get(root, "pinned"), &pinned) && pinned;
}

/* A description that is none, of a file that is not there, or of another one, is no
 * image. */
static bool read_about(const struct image_cache *c, struct arena *m, const char *name,
                       struct about *a)
{
	size_t n = strlen(name), len;
	struct image_index x;
	const char *text;

	if (n != SHA256_HEX + strlen(ABOUT) || !str_ends(name, ABOUT)) return false;
	a->sha256 = arena_strndup(m, name, SHA256_HEX);
	if (faccessat(cache_fd(c), file_name(c, a->sha256, WHOLE), R_OK, 0) < 0) return false;
	if (!(text = read_file(m, cache_fd(c), name, ABOUT_MAX, &len, NULL))) return false;
	if (image_index_parse(m, text, len, &x, NULL) < 0 || x.n != 1) return false;
	a->image = x.images[0];
	a->pinned = is_pinned(text, len);
	return a->image.n_builds == 1 && sha256_same(a->image.builds->sha256, a->sha256);
}

static bool same_product(const struct image *a, const struct image *b)
{
	return str_eq(a->distro, b->distro) && str_eq(a->release, b->release) &&
	       str_eq(a->arch, b->arch) && str_eq(a->variant, b->variant);
}

/* Older builds of a product that nobody asked for by name. */
static void drop_older(const struct image_cache *c, const struct image_pick *than)
{
	AUTODIR DIR *d = dir_names(cache_fd(c));
	struct dirent *entry;
	struct about a;

	while (d && (entry = readdir(d))) {
		if (!read_about(c, c->m, entry->d_name, &a) || a.pinned) continue;
		if (!same_product(&a.image, than->image) ||
		    strcmp(a.image.builds->serial, than->build->serial) >= 0)
			continue;
		unlinkat(cache_fd(c), file_name(c, a.sha256, WHOLE), 0);
		unlinkat(cache_fd(c), entry->d_name, 0);
	}
}

/* A half that is locked is on its way, and so are temporary names beside it. */
static bool is_in_use(const struct image_cache *c, const char *name)
{
	AUTOCLOSE int fd = -1;

	if (!str_ends(name, HALF)) return false;
	fd = openat(cache_fd(c), name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

/* Halves that nobody has gone on with: no server keeps a build for so long. */
static void drop_stale(const struct image_cache *c)
{
	AUTODIR DIR *d = dir_names(cache_fd(c));
	time_t now = time(NULL);
	struct dirent *entry;
	struct stat st;

	while (d && (entry = readdir(d))) {
		const char *name = entry->d_name;

		if (!str_ends(name, HALF) || fstatat(cache_fd(c), name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (now - st.st_mtime > STALE_SECONDS && !is_in_use(c, name))
			unlinkat(cache_fd(c), name, 0);
	}
}

void image_cache_keep(const struct image_cache *c, const struct image_pick *what, bool pinned,
                      struct cached *k)
{
	const struct image_build *b = what->build;
	const char *about;

	if (k->fd < 0) return;
	if (!k->whole && renameat(cache_fd(c), file_name(c, b->sha256, HALF), cache_fd(c),
	                          file_name(c, b->sha256, WHOLE)) < 0)
		return image_cache_drop(c, b, k);
	k->whole = true;
	about = about_text(c->m, what, pinned);
	if (faccessat(cache_fd(c), file_name(c, b->sha256, ABOUT), F_OK, 0) < 0 || pinned)
		replace_file(cache_fd(c), file_name(c, b->sha256, ABOUT), about, strlen(about), 0600, NULL);
	drop_older(c, what);
	drop_stale(c);
}

static void add_build(struct arena *m, struct image *to, const struct image_build *b)
{
	struct image_build *more = arena_array(m, to->n_builds + 1, sizeof *more);
	size_t i = 0;

	for (; i < to->n_builds && strcmp(to->builds[i].serial, b->serial) > 0; i++)
		more[i] = to->builds[i];
	more[i] = *b;
	memcpy(more + i + 1, to->builds + i, (to->n_builds - i) * sizeof *more);
	to->builds = more;
	to->n_builds++;
}

/* Builds of one product that are kept beside each other become one image. */
static void add_image(struct arena *m, struct image_index *x, const struct image *img)
{
	for (size_t i = 0; i < x->n; i++)
		if (same_product(&x->images[i], img)) return add_build(m, &x->images[i], img->builds);
	x->images[x->n++] = *img;
}

static size_t count_entries(const struct image_cache *c)
{
	AUTODIR DIR *d = dir_names(cache_fd(c));
	size_t n = 0;

	while (d && readdir(d))
		n++;
	return n;
}

int image_cache_index(const struct image_cache *c, struct arena *m, struct image_index *x,
                      struct err *e)
{
	AUTODIR DIR *d = NULL;
	struct dirent *entry;
	struct about a;
	size_t room;

	*x = (struct image_index){ 0 };
	if (!c->dir) return 0;
	room = count_entries(c);
	x->images = arena_array(m, room + 1, sizeof *x->images);
	if (!(d = dir_names(cache_fd(c)))) return fail_sys(e, "open " FOLDER);
	while (x->n < room && (entry = readdir(d)))
		if (read_about(c, m, entry->d_name, &a)) add_image(m, x, &a.image);
	image_index_sort(x);
	return 0;
}

int image_cache_prune(const struct image_cache *c, uint64_t *bytes, struct err *e)
{
	AUTODIR DIR *d = NULL;
	struct dirent *entry;
	struct stat st;

	*bytes = 0;
	if (!c->dir) return 0;
	if (!(d = dir_names(cache_fd(c)))) return fail_sys(e, "open " FOLDER);
	while ((entry = readdir(d))) {
		if (strlen(entry->d_name) <= SHA256_HEX || is_in_use(c, entry->d_name)) continue;
		if (fstatat(cache_fd(c), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) continue;
		if (unlinkat(cache_fd(c), entry->d_name, 0) < 0)
			return fail_sys(e, "remove " FOLDER "/%s", entry->d_name);
		*bytes += (uint64_t)st.st_blocks * 512;
	}
	return 0;
}
