/* The blobs of images in layers that the cache keeps, and the notes that say which belong to a
 * reference. */

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/sha256.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/disk/mark.h"
#include "lib/image/impl.h"
#include "lib/text/oci.h"

#define COMING ", coming"

enum { NOTE_BYTES = 64 * 1024, NOTES_BYTES = 4 << 20 };

void cache_keep_part(const struct image_cache *c, const struct image_build *b, struct cached *k)
{
	if (k->fd < 0 || k->whole) return;
	if (rename_new(cache_fd(c), cache_name(c, b->sha256, HALF), cache_whole(c, b)) < 0)
		image_cache_drop(c, b, k);
	else
		k->whole = true;
}

void cache_keep_text(const struct image_cache *c, const char *digest, const char *text,
                     size_t n)
{
	const struct image_build b = { .sha256 = strchr(digest, ':') + 1, .size = n,
	                               .part = true };
	struct cached k;

	if (image_cache_find(c, &b, &k, NULL) < 0) return;
	if (!k.whole && !k.have) {
		image_cache_append(c, &b, &k, text, n);
		cache_keep_part(c, &b, &k);
	}
	image_cache_release(&k);
}

/* -- notes -- */

static const char *note_key(const struct image_cache *c, const char *reference)
{
	char hex[SHA256_HEX + 1];
	struct sha256 hash;

	sha256_begin(&hash);
	sha256_add(&hash, reference, strlen(reference));
	sha256_end(&hash, hex);
	return arena_strdup(c->m, hex);
}

static const char *read_note(const struct image_cache *c, struct arena *m, const char *name)
{
	bool strange;
	AUTOCLOSE int fd = cache_open_ours(c, name, &strange);
	const char *text = fd < 0 ? NULL : read_all(m, fd, NOTE_BYTES, NULL, NULL);

	return text ? text : "";
}

/* The texts of all notes; NULL if they are too long. */
static const char *read_notes(const struct image_cache *c, struct arena *m)
{
	AUTODIR DIR *d = dir_names(cache_fd(c));
	struct str all = { .m = m };
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		AUTOFREE struct arena scratch = { 0 };

		if (!cache_sha256(c, entry->d_name, NOTE)) continue;
		str_add(&all, read_note(c, &scratch, entry->d_name));
		if (all.len > NOTES_BYTES) return NULL;
	}
	return d ? str_text(&all) : NULL;
}

static void drop_parts(const struct image_cache *c)
{
	AUTOFREE struct arena scratch = { 0 };
	const char *notes = read_notes(c, &scratch), *sha256;
	AUTODIR DIR *d = notes ? dir_names(cache_fd(c)) : NULL;
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		sha256 = cache_sha256(c, entry->d_name, WHOLE_PART);
		if (sha256 && !strstr(notes, sha256))
			cache_remove_ours(c, entry->d_name, NULL, NULL);
	}
}

static void write_note(const struct image_cache *c, const char *reference, char *const *digests)
{
	const char *key = note_key(c, reference);

	cache_write(c, cache_name(c, key, NOTE), key,
	            arena_printf(c->m, "%s\n%s\n", reference, words_join(c->m, digests, "\n")));
}

static const char *coming(const struct image_cache *c, const char *reference)
{
	return arena_printf(c->m, "%s" COMING, reference);
}

void cache_note_coming(const struct image_cache *c, const char *reference, char *const *digests)
{
	if (c->dir) write_note(c, coming(c, reference), digests);
}

void cache_note_whole(const struct image_cache *c, const char *reference, char *const *digests)
{
	const char *key = note_key(c, coming(c, reference));

	if (!c->dir) return;
	write_note(c, reference, digests);
	cache_remove_ours(c, cache_name(c, key, NOTE), NULL, NULL);
	drop_parts(c);
	cache_drop_stale(c);
}

/* How many bytes of the blobs in a note are there. */
static uint64_t size_noted(const struct image_cache *c, struct arena *m, const char *digests)
{
	uint64_t sum = 0;
	struct stat st;

	for (; str_starts(digests, "sha256:"); digests += strcspn(digests, "\n") + 1) {
		const char *name = arena_printf(m, "%.64s" WHOLE_PART, digests + 7);

		if (fstatat(cache_fd(c), name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			sum += (uint64_t)st.st_size;
		if (!strchr(digests, '\n')) break;
	}
	return sum;
}

unsigned image_cache_tell_references(const struct image_cache *c)
{
	AUTODIR DIR *d = c->dir ? dir_names(cache_fd(c)) : NULL;
	struct dirent *entry;
	unsigned told = 0;

	while (d && (entry = readdir(d))) {
		AUTOFREE struct arena m = { 0 };
		const char *text;
		char size[SIZE_ROOM];
		size_t n;

		if (!cache_sha256(c, entry->d_name, NOTE)) continue;
		text = read_note(c, &m, entry->d_name);
		n = strcspn(text, "\n");
		if (!text[n] || str_ends(arena_strndup(&m, text, n), COMING)) continue;
		out_note("%.*s: kept, %s", (int)n, text,
		         size_text(size_noted(c, &m, text + n + 1), size));
		told++;
	}
	return told;
}

const char *cache_noted(const struct image_cache *c, const char *reference)
{
	const char *text, *digest;
	size_t n = strlen(reference);

	if (!c->dir) return NULL;
	text = read_note(c, c->m, cache_name(c, note_key(c, reference), NOTE));
	if (!str_starts(text, reference) || text[n] != '\n') return NULL;
	digest = arena_strndup(c->m, text + n + 1, strcspn(text + n + 1, "\n"));
	return oci_is_digest(digest) ? digest : NULL;
}
