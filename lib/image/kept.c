/* The whole images in the cache: their descriptions, and how long they stay. */

#include "lib/image/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/disk/mark.h"
#include "lib/image/impl.h"
#include "lib/base/sha256.h"
#include "lib/text/json.h"

enum { ABOUT_MAX = 64 * 1024, STALE_SECONDS = 7 * 24 * 3600 };

/* -- descriptions -- */

static const char *about_text(struct arena *m, const struct image_pick *what, bool pinned)
{
	const struct image *img = what->image;
	const char *kind = what->build->squashfs ? ITEM_SQUASHFS : ITEM_TAR;
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
	json_object(&o, kind);
	json_add_text(&o, "ftype", kind);
	json_add_text(&o, "path", what->build->path);
	json_add_text(&o, "sha256", what->build->sha256);
	json_add_int(&o, "size", (int64_t)what->build->size);
	for (int depth = 0; depth < 7; depth++)
		json_end(&o, '}');
	str_addc(&text, '\n');
	return str_text(&text);
}

/* The description of a whole image, with its one build. */
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

static char *read_description(const struct image_cache *c, struct arena *m, const char *name,
                              size_t *len)
{
	AUTOCLOSE int fd = mark_open(cache_fd(c), name, O_RDONLY);

	return fd < 0 ? NULL : read_all(m, fd, ABOUT_MAX, len, NULL);
}

const char *cache_sha256(const struct image_cache *c, const char *name, const char *kind)
{
	const char *sha256 = mark_digits(c->m, name);

	return sha256 && str_eq(name + MARK_DIGITS, kind) ? sha256 : NULL;
}

static const char *sha256_of_whole(const struct image_cache *c, const char *name)
{
	const char *sha256 = cache_sha256(c, name, WHOLE_TAR);

	return sha256 ? sha256 : cache_sha256(c, name, WHOLE_SQUASHFS);
}

/* Returns false if the description is invalid, or if its archive does not exist or has another
 * hash. */
static bool read_about(const struct image_cache *c, struct arena *m, const char *name,
                       struct about *a)
{
	AUTOCLOSE int whole = -1;
	struct image_index x;
	const char *text;
	size_t len;

	if (!(a->sha256 = cache_sha256(c, name, ABOUT))) return false;
	if (!(text = read_description(c, m, name, &len))) return false;
	if (image_index_parse(m, text, len, &x, NULL) < 0 || x.n != 1) return false;
	a->image = x.images[0];
	a->pinned = is_pinned(text, len);
	if (a->image.n_builds != 1 || !sha256_same(a->image.builds->sha256, a->sha256))
		return false;
	whole = mark_open(cache_fd(c), cache_whole(c, a->image.builds), O_RDONLY);
	return whole >= 0;
}

static bool same_product(const struct image *a, const struct image *b)
{
	return str_eq(a->distro, b->distro) && str_eq(a->release, b->release) &&
	       str_eq(a->arch, b->arch) && str_eq(a->variant, b->variant);
}

/* Remove both files or none: without its description an archive is useless. */
static void remove_image(const struct image_cache *c, const struct image_build *b)
{
	const char *about = cache_name(c, b->sha256, ABOUT);
	bool strange;
	AUTOCLOSE int fd = cache_open_ours(c, about, &strange);

	if (fd < 0 || cache_remove_ours(c, cache_whole(c, b), NULL, NULL) < 0) return;
	mark_unlink(cache_fd(c), about, fd, NULL);
}

/* Remove older builds of a product, except those that a user asked for by serial. */
static void drop_older_builds(const struct image_cache *c, const struct image_pick *than)
{
	AUTODIR DIR *d = dir_names(cache_fd(c));
	struct dirent *entry;
	struct about a;

	while (d && (entry = readdir(d))) {
		if (!read_about(c, c->m, entry->d_name, &a) || a.pinned) continue;
		if (same_product(&a.image, than->image) &&
		    strcmp(a.image.builds->serial, than->build->serial) < 0)
			remove_image(c, a.image.builds);
	}
}

void cache_drop_stale(const struct image_cache *c)
{
	AUTODIR DIR *d = dir_names(cache_fd(c));
	time_t now = time(NULL);
	struct dirent *entry;
	struct stat st;
	bool strange;

	while (d && (entry = readdir(d))) {
		AUTOCLOSE int fd = -1;

		if (!cache_sha256(c, entry->d_name, HALF)) continue;
		if ((fd = cache_open_ours(c, entry->d_name, &strange)) < 0 ||
		    fstat(fd, &st) < 0)
			continue;
		if (now - st.st_mtime > STALE_SECONDS && flock(fd, LOCK_EX | LOCK_NB) == 0)
			mark_unlink(cache_fd(c), entry->d_name, fd, NULL);
	}
}

static void write_marked(const struct image_cache *c, const char *name, const char *sha256,
                         const char *text)
{
	AUTOCLOSE int fd = openat(cache_fd(c), name,
	                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) return;
	if (cache_mark(c, fd, sha256, NULL) == 0 &&
	    write_all(fd, text, strlen(text), NULL) == 0)
		fsync(fd);
	else
		mark_unlink(cache_fd(c), name, fd, NULL);
}

