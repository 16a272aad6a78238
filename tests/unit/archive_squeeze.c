#include "lib/archive/squeeze.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/archive/decode.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

enum { SIZE = 9 << 20 };

static const enum squeeze_kind kinds[] = { SQUEEZE_NONE, SQUEEZE_ZSTD, SQUEEZE_XZ,
					   SQUEEZE_GZIP };

/* Text, noise and zeros in turn. */
static unsigned char *make_data(struct arena *m)
{
	unsigned char *data = arena_alloc(m, SIZE);
	uint32_t x = 1;

	for (size_t i = 0; i < SIZE; i++) {
		x = x * 1664525 + 1013904223;
		if (i >> 18 & 2) continue;
		data[i] = (unsigned char)(i >> 18 & 1 ? x >> 24 : 'a' + (x >> 31));
	}
	return data;
}

/* Returns the memory file; the bytes come in pieces of `step`. */
static int squeeze(enum squeeze_kind kind, const unsigned char *data, size_t n, size_t step,
                   char *hex)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	int fd = memfd_create("squeezed", MFD_CLOEXEC);
	struct squeeze *q = squeeze_open(&m, kind, fd, NULL);

	for (size_t i = 0; i < n; i += step)
		CHECK_INT(squeeze_add(q, data + i, n - i < step ? n - i : step, &e), 0);
	CHECK_INT(squeeze_end(q, hex, &e), 0);
	lseek(fd, 0, SEEK_SET);
	squeeze_close(q);
	arena_free(&m);
	return fd;
}

struct from_fd {
	struct pull pull;
	int fd;
	char piece[10000];
};

static ssize_t from_fd_next(struct pull *p, const void **data, struct err *e)
{
	struct from_fd *f = (struct from_fd *)p;

	(void)e;
	*data = f->piece;
	return read(f->fd, f->piece, sizeof f->piece);
}

static size_t check_same(int fd, const unsigned char *data, size_t n)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	struct from_fd from = { .pull.next = from_fd_next, .fd = fd };
	struct decode *d = decode_open(&m, &from.pull, &e);
	size_t at = 0;
	const void *p;
	ssize_t k;

	CHECK(d);
	while (d && (k = decode_out(d)->next(decode_out(d), &p, &e)) > 0) {
		CHECK(at + (size_t)k <= n && !memcmp(p, data + at, (size_t)k));
		at += (size_t)k;
	}
	CHECK_STR(e.text, "");
	decode_close(d);
	arena_free(&m);
	return at;
}

TEST(what_is_squeezed_comes_out_again)
{
	struct arena m = { 0 };
	const unsigned char *data = make_data(&m);
	char hex[SHA256_HEX + 1];

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		for (size_t n = 1; n <= SIZE; n = n * 11 + 5) {
			int fd = squeeze(kinds[i], data, n, n, hex);

			CHECK_INT(check_same(fd, data, n), n);
			close(fd);
		}
	arena_free(&m);
}

TEST(however_the_bytes_come_the_file_is_the_same)
{
	struct arena m = { 0 };
	const unsigned char *data = make_data(&m);
	char one[SHA256_HEX + 1], two[SHA256_HEX + 1];

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		close(squeeze(kinds[i], data, SIZE, SIZE, one));
		close(squeeze(kinds[i], data, SIZE, 77777, two));
		CHECK_STR(one, two);
	}
	arena_free(&m);
}

TEST(the_hash_is_that_of_the_file)
{
	struct arena m = { 0 };
	const unsigned char *data = make_data(&m);
	char hex[SHA256_HEX + 1], want[SHA256_HEX + 1];

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int fd = squeeze(kinds[i], data, 5 << 20, 1 << 16, hex);
		off_t n = lseek(fd, 0, SEEK_END);
		void *p = mmap(NULL, (size_t)n, PROT_READ, MAP_SHARED, fd, 0);
		struct sha256 h;

		sha256_begin(&h);
		sha256_add(&h, p, (size_t)n);
		sha256_end(&h, want);
		CHECK_STR(hex, want);
		munmap(p, (size_t)n);
		close(fd);
	}
	arena_free(&m);
}

/* The threads have to end, and nothing may wait for them. */
TEST(a_full_disk_is_told)
{
	struct arena m = { 0 };
	const unsigned char *data = make_data(&m);

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
		struct squeeze *q = squeeze_open(&m, kinds[i], full, NULL);
		struct err e = { 0 };
		char hex[SHA256_HEX + 1];

		if (squeeze_add(q, data, SIZE, &e) == 0)
			CHECK_INT(squeeze_end(q, hex, &e), -1);
		CHECK_STR(e.text, "write the archive: No space left on device");
		squeeze_close(q);
		close(full);
	}
	arena_free(&m);
}
