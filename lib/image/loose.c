/* Archives of the user's own: no list names them, nothing is kept. */

#include "lib/image/fetch.h"

#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "lib/net/http.h"
#include "lib/net/sha256.h"

enum { BLOCK = 128 * 1024 };

/* One on its way. */
struct loose {
	const struct image_sink *sink;
	struct sha256 hash;
	uint64_t done, total;		/* 0: not known */
	unsigned char block[BLOCK];
};

static struct loose *loose_begin(struct arena *m, const char *sha256,
                                 const struct image_sink *sink, struct err *e)
{
	struct loose *f = arena_alloc(m, sizeof *f);

	f->sink = sink;
	sha256_begin(&f->hash);
	if (!sha256 || sha256_is_hex(sha256)) return f;
	return fail(e, ERR_USAGE, "a SHA-256 has 64 hexadecimal digits: '%s'", sha256), NULL;
}

static int loose_pass(struct loose *f, size_t n, struct err *e)
{
	sha256_add(&f->hash, f->block, n);
	f->done += n;
	if (f->sink->take(f->sink->arg, f->block, n, e) < 0) return -1;
	if (f->sink->progress) f->sink->progress(f->sink->arg, f->done, f->total);
	return 0;
}

static int loose_end(const struct loose *f, const char *sha256, struct err *e)
{
	char hex[SHA256_HEX + 1];

	sha256_end(&f->hash, hex);
	if (!sha256 || sha256_same(hex, sha256)) return 0;
	return fail(e, ERR_UNTRUSTED, "its SHA-256 is %s", hex);
}

int image_read(int fd, const char *sha256, const struct image_sink *sink, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct loose *f = loose_begin(&m, sha256, sink, e);
	struct stat st;
	ssize_t n;

	if (!f) return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) f->total = (uint64_t)st.st_size;
	for (;;) {
		if (wait_fd(fd, POLLIN, NO_DEADLINE, e) < 0) return -1;
		if ((n = read(fd, f->block, BLOCK)) < 0) return fail_sys(e, "read");
		if (n == 0) return loose_end(f, sha256, e);
		if (loose_pass(f, (size_t)n, e) < 0) return -1;
	}
}

int image_fetch_url(struct image_source *s, const char *sha256, const struct image_sink *sink,
                    struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct loose *f = loose_begin(&m, sha256, sink, e);
	struct http_reply r;
	ssize_t n;

	if (!f || http_get(s->http, &m, &(struct http_request){ .url = s->base }, &r, e) < 0) return -1;
	if (r.length > 0) f->total = (uint64_t)r.length;
	while ((n = stream_read(r.body, f->block, BLOCK, e)) > 0)
		if (loose_pass(f, (size_t)n, e) < 0) return -1;
	return n < 0 ? -1 : loose_end(f, sha256, e);
}