void cache_write(const struct image_cache *c, const char *name, const char *sha256,
                 const char *text)
{
	struct stat st;

	cache_remove_ours(c, name, NULL, NULL);
	if (fstatat(cache_fd(c), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && cache_is_blank(&st))
		unlinkat(cache_fd(c), name, 0);
	write_marked(c, name, sha256, text);
}

/* Write the description, unless there is a valid one that is pinned as well. */
static void keep_about(const struct image_cache *c, const struct image_pick *what, bool pinned)
{
	const char *sha256 = what->build->sha256, *name = cache_name(c, sha256, ABOUT);
	struct about a;

	if (read_about(c, c->m, name, &a) && (a.pinned || !pinned)) return;
	cache_write(c, name, sha256, about_text(c->m, what, pinned));
}

void image_cache_keep(const struct image_cache *c, const struct image_pick *what, bool pinned,
                      struct cached *k)
{
	const struct image_build *b = what->build;

	if (k->fd < 0) return;
	if (!k->whole && rename_new(cache_fd(c), cache_name(c, b->sha256, HALF),
	                            cache_whole(c, b)) < 0) {
		image_cache_drop(c, b, k);
		return;
	}
	k->whole = true;
	keep_about(c, what, pinned);
	drop_older_builds(c, what);
	cache_drop_stale(c);
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

/* Several builds of one product become one image. */
static void add_image(struct arena *m, struct image_index *x, const struct image *img)
{
	for (size_t i = 0; i < x->n; i++)
		if (same_product(&x->images[i], img))
			return add_build(m, &x->images[i], img->builds);
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

/* -- deletion -- */

static bool has_name_of_ours(const struct image_cache *c, const char *name)
{
	return sha256_of_whole(c, name) || cache_sha256(c, name, HALF) ||
	       cache_sha256(c, name, ABOUT) || cache_sha256(c, name, WHOLE_PART) ||
	       cache_sha256(c, name, NOTE);
}

void image_cache_tell(const struct image_cache *c)
{
	AUTODIR DIR *d = c->dir ? dir_names(cache_fd(c)) : NULL;
	struct dirent *entry;
	bool strange;

	while (d && (entry = readdir(d))) {
		AUTOCLOSE int fd = -1;

		if (!has_name_of_ours(c, entry->d_name)) continue;
		fd = cache_open_ours(c, entry->d_name, &strange);
		if (strange)
			out_warn("%s", mark_none(c->m, cache_fd(c), c->path, entry->d_name));
	}
}

/* Whether it is a partial file that is being fetched. */
static bool is_in_use(const struct image_cache *c, const char *name, int fd)
{
	return cache_sha256(c, name, HALF) && flock(fd, LOCK_EX | LOCK_NB) < 0;
}

void image_cache_tell_halves(const struct image_cache *c)
{
	AUTODIR DIR *d = c->dir ? dir_names(cache_fd(c)) : NULL;
	struct dirent *entry;
	bool strange;

	while (d && (entry = readdir(d))) {
		AUTOCLOSE int fd = -1;
		struct stat st;
		char size[SIZE_ROOM];

		if (!cache_sha256(c, entry->d_name, HALF)) continue;
		fd = cache_open_ours(c, entry->d_name, &strange);
		if (fd < 0 || fstat(fd, &st) < 0) continue;
		out_note("%s/%s: %s of an image, %s", c->path, entry->d_name,
		         size_text((uint64_t)st.st_size, size),
		         is_in_use(c, entry->d_name, fd) ?
		         "which is being fetched" :
		         "whose download was interrupted; the next create of it goes on there");
	}
}

static const char *describe_file(const struct image_cache *c, const char *name)
{
	const char *sha256 = sha256_of_whole(c, name);
	const struct image *img;
	struct about a;

	if (!sha256) return "part of an image";
	if (!read_about(c, c->m, cache_name(c, sha256, ABOUT), &a)) return "an image";
	img = &a.image;
	return arena_printf(c->m, "%s %s %s %s, build %s", img->distro, img->release, img->arch,
	                    img->variant, img->builds->serial);
}

static void prune_file(const struct image_cache *c, const char *name, struct image_pruned *p)
{
	bool strange;
	AUTOCLOSE int fd = cache_open_ours(c, name, &strange);
	const char *what = describe_file(c, name);
	struct err why = { 0 };
	struct stat st;

	if (fd < 0 || is_in_use(c, name, fd)) return;
	if (fstat(fd, &st) == 0 && mark_unlink(cache_fd(c), name, fd, &why) == 0) {
		out_note(FOLDER "/%s deleted: %s", name, what);
		p->bytes += (uint64_t)st.st_blocks * 512;
		return;
	}
	out_warn("%s/%s stays: %s", c->path, name, why.text);
	p->failed++;
}

/* Delete a description, unless its archive stays. */
static void prune_about(const struct image_cache *c, const char *name, struct image_pruned *p)
{
	static const char *const kinds[] = { WHOLE_TAR, WHOLE_SQUASHFS };
	const char *sha256 = cache_sha256(c, name, ABOUT);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		AUTOCLOSE int whole = mark_open(cache_fd(c), cache_name(c, sha256, kinds[i]),
		                                O_RDONLY);

		if (whole >= 0 || errno != ENOENT) return;
	}
	cache_remove_ours(c, name, &p->bytes, NULL);
}

static int list_cache(const struct image_cache *c, struct words *names, struct err *e)
{
	AUTODIR DIR *d = dir_names(cache_fd(c));
	struct dirent *entry;

	if (!d) return fail_sys(e, "open %s", c->path);
	while ((entry = readdir(d)))
		if (has_name_of_ours(c, entry->d_name)) words_add(names, entry->d_name);
	return 0;
}

int image_cache_prune(const struct image_cache *c, struct image_pruned *p, struct err *e)
{
	struct words names = { .m = c->m };

	if (!c->dir) return 0;
	if (list_cache(c, &names, e) < 0) return -1;
	for (size_t i = 0; i < names.n; i++)
		if (!cache_sha256(c, names.v[i], ABOUT)) prune_file(c, names.v[i], p);
	for (size_t i = 0; i < names.n; i++)
		if (cache_sha256(c, names.v[i], ABOUT)) prune_about(c, names.v[i], p);
	mark_sweep(cache_fd(c));
	return 0;
}
