/* Keys and signatures that GnuPG made: tests/data/openpgp/make. */

#include "lib/net/openpgp.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

#define TEST_KEY "2268DC3089D41E5BD657C37A57F0553A22A27518"

enum { MADE = 1780315200, DAY = 24 * 3600, NOW = MADE + DAY };

static const char mismatch[] = "its signature does not match it";
static const char unsupported[] = "its signature is of a kind that jlmkr does not support";
static const char wrong_time[] =
	"its signature was made in the future, or before its key; is the clock of this machine "
	"right?";

struct text {
	char *s;
	size_t n;
};

static struct text load(struct arena *m, const char *name)
{
	struct text t;
	struct err e = { 0 };

	t.s = read_file(m, AT_FDCWD, arena_printf(m, "tests/data/openpgp/%s", name), 1 << 16,
	                &t.n, &e);
	CHECK_STR(e.text, "");
	return t;
}

static int read_keys(struct arena *m, const char *name, struct openpgp_keys *keys,
                     struct err *e)
{
	struct text t = load(m, name);

	return openpgp_read_keys(m, t.s, t.n, keys, e);
}

/* What came of it: "good", the fault, or "stranger ID". The signature lies at the end of a page
 * of its own for ASan. */
static const char *verify(struct arena *m, const char *keys_file, struct text data,
                          struct text sig, int64_t now)
{
	struct openpgp_signature out;
	struct openpgp_keys keys;
	struct err e = { 0 };
	char *copy = malloc(sig.n + 1);
	int rc;

	CHECK(!read_keys(m, keys_file, &keys, &e));
	memcpy(copy, sig.s, sig.n);
	copy[sig.n] = 0;
	copy = realloc(copy, sig.n ? sig.n : 1);
	rc = openpgp_verify(&keys, data.s, data.n, copy, sig.n, now, &out, &e);
	free(copy);
	CHECK_INT(e.kind, rc < 0 ? ERR_UNTRUSTED : ERR_NONE);
	CHECK((rc == 1) == !!out.key);
	if (rc < 0) return arena_strdup(m, e.text);
	if (!rc) return arena_printf(m, "stranger %s", out.stranger);
	CHECK_INT(out.made, MADE);
	return arena_printf(m, "good %s", out.key->fingerprint);
}

static void judge(const char *key, const char *sig, int64_t now, const char *want)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(verify(&m, key, load(&m, "list"), load(&m, sig), now), want);
}

TEST(good_signatures)
{
	static const char *const files[] = { "sha256.asc", "sha384.asc", "sha512.asc",
	                                     "binary.sig", "policy.sig", "both.sig" };

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		judge("test.asc", files[i], NOW, "good " TEST_KEY);
	judge("both.asc", "binary.sig", NOW, "good " TEST_KEY);
	judge("both.gpg", "binary.sig", NOW, "good " TEST_KEY);
}

TEST(what_is_no_signature_by_the_key)
{
	judge("test.asc", "other.sig", NOW,
	      "stranger 695E0D725BF4A8EFF2948B85FAABE7BF44AD9962");
	judge("test.asc", "subkey.sig", NOW,
	      "stranger 9EFF48A8CD55709FADC05325F26CE146F089EA60");
	judge("test.asc", "edwards.sig", NOW,
	      "stranger 52D89480CAB7574369C80A9D81BF772722525726");
	judge("test.asc", "clear.asc", NOW, "stranger ");
	judge("test.asc", "list", NOW, "stranger ");
	judge("test.asc", "test.asc", NOW, unsupported);	/* its self-signature */
}

TEST(kinds_that_are_refused)
{
	judge("test.asc", "sha1.asc", NOW, unsupported);
	judge("test.asc", "text.sig", NOW, unsupported);
	judge("test.asc", "notation.sig", NOW, unsupported);
}

TEST(dates)
{
	judge("test.asc", "binary.sig", MADE - DAY, "good " TEST_KEY);
	judge("test.asc", "binary.sig", MADE - DAY - 1, wrong_time);
	judge("test.asc", "before-key.sig", NOW, wrong_time);
	judge("test.asc", "expires.sig", MADE + 10 * DAY, "good " TEST_KEY);
	judge("test.asc", "expires.sig", MADE + 10 * DAY + 1, "its signature has expired");
}

TEST(another_file)
{
	AUTOFREE struct arena m = { 0 };
	struct text list = load(&m, "list"), sig = load(&m, "sha512.asc");

	list.n--;
	CHECK_STR(verify(&m, "test.asc", list, sig, NOW), mismatch);
	list.n = 0;
	CHECK_STR(verify(&m, "test.asc", list, sig, NOW), mismatch);
}

