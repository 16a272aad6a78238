#include "lib/base/sha256.h"

#include <string.h>

#include "tests/unit/test.h"

static const char *digest(const void *data, size_t n, size_t step, bool slow)
{
	static char hex[SHA256_HEX + 1];
	const char *p = data;
	struct sha256 h;
	size_t k;

	sha256_begin(&h);
	if (slow) h.fast = false;
	for (; n; p += k, n -= k) {
		k = n < step ? n : step;
		sha256_add(&h, p, k);
	}
	sha256_end(&h, hex);
	return hex;
}

/* FIPS 180-4's own examples */
TEST(known_digests)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

	CHECK_STR(digest("", 0, 1, false),
	          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	CHECK_STR(digest("abc", 3, 3, false),
	          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK_STR(digest(two, sizeof two - 1, 99, false),
	          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(however_it_is_cut_up)
{
	static unsigned char data[5000];
	char want[SHA256_HEX + 1];
	size_t n, step;

	for (n = 0; n < sizeof data; n++)
		data[n] = (unsigned char)(n * 7 + n / 256);
	for (n = 0; n < 300; n += 7)
		for (step = 1; step < 200; step += 3) {
			strcpy(want, digest(data, n, n + 1, true));
			CHECK_STR(digest(data, n, step, false), want);
		}
	strcpy(want, digest(data, sizeof data, 64, true));
	CHECK_STR(digest(data, sizeof data, 1000, false), want);
}

TEST(a_million_times_a)
{
	static char a[1000000];

	memset(a, 'a', sizeof a);
	CHECK_STR(digest(a, sizeof a, 99999, false),
	          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(text_form)
{
	static const char lower[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	static const char upper[] =
		"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD";

	CHECK(sha256_is_hex(lower) && sha256_is_hex(upper));
	CHECK(sha256_same(lower, upper));
	CHECK(!sha256_is_hex(lower + 1) && !sha256_is_hex(""));
	CHECK(!sha256_is_hex(
		"ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
	CHECK(!sha256_is_hex(
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad0"));
	CHECK(!sha256_same(lower,
	                   "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ae"));
	CHECK(!sha256_same("", ""));
}
