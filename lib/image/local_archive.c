/* Archives of the user, which are in no list and not kept whole in the cache. */

#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/image/impl.h"
#include "lib/base/sha256.h"
#include "lib/net/url.h"

enum { BLOCK = 128 * 1024 };

/* The transfer of such an archive. */
struct loose {
	const struct image_sink *sink;
	struct sha256 hash;
	uint64_t done, total;		/* 0: not known */
	unsigned char block[BLOCK];
};

static int check_digits(const char *sha256, struct err *e)
{
	if (!sha256 || sha256_is_hex(sha256)) return 0;
	return fail(e, ERR_USAGE, "'%s' is not a SHA-256: it must have 64 hexadecimal digits",
	            sha256);
}

static struct loose *loose_begin(struct arena *m, const char *sha256,
                                 const struct image_sink *sink, struct err *e)
{
	struct loose *f = arena_alloc(m, sizeof *f);

	f->sink = sink;
	sha256_begin(&f->hash);
	return check_digits(sha256, e) < 0 ? NULL : f;
}

static int loose_pass(struct loose *f, const void *data, size_t n, struct err *e)
{
	sha256_add(&f->hash, data, n);
	f->done += n;
	if (f->sink->take(f->sink->arg, data, n, e) < 0) return -1;
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

const char *lower_case(struct arena *m, const char *text)
{
	char *s = arena_strdup(m, text);

	for (char *c = s; *c; c++)
		if (*c >= 'A' && *c <= 'F') *c += 'a' - 'A';
	return s;
}

/* A file that has no hash to be checked, and that the sink wants as it is. With a hash, what is
 * unpacked must be what was checked, whoever writes to the file meanwhile. */
static bool is_wanted(int fd, const char *sha256, const struct image_sink *sink)
{
	char head[8];
	ssize_t n;

	if (sha256 || !sink->wants_file) return false;
	return (n = pread(fd, head, sizeof head, 0)) > 0 &&
	       sink->wants_file(sink->arg, head, (size_t)n);
}

int image_read(int fd, const struct str *head, const char *sha256,
               const struct image_sink *sink, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct loose *f = loose_begin(&m, sha256, sink, e);
	struct stat st;
	ssize_t n;

	if (!f) return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		f->total = (uint64_t)st.st_size;
		if (lseek(fd, 0, SEEK_CUR) == 0 && is_wanted(fd, sha256, sink))
			return sink->file(sink->arg, fd, e);
	}
	if (head->len && loose_pass(f, head->s, head->len, e) < 0) return -1;
	for (;;) {
		if (wait_fd(fd, POLLIN, NO_DEADLINE, e) < 0) return -1;
		if ((n = read(fd, f->block, BLOCK)) < 0) return fail_sys(e, "read");
		if (n == 0) return loose_end(f, sha256, e);
		if (loose_pass(f, f->block, (size_t)n, e) < 0) return -1;
	}
}

int image_fetch_url(struct image_source *s, const char *sha256, const struct image_sink *sink,
                    struct err *e)
{
	const struct image_build b = {
		.serial = "",
		.path = url_name(s->m, s->base),
		.sha256 = sha256 ? lower_case(s->m, sha256) : NULL,
	};
	const struct remote f = { .url = s->base, .build = &b };
	bool refused;

	return check_digits(sha256, e) < 0 ? -1 : transfer(s, &f, sink, &refused, e);
}