/* Only the issuer that is not hashed may change: a hint, which the fingerprint replaces. */
TEST(every_bit_counts)
{
	AUTOFREE struct arena m = { 0 };
	struct text list = load(&m, "list"), sig = load(&m, "binary.sig");
	const size_t issuer = 41;	/* its type; what is before it counts */

	for (size_t i = 0; i < sig.n * 8; i++) {
		AUTOFREE struct arena one = { 0 };
		bool hint = i / 8 >= issuer && i / 8 < issuer + 9;
		const char *got;

		sig.s[i / 8] ^= (char)(1 << i % 8);
		got = verify(&one, "test.asc", list, sig, NOW);
		if (str_starts(got, "good ") && !hint)
			test_fail(__FILE__, __LINE__, "bit %zu of byte %zu", i % 8, i / 8);
		sig.s[i / 8] ^= (char)(1 << i % 8);
	}
	for (size_t i = 0; i < list.n * 8; i++) {
		list.s[i / 8] ^= (char)(1 << i % 8);
		CHECK_STR(verify(&m, "test.asc", list, sig, NOW), mismatch);
		list.s[i / 8] ^= (char)(1 << i % 8);
	}
}

TEST(cut_off_anywhere)
{
	AUTOFREE struct arena m = { 0 };
	struct text list = load(&m, "list"), sig = load(&m, "binary.sig"),
	            armored = load(&m, "sha512.asc");
	size_t whole = armored.n;

	for (; sig.n; sig.n--) {
		const char *got = verify(&m, "test.asc", list,
		                         (struct text){ sig.s, sig.n - 1 }, NOW);

		CHECK(!str_starts(got, "good "));
	}
	/* The line that ends the armor may lose its end. */
	for (; armored.n && armored.n > whole - strlen("PGP SIGNATURE-----\n"); armored.n--)
		CHECK_STR(verify(&m, "test.asc", list, armored, NOW), "good " TEST_KEY);
	for (armored.n--; armored.n; armored.n--)
		CHECK_STR(verify(&m, "test.asc", list, armored, NOW), "stranger ");
}

/* The packet of binary.sig with another header in front of its body. */
static const char *under_header(struct arena *m, const char *head, size_t n)
{
	struct text sig = load(m, "binary.sig");
	char *all = arena_alloc(m, n + sig.n);

	memcpy(all, head, n);
	memcpy(all + n, sig.s + 3, sig.n - 3);
	return verify(m, "test.asc", load(m, "list"), (struct text){ all, n + sig.n - 3 }, NOW);
}

/* The body has 307 bytes. */
TEST(packet_lengths)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_INT((long long)load(&m, "binary.sig").n, 310);
#define UNDER(head) under_header(&m, head, sizeof head - 1)
	CHECK_STR(UNDER("\x89\x01\x33"), "good " TEST_KEY);		/* old, 2 bytes */
	CHECK_STR(UNDER("\x8a\0\0\x01\x33"), "good " TEST_KEY);	/* old, 4 bytes */
	CHECK_STR(UNDER("\xc2\xc0\x73"), "good " TEST_KEY);		/* new, 2 bytes */
	CHECK_STR(UNDER("\xc2\xff\0\0\x01\x33"), "good " TEST_KEY);	/* new, 5 bytes */
	CHECK_STR(UNDER("\xca\x03PGP\xc2\xc0\x73"), "good " TEST_KEY);	/* behind a marker */
	CHECK_STR(UNDER("\x8b"), "stranger ");			/* indeterminate */
	CHECK_STR(UNDER("\xc2\xe8"), "stranger ");			/* partial */
	CHECK_STR(UNDER("\xc2\xfe"), "stranger ");
	CHECK_STR(UNDER("\x89\x01\x34"), "stranger ");		/* one byte too many */
	CHECK_STR(UNDER("\x8a\xff\xff\xff\xff"), "stranger ");
	CHECK_STR(UNDER("\xc2\xff\xff\xff\xff\xff"), "stranger ");
	CHECK_STR(UNDER("\x42\xc0\x73"), "stranger ");		/* not a packet */
	CHECK_STR(UNDER("\xc6\xc0\x73"), "stranger ");		/* a key */
#undef UNDER
}

/* binary.sig with `n` bytes of `with` instead of those at `at`; lengths are the caller's. */
static const char *with_bytes(struct arena *m, size_t at, const char *with, size_t n)
{
	struct text sig = load(m, "binary.sig");

	memcpy(sig.s + at, with, n);
	return verify(m, "test.asc", load(m, "list"), sig, NOW);
}

