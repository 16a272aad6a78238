#include "lib/archive/unstream.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/pack.h"
#include "lib/archive/pieces.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "tests/unit/test.h"

/* More than fits into any pipe. */
enum { STREAM = 2 * PIECES_EACH + 5000 };

struct made {
	struct arena m;
	unsigned char *data, *stream;
	size_t n;
};

static void add(struct pack *p, const char *path, const void *data, size_t n)
{
	const struct tar_entry entry = { .path = path, .mode = S_IFREG | 0600, .size = n };
	struct err e = { 0 };

	CHECK_INT(pack_entry(p, &entry, &e), 0);
	CHECK_INT(pack_add(p, data, n, &e), 0);
}

static void make(struct made *f, enum squeeze_kind kind)
{
	static const char head[] = PACK_FORMAT_STREAM "\njail=web\n", config[] = "startup=0\n";
	int fd = memfd_create("archive", 0), spool = memfd_create("spool", 0);
	char hex[SHA256_HEX + 1], name[PIECES_NAME];
	struct err e = { 0 };
	struct pack p;

	*f = (struct made){ 0 };
	f->stream = arena_alloc(&f->m, STREAM);
	for (size_t i = 0; i < STREAM; i++) f->stream[i] = (unsigned char)(i * i >> 8);
	pack_begin(&p, &f->m, kind, fd, spool);
	add(&p, PACK_HEAD, head, sizeof head - 1);
	add(&p, PACK_CONFIG, config, sizeof config - 1);
	for (size_t at = 0; at < STREAM; at += PIECES_EACH) {
		pieces_name((uint32_t)(at / PIECES_EACH) + 1, name);
		add(&p, name, f->stream + at,
		    STREAM - at < PIECES_EACH ? STREAM - at : PIECES_EACH);
	}
	CHECK_INT(pack_end(&p, hex, &e), 0);
	f->n = (size_t)lseek(fd, 0, SEEK_END);
	f->data = arena_alloc(&f->m, f->n);
	CHECK_INT(pread(fd, f->data, f->n, 0), f->n);
	pack_free(&p);
	close(fd);
	close(spool);
}

struct taken {
	const unsigned char *stream;
	size_t n, refuse_at;
	bool differs;
};

static int take(void *arg, const void *data, size_t n, struct err *e)
{
	struct taken *t = arg;

	if (t->refuse_at && t->n >= t->refuse_at) return fail(e, ERR_BUSY, "no more");
	if (n > STREAM - t->n || memcmp(t->stream + t->n, data, n)) t->differs = true;
	else t->n += n;
	return 0;
}

static int pass(const unsigned char *data, size_t n, size_t step, bool raw, struct taken *t,
                struct err *e)
{
	struct unstream s = { .take = take, .arg = t };
	int rc = unpack_begin_stream(&s.u, raw, e);

	for (size_t at = 0; rc == 0 && at < n; at += step)
		rc = unstream_feed(&s, data + at, n - at < step ? n - at : step, e);
	if (rc == 0) rc = unstream_end(&s, e);
	unpack_abort(&s.u);
	return rc;
}

TEST(the_stream_comes_out_as_it_was)
{
	static const enum squeeze_kind kinds[] = { SQUEEZE_NONE, SQUEEZE_ZSTD, SQUEEZE_GZIP };

	if (geteuid() != 0) SKIP("only root may do that");
	signals_catch();
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct err e = { 0 };
		struct taken t = { 0 };
		struct made f;

		make(&f, kinds[i]);
		t.stream = f.stream;
		CHECK_INT(pass(f.data, f.n, 100000, false, &t, &e), 0);
		CHECK_STR(e.text, "");
		CHECK_INT(t.n, STREAM);
		CHECK(!t.differs);
		arena_free(&f.m);
	}
}

TEST(a_stream_alone_comes_out_too)
{
	struct err e = { 0 };
	struct taken t = { 0 };
	struct made f;

	if (geteuid() != 0) SKIP("only root may do that");
	make(&f, SQUEEZE_NONE);
	t.stream = f.stream;
	memset(f.stream, 'x', 600);
	CHECK_INT(pass(f.stream, STREAM, 3 << 20, true, &t, &e), 0);
	CHECK_INT(t.n, STREAM);
	CHECK(!t.differs);
	arena_free(&f.m);
}

TEST(damage_is_told_at_the_end)
{
	static const size_t at[] = { 600, 3000, 5000000, 8390000 };

	if (geteuid() != 0) SKIP("only root may do that");
	for (size_t i = 0; i <= sizeof at / sizeof *at; i++) {
		struct err e = { 0 };
		struct taken t = { 0 };
		struct made f;

		make(&f, SQUEEZE_NONE);
		t.stream = f.stream;
		f.data[i < sizeof at / sizeof *at ? at[i] : f.n - 2000] ^= 4;
		CHECK_INT(pass(f.data, f.n, 70000, false, &t, &e), -1);
		CHECK_INT(e.kind, ERR_UNTRUSTED);
		arena_free(&f.m);
	}
}

TEST(who_takes_no_more_is_told_so)
{
	struct err e = { 0 };
	struct taken t = { .refuse_at = 100000 };
	struct made f;

	if (geteuid() != 0) SKIP("only root may do that");
	make(&f, SQUEEZE_NONE);
	t.stream = f.stream;
	CHECK_INT(pass(f.data, f.n, 4 << 20, false, &t, &e), -1);
	CHECK_STR(e.text, "no more");
	arena_free(&f.m);
}

TEST(another_archive_has_none)
{
	static unsigned char bytes[5000];
	struct err e = { 0 };
	struct taken t = { 0 };

	if (geteuid() != 0) SKIP("only root may do that");
	memset(bytes, 'x', sizeof bytes);
	t.stream = bytes;
	CHECK_INT(pass(bytes, sizeof bytes, 512, false, &t, &e), -1);
	CHECK_STR(e.text, "the archive was not made by 'jlmkr export'");
	CHECK_INT(t.n, 0);
}
