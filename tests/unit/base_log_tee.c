#include "lib/base/log_tee.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "tests/unit/test.h"

/* What a program that prints `text` leaves in the file. */
static size_t kept(const char *text, size_t limit, char *out, size_t room)
{
	struct log_tee r;
	struct err e = { 0 };
	FILE *f = tmpfile();
	size_t n;

	CHECK_INT(log_tee_begin(&r, fileno(f), limit, &e), 0);
	CHECK_INT(write_all(r.in, text, strlen(text), &e), 0);
	log_tee_end(&r);
	rewind(f);
	n = fread(out, 1, room - 1, f);
	out[n] = 0;
	fclose(f);
	return n;
}

TEST(all_of_it_is_kept)
{
	char out[64];

	out_init(OUT_QUIET);
	kept("one\ntwo", 10, out, sizeof out);
	CHECK_STR(out, "one\ntwo");
	kept("", 10, out, sizeof out);
	CHECK_STR(out, "");
}

TEST(or_as_much_as_was_asked_for)
{
	char out[64];

	out_init(OUT_QUIET);
	kept("0123456789", 4, out, sizeof out);
	CHECK_STR(out, "0123\n(the rest is not kept)\n");
	kept("0123", 4, out, sizeof out);
	CHECK_STR(out, "0123");
}

/* Somebody who holds the pipe on does not hold us. */
TEST(the_end_is_ours)
{
	struct log_tee r;
	struct err e = { 0 };
	FILE *f = tmpfile();
	int other;

	out_init(OUT_QUIET);
	CHECK_INT(log_tee_begin(&r, fileno(f), 100, &e), 0);
	other = dup(r.in);
	CHECK_INT(write_all(other, "x", 1, &e), 0);
	log_tee_end(&r);
	CHECK_INT(lseek(fileno(f), 0, SEEK_END), 1);
	log_tee_end(&r);
	close(other);
	fclose(f);
}