TEST(subpackets)
{
	AUTOFREE struct arena m = { 0 };

	/* At 9: a fingerprint of 22 bytes, then the date, which begins at 32. */
	CHECK_STR(with_bytes(&m, 9, "\xff\xff\xff\xff\xff", 5), "stranger ");
	CHECK_STR(with_bytes(&m, 9, "\xfe\xff", 2), "stranger ");
	CHECK_STR(with_bytes(&m, 9, "\0", 1), "stranger ");
	CHECK_STR(with_bytes(&m, 7, "\xff\xff", 2), "stranger ");
	CHECK_STR(with_bytes(&m, 32, "\x05\x42", 2), unsupported);	/* no date */
	CHECK_STR(with_bytes(&m, 32, "\x03\x02", 2), "stranger ");
	CHECK_STR(with_bytes(&m, 10, "\x14", 1), mismatch);	/* the issuer's end will do */
	CHECK_STR(with_bytes(&m, 10, "\x94", 1), unsupported);	/* unknown and critical */
	/* A date that is not hashed is no date, an unknown critical one there is ignored. */
	CHECK_STR(with_bytes(&m, 41, "\x90", 1), "good " TEST_KEY);
	CHECK_STR(with_bytes(&m, 41, "\x94", 1), "good " TEST_KEY);
	/* No hint whose it is. */
	CHECK_STR(with_bytes(&m, 41, "\x02", 1), "good " TEST_KEY);
}

TEST(versions)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(with_bytes(&m, 3, "\x03", 1), "stranger ");
	CHECK_STR(with_bytes(&m, 3, "\x06", 1), "stranger ");
	CHECK_STR(with_bytes(&m, 5, "\x11", 1), unsupported);	/* DSA */
	CHECK_STR(with_bytes(&m, 6, "\x01", 1), unsupported);	/* MD5 */
	CHECK_STR(with_bytes(&m, 6, "\x08", 1), mismatch);
}

TEST(no_more_than_a_few_are_tried)
{
	AUTOFREE struct arena m = { 0 };
	struct text sig = load(&m, "binary.sig"), many;

	many.n = 9 * sig.n;
	many.s = arena_alloc(&m, many.n);
	for (int i = 0; i < 9; i++)
		memcpy(many.s + i * sig.n, sig.s, sig.n);
	for (int i = 0; i < 7; i++)
		many.s[i * sig.n + 100]++;
	CHECK_STR(verify(&m, "test.asc", load(&m, "list"), many, NOW), "good " TEST_KEY);
	many.s[7 * sig.n + 100]++;
	CHECK_STR(verify(&m, "test.asc", load(&m, "list"), many, NOW), mismatch);
}

static void refuses_keys(const char *name)
{
	AUTOFREE struct arena m = { 0 };
	struct openpgp_keys keys;
	struct err e = { 0 };

	CHECK_INT(read_keys(&m, name, &keys, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_STR(e.text, "contains no OpenPGP public key of RSA with 2048 to 4096 bits, or "
	          "only revoked ones");
}

TEST(keys)
{
	AUTOFREE struct arena m = { 0 };
	struct openpgp_keys keys;
	struct err e = { 0 };

	CHECK(!read_keys(&m, "both.asc", &keys, &e));
	CHECK_INT((long long)keys.n, 2);
	CHECK_STR(keys.list[0].fingerprint, "695E0D725BF4A8EFF2948B85FAABE7BF44AD9962");
	CHECK_STR(keys.list[1].fingerprint, TEST_KEY);
	CHECK_INT(keys.list[1].created, 1735689600);
	CHECK_INT((long long)keys.list[1].modulus_len, 256);
	CHECK(!read_keys(&m, "both.gpg", &keys, &e));
	CHECK_INT((long long)keys.n, 2);
	refuses_keys("weak.asc");
	refuses_keys("edwards.asc");
	refuses_keys("revoked.asc");
	refuses_keys("binary.sig");
	refuses_keys("list");
}

TEST(keys_that_are_cut_off)
{
	AUTOFREE struct arena m = { 0 };
	struct text t = load(&m, "both.gpg");
	struct openpgp_keys keys;

	for (size_t n = 0; n < 272; n++) {
		char *copy = malloc(n + 1);

		memcpy(copy, t.s, n);
		copy[n] = 0;
		CHECK_INT(openpgp_read_keys(&m, copy, n, &keys, NULL), -1);
		free(copy);
	}
}

TEST(more_keys_than_there_is_room_for)
{
	AUTOFREE struct arena m = { 0 };
	struct text t = load(&m, "both.gpg");
	struct openpgp_keys keys;
	struct str all = { .m = &m };

	for (int i = 0; i < 12; i++)
		str_addn(&all, t.s, t.n);
	CHECK(!openpgp_read_keys(&m, all.s, all.len, &keys, NULL));
	CHECK_INT((long long)keys.n, OPENPGP_KEYS_MAX);
}
