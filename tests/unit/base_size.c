#include "lib/base/size.h"

#include "lib/base/err.h"
#include "tests/unit/test.h"

static void is_size(const char *text, uint64_t want)
{
	struct err e = { 0 };
	uint64_t got = 0;

	CHECK_INT(size_parse(text, &got, &e), 0);
	CHECK(got == want);
	CHECK_STR(e.text, "");
}

static void is_none(const char *text, const char *want)
{
	struct err e = { 0 };
	uint64_t got;

	CHECK_INT(size_parse(text, &got, &e), -1);
	CHECK_STR(e.text, want);
	CHECK_INT(e.kind, ERR_INPUT);
}

TEST(sizes)
{
	is_size("0", 0);
	is_size("512", 512);
	is_size("512b", 512);
	is_size("64K", 65536);
	is_size("64kib", 65536);
	is_size("10MB", 10 << 20);
	is_size("64G", UINT64_C(64) << 30);
	is_size("1.5T", UINT64_C(3) << 39);
	is_size("0.5k", 512);
	is_size("7E", UINT64_C(7) << 60);
	is_size("999999999999999", UINT64_C(999999999999999));
}

static void is_written(uint64_t bytes, const char *want)
{
	char out[SIZE_ROOM];

	CHECK_STR(size_text(bytes, out), want);
}

TEST(sizes_are_written)
{
	is_written(0, "0.0 MiB");
	is_written(100000, "0.1 MiB");
	is_written(92375900, "88.1 MiB");
	is_written((UINT64_C(1) << 30) - 1, "1024.0 MiB");
	is_written(UINT64_C(1) << 30, "1.0 GiB");
	is_written(UINT64_C(64) << 30, "64.0 GiB");
	is_written(UINT64_MAX, "17179869184.0 GiB");
}

TEST(what_is_none)
{
	is_none("", "'' is not a size, such as 500M, 64G or 1.5T");
	is_none("G", "'G' is not a size, such as 500M, 64G or 1.5T");
	is_none("-1", "'-1' is not a size, such as 500M, 64G or 1.5T");
	is_none("1.", "'1.' is not a size, such as 500M, 64G or 1.5T");
	is_none(".5", "'.5' is not a size, such as 500M, 64G or 1.5T");
	is_none("1.2.3", "'1.2.3' is not a size, such as 500M, 64G or 1.5T");
	is_none("1X", "'1X' is not a size, such as 500M, 64G or 1.5T");
	is_none("1iB", "'1iB' is not a size, such as 500M, 64G or 1.5T");
	is_none("1GG", "'1GG' is not a size, such as 500M, 64G or 1.5T");
	is_none("1 G", "'1 G' is not a size, such as 500M, 64G or 1.5T");
	is_none("8E", "'8E' is too large a size");
	is_none("9999999999999999",
	        "'9999999999999999' is not a size, such as 500M, 64G or 1.5T");
}
