#include "lib/disk/export_same.h"

#include <string.h>
#include <unistd.h>

#include "lib/archive/have.h"
#include "lib/archive/pack.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"

enum { PIECE = 256 << 10 };

/* 1: it has become shorter. */
static int hash_extent(struct sha256 *h, int fd, const struct tar_extent *x, char *piece,
                       struct err *e)
{
	for (uint64_t done = 0; done < x->n;) {
		size_t want = x->n - done < PIECE ? (size_t)(x->n - done) : PIECE;
		ssize_t k = pread(fd, piece, want, (off_t)(x->at + done));

		if (k < 0) return fail_sys(e, "read");
		if (k == 0) return 1;
		if (check_signal(e) < 0) return -1;
		sha256_add(h, piece, (size_t)k);
		done += (uint64_t)k;
	}
	return 0;
}

/* As check.c counts it: the contents, with the map of a file with holes. */
static int sum_file(struct arena *m, const struct tar_entry *n, int fd,
                    const struct tar_extent *v, size_t extents, unsigned char sum[HAVE_HASH],
                    struct err *e)
{
	unsigned char digest[SHA256_SIZE];
	char *piece = arena_alloc(m, PIECE);
	struct sha256 heads, content;
	int rc = 0;

	have_begin(n, &heads, &content);
	for (size_t i = 0; rc == 0 && i < extents; i++)
		rc = hash_extent(&content, fd, &v[i], piece, e);
	sha256_digest(&content, digest);
	have_sum(&heads, digest, sum);
	return rc;
}

int export_same(const struct have *there, struct pack *to, const struct tar_entry *n, int fd,
                const struct tar_extent *v, size_t extents, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	unsigned char sum[HAVE_HASH];
	const char *name;
	int rc;

	if (!n->size || !have_knows(there, n->path)) return 0;
	if ((rc = sum_file(&m, n, fd, v, extents, sum, e))) return rc < 0 ? -1 : 0;
	if (!have_has(there, n->path, sum)) return 0;
	name = arena_printf(&m, HAVE_SAME "%s", n->path);
	return pack_file(to, name, sum, HAVE_HASH, 0, e) < 0 ? -1 : 1;
}
