/* The bytes of an export, decompressed, in pieces of a size that the first byte says; and the
 * same bytes as a file with a seal. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/archive/check.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct bytes {
	struct pull pull;
	const uint8_t *data;
	size_t n, step;
};

static ssize_t next(struct pull *p, const void **data, struct err *e)
{
	struct bytes *b = (struct bytes *)p;
	size_t n = b->n < b->step ? b->n : b->step;

	(void)e;
	*data = b->data;
	b->data += n;
	b->n -= n;
	return (ssize_t)n;
}

static void count(void *arg, const void *data, size_t n)
{
	(void)data;
	*(size_t *)arg += n;
}

static size_t read_to_end(struct pull *p)
{
	struct err e = { 0 };
	size_t all = 0;
	const void *data;
	ssize_t n;

	while ((n = p->next(p, &data, &e)) > 0) all += (size_t)n;
	return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct check_front front;
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct bytes b, file;
	struct check *c;
	struct check_seal *s;
	size_t passed = 0;

	if (!n) return 0;
	memset(&front, 0, sizeof front);
	b = file = (struct bytes){ { next }, data + 1, n - 1, (size_t)data[0] * 16 + 1 };
	c = check_open(&m, &b.pull, &front);
	check_pass(c, count, &passed);
	if (read_to_end(check_out(c)) != n - 1) abort();
	if (passed > n || (passed && !front.is_export)) abort();
	if (front.head_n > sizeof front.head || front.config_n > sizeof front.config) abort();
	if (check_finish(c, &e) == 0 && (!check_has_front(c) || !front.is_export)) abort();
	s = check_seal_open(&m, &file.pull);
	if (read_to_end(check_seal_out(s)) != n - 1) abort();
	check_seal_finish(s, &e);
	return 0;
}
