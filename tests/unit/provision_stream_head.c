#include "lib/provision/stream_head.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/disk/zfs_replica.h"
#include "tests/unit/test.h"

static int take(struct arena *m, const char *text, struct stream_head *h)
{
	struct err e = { 0 };
	int rc = stream_head_read(m, text, h, &e);

	CHECK_INT(e.kind, rc < 0 ? ERR_INPUT : ERR_NONE);
	return rc;
}

TEST(a_head_is_read_as_it_was_written)
{
	AUTOFREE struct arena m = { 0 };
	struct stream_head full = { "0.1.0", "web", "monday", NULL, UINT64_MAX, 0 }, got;
	struct stream_head more = { "0.1.0", "web", "b c", "a:b", 7, 1 };

	CHECK_INT(take(&m, stream_head_text(&m, &full), &got), 0);
	CHECK_STR(got.version, "0.1.0");
	CHECK_STR(got.jail, "web");
	CHECK_STR(got.label, "monday");
	CHECK(!got.base);
	CHECK(got.guid == UINT64_MAX && got.from == 0);
	CHECK_INT(take(&m, stream_head_text(&m, &more), &got), 0);
	CHECK_STR(got.label, "b c");
	CHECK_STR(got.base, "a:b");
	CHECK_INT(got.guid, 7);
	CHECK_INT(got.from, 1);
}

#define HEAD "format=zfs-1\nversion=1\n"

TEST(what_makes_no_sense_is_refused)
{
	static const char *const wrong[] = {
		"", "format=zfs-1", "format=zfs-1\n",
		"format=zfs-2\njail=web\nlabel=a\nguid=1\nfrom=0\n",
		HEAD "label=a\nguid=1\nfrom=0\n",
		HEAD "jail=web\nguid=1\nfrom=0\n",
		HEAD "jail=web\nlabel=a\nfrom=0\n",
		HEAD "jail=web\nlabel=a\nguid=1\n",
		HEAD "jail=../x\nlabel=a\nguid=1\nfrom=0\n",
		HEAD "jail=.x\nlabel=a\nguid=1\nfrom=0\n",
		HEAD "jail=web\nlabel=-r\nguid=1\nfrom=0\n",
		HEAD "jail=web\nlabel=a@b\nguid=1\nfrom=0\n",
		HEAD "jail=web\nlabel=a/b\nguid=1\nfrom=0\n",
		HEAD "jail=web\nlabel=a%b\nguid=1\nfrom=0\n",
		HEAD "jail=web\nlabel=a\nguid=0\nfrom=0\n",
		HEAD "jail=web\nlabel=a\nguid=-1\nfrom=0\n",
		HEAD "jail=web\nlabel=a\nguid=18446744073709551616\nfrom=0\n",
		HEAD "jail=web\nlabel=a\nguid=0x1\nfrom=0\n",
		HEAD "jail=web\nlabel=a\nguid=1\nfrom=1\nbase=b\n",
		HEAD "jail=web\nlabel=a\nguid=1\nfrom=2\n",
		HEAD "jail=web\nlabel=a\nguid=1\nfrom=2\nbase=-b\n",
	};
	AUTOFREE struct arena m = { 0 };
	struct stream_head got;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (take(&m, wrong[i], &got) == 0)
			test_fail(__FILE__, __LINE__, "%zu is not refused", i);
}

TEST(the_first_line_of_a_key_counts_and_others_are_skipped)
{
	AUTOFREE struct arena m = { 0 };
	struct stream_head got;

	CHECK_INT(take(&m, HEAD "new=thing\njail=web\njail=x\nlabel=a\nguid=1\nfrom=0\nbase=-",
	               &got), 0);
	CHECK_STR(got.jail, "web");
	CHECK(!got.base);
}

static int guess(struct arena *m, const char *name, struct stream_head *h)
{
	struct zfs_begin b = { .guid = 7, .from = 3 };
	struct err e = { 0 };
	int rc;

	strncpy(b.name, name, sizeof b.name - 1);
	rc = stream_head_guess(m, &b, h, &e);
	CHECK_INT(e.kind, rc < 0 ? ERR_INPUT : ERR_NONE);
	return rc;
}

TEST(what_the_first_record_of_a_stream_tells)
{
	static const char *const wrong[] = {
		"", "tank", "tank/web", "tank/web@", "@a", "tank/@a", "tank/.x@a",
		"tank/web@-r", "tank/web@a/b", "tank/web@a@b",
	};
	AUTOFREE struct arena m = { 0 };
	struct stream_head got;

	CHECK_INT(guess(&m, "tank/jails/web@a b", &got), 0);
	CHECK_STR(got.jail, "web");
	CHECK_STR(got.label, "a b");
	CHECK_STR(got.base, "");
	CHECK_INT(got.guid, 7);
	CHECK_INT(got.from, 3);
	CHECK_INT(guess(&m, "tank@a", &got), 0);
	CHECK_STR(got.jail, "tank");
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (guess(&m, wrong[i], &got) == 0)
			test_fail(__FILE__, __LINE__, "%s is not refused", wrong[i]);
}
