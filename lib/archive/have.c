#include "lib/archive/have.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/archive/tar_head.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

void have_path(const char *path, unsigned char hash[HAVE_HASH])
{
	unsigned char digest[SHA256_SIZE];
	struct sha256 h;

	sha256_begin(&h);
	sha256_add(&h, path, strlen(path));
	sha256_digest(&h, digest);
	memcpy(hash, digest, HAVE_HASH);
}

void have_begin(const struct tar_entry *n, struct sha256 *heads, struct sha256 *content)
{
	AUTOFREE struct arena m = { 0 };
	struct str head = { .m = &m }, map = { .m = &m };
	bool lost;

	tar_head_add(&head, &map, n, &lost);
	sha256_begin(heads);
	sha256_add(heads, head.s, head.len);
	sha256_begin(content);
	if (map.len) sha256_add(content, map.s, map.len);
}

void have_sum(const struct sha256 *heads, const unsigned char digest[SHA256_SIZE],
              unsigned char sum[HAVE_HASH])
{
	struct sha256 h = *heads;
	unsigned char all[SHA256_SIZE];

	sha256_add(&h, digest, SHA256_SIZE);
	sha256_digest(&h, all);
	memcpy(sum, all, HAVE_HASH);
}

/* -- lists -- */

void have_add(struct have *h, const void *records, size_t bytes)
{
	size_t n = bytes / sizeof *h->v;

	if (n > HAVE_MAX - h->n) n = HAVE_MAX - h->n;
	for (size_t i = 0; i < n; i++) {
		h->v = arena_grow(h->m, h->v, h->n, &h->room, sizeof *h->v);
		memcpy(&h->v[h->n++], (const char *)records + i * sizeof *h->v, sizeof *h->v);
	}
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct have_record));
}

void have_sort(struct have *h)
{
	if (h->n) qsort(h->v, h->n, sizeof *h->v, compare);
}

/* The first record that is not before that one. */
static size_t find_record(const struct have *h, const struct have_record *r)
{
	size_t low = 0, high = h->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&h->v[middle], r) < 0) low = middle + 1;
		else high = middle;
	}
	return low;
}

bool have_knows(const struct have *h, const char *path)
{
	struct have_record r = { 0 };
	size_t i;

	if (!h->n) return false;
	have_path(path, r.path);
	i = find_record(h, &r);
	return i < h->n && !memcmp(h->v[i].path, r.path, HAVE_HASH);
}

bool have_has(const struct have *h, const char *path, const unsigned char sum[HAVE_HASH])
{
	struct have_record r;
	size_t i;

	if (!h->n) return false;
	have_path(path, r.path);
	memcpy(r.sum, sum, HAVE_HASH);
	i = find_record(h, &r);
	return i < h->n && !compare(&h->v[i], &r);
}

/* -- shared with a child -- */

struct have_notes *have_notes_new(struct err *e)
{
	void *p = mmap(NULL, sizeof(struct have_notes), PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? fail_sys(e, "mmap"), NULL : p;
}

void have_notes_free(struct have_notes *notes)
{
	if (notes) munmap(notes, sizeof *notes);
}

/* The record is there before its number says so. */
void have_note(struct have_notes *notes, const char *path, const unsigned char sum[HAVE_HASH])
{
	struct have_record *r = &notes->v[notes->n];

	if (notes->n >= HAVE_MAX) return;
	have_path(path, r->path);
	memcpy(r->sum, sum, HAVE_HASH);
	__atomic_store_n(&notes->n, notes->n + 1, __ATOMIC_RELEASE);
}

size_t have_notes_n(const struct have_notes *notes)
{
	size_t n = __atomic_load_n(&notes->n, __ATOMIC_ACQUIRE);

	return n < HAVE_MAX ? n : HAVE_MAX;
}
