#include "lib/archive/reading.h"

#include "lib/archive/confine.h"
#include "lib/archive/decode.h"
#include "lib/base/fd.h"

static int read_front(struct check *c, struct err *e)
{
	const void *data;
	ssize_t n;

	do {
		n = check_out(c)->next(check_out(c), &data, e);
	} while (n > 0 && !check_has_front(c));
	return n < 0 && check_is_export(c) ? -1 : 0;
}

static int read_export(struct check *c, struct check_seal *seal, struct err *e)
{
	const void *data;
	ssize_t n;

	while ((n = check_out(c)->next(check_out(c), &data, e)) > 0)
		;
	if (n < 0 || check_finish(c, e) < 0) return -1;
	return check_seal_finish(seal, e);
}

/* If nobody takes it, the caller has given up, and ends us. */
static void pass_on(void *arg, const void *data, size_t n)
{
	(void)arg;
	write_all(CONFINED_OUT, data, n, NULL);
}

static int pass_all(struct pull *from, struct err *e)
{
	const void *data;
	ssize_t n;

	while ((n = from->next(from, &data, e)) > 0)
		pass_on(NULL, data, (size_t)n);
	return (int)n;
}

int read_checked(struct arena *m, struct pull *in, enum reading what, struct check_front *front,
                 struct err *e)
{
	struct check_seal *seal = check_seal_open(m, in);
	struct decode *d = decode_open(m, check_seal_out(seal), e);
	struct check *c;
	int rc;

	if (!d) return -1;
	c = check_open(m, decode_out(d), front);
	if (what == READ_STREAM) check_pass(c, pass_on, NULL);
	if (what == READ_RAW) rc = pass_all(decode_out(d), e);
	else rc = what == READ_FRONT ? read_front(c, e) : read_export(c, seal, e);
	decode_close(d);
	return rc;
}
