/* Lists of images and their signatures, with canned answers instead of a server. What signs is
 * tests/data/openpgp, the list in it has no images. */

#include "lib/image/impl.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/net/http.h"
#include "lib/net/openpgp.h"
#include "lib/net/url.h"
#include "tests/unit/test.h"

#define TEST_KEY "2268DC3089D41E5BD657C37A57F0553A22A27518"
#define OTHER_KEY "695E0D725BF4A8EFF2948B85FAABE7BF44AD9962"
#define OFFICIAL_KEY "E7FB0CAEC8173D669066514CBAEFF88C22F6E216"
#define DATA "tests/data/openpgp/"

enum { MADE = 1780315200, FILE_MAX = 1 << 16 };

struct world {
	struct arena m;
	const char *const *say;		/* "FILE FILE": two answers on one connection */
	struct image_source source;
	struct url base;
	struct err e;
};

static void add_answer(struct str *to, const char *file)
{
	struct err e = { 0 };
	size_t n;
	char *data;

	if (str_starts(file, "4")) {
		str_addf(to, "HTTP/1.1 %s No\r\nContent-Length: 0\r\n\r\n", file);
		return;
	}
	if (str_eq(file, "long")) {
		str_add(to, "HTTP/1.1 200 OK\r\nContent-Length: 65537\r\n\r\n");
		return;
	}
	data = read_file(to->m, AT_FDCWD, arena_printf(to->m, DATA "%s", file), FILE_MAX, &n,
	                 &e);
	CHECK_STR(e.text, "");
	str_addf(to, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
	str_addn(to, data, n);
}

static int dial_canned(void *arg, const char *host, uint16_t port, int64_t deadline,
                       struct err *e)
{
	struct world *w = arg;
	struct str all = { .m = &w->m };
	char *next, *word;
	int ends[2];

	(void)host, (void)port, (void)deadline;
	if (!*w->say) return fail(e, ERR_NETWORK, "nobody there");
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	next = arena_strdup(&w->m, *w->say++);
	while ((word = strtok_r(next, " ", &next)))
		add_answer(&all, word);
	CHECK(write(ends[1], all.s, all.len) == (ssize_t)all.len);
	CHECK(!shutdown(ends[1], SHUT_WR));
	return ends[0];		/* its other end is left to the end of the program */
}

#define SAY(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* The text with the folder instead of each @. */
static const char *in_folder(struct arena *m, const char *text, const char *folder)
{
	struct str s = { .m = m };

	for (; *text; text++)
		if (*text == '@') str_add(&s, folder);
		else str_addc(&s, *text);
	return str_text(&s);
}

static void world_begin(struct world *w, const char *server, const char *keys,
                        const char *const say[])
{
	struct http_options o = { .plain = true, .pause_ms = 1, .dial = dial_canned,
	                          .dial_arg = w };
	char here[PATH_MAX];

	CHECK(getcwd(here, sizeof here));
	w->say = say;
	CHECK(!url_parse(&w->m, server, &w->base, &w->e));
	w->source = (struct image_source){ .m = &w->m, .base = &w->base,
	                                   .http = http_open(&w->m, &o) };
	w->source.keys = keys ? in_folder(&w->m, keys, here) : NULL;
}

static void world_end(struct world *w)
{
	image_source_close(&w->source);
	arena_free(&w->m);
}

/* Who has signed the list, "" if nobody, or the fault. In `keys` @ is the working directory. */
static void lists(const char *server, const char *keys, bool require, const char *const say[],
                  const char *want)
{
	struct world w = { 0 };
	struct image_index x;

	world_begin(&w, server, keys, say);
	w.source.require_signature = require;
	if (image_index_fetch(&w.source, &w.m, &x, &w.e) < 0) {
		CHECK_STR(w.e.text, want);
	} else {
		CHECK_STR(w.source.signer ? w.source.signer : "", want);
		if (w.source.signer) CHECK_INT(w.source.signed_at, MADE);
	}
	CHECK(!*w.say);
	world_end(&w);
}

#define KEYS "mirror.example=@/" DATA "test.asc"
#define LIST_OF(host) "the list of images of http://" host "/"

static const char mirror[] = "http://mirror.example";

TEST(a_signed_list)
{
	lists(mirror, KEYS, true, SAY("list sha512.asc"), TEST_KEY);
	lists(mirror, KEYS, true, SAY("list binary.sig"), TEST_KEY);
	lists(mirror, KEYS, true, SAY("list both.sig"), TEST_KEY);
	lists(mirror, KEYS, false, SAY("list", "sha512.asc"), TEST_KEY);
}

TEST(a_list_without_a_signature)
{
	lists(mirror, KEYS, false, SAY("list 404"), "");
	lists(mirror, NULL, false, SAY("list 404"), "");
	lists(mirror, KEYS, false, SAY("list 410"), "");
	lists(mirror, KEYS, false, SAY("list 403"), "");
	lists(mirror, KEYS, false, SAY("list long"), "");
	lists(mirror, KEYS, false, SAY("list 400", "list sha512.asc"), TEST_KEY);
	lists(mirror, KEYS, true, SAY("list 404"), LIST_OF("mirror.example")
	      " is not signed, and a signature by a known key is required");
}

TEST(a_wrong_signature_is_asked_for_again)
{
	lists(mirror, KEYS, false, SAY("list sha1.asc", "list sha512.asc"), TEST_KEY);
	lists(mirror, KEYS, false, SAY("list expires.sig", "list expires.sig"),
	      LIST_OF("mirror.example") ": its signature has expired");
	lists(mirror, KEYS, false, SAY("list SHA256SUMS.asc"), LIST_OF("mirror.example")
	      " is signed by the key " OFFICIAL_KEY ", but the server's key is " TEST_KEY
	      "; if that has changed, set image_key in ~/.local/share/jailmaker.conf");
}

TEST(a_signature_that_does_not_come)
{
	lists(mirror, KEYS, false, SAY("list"), "nobody there");
	lists(mirror, KEYS, false, SAY("list list"), LIST_OF("mirror.example")
	      " has an unreadable signature, but the server's key is " TEST_KEY
	      "; if that has changed, set image_key in ~/.local/share/jailmaker.conf");
}

TEST(a_signature_by_somebody)
{
	/* Nobody knows whose key it should be. */
	lists(mirror, NULL, false, SAY("list sha512.asc"), "");
	lists(mirror, NULL, false, SAY("list list"), "");
	lists(mirror, NULL, true, SAY("list sha512.asc"), LIST_OF("mirror.example")
	      " is signed by the key " TEST_KEY ", and a signature by a known key is required");
	/* There it is known. */
	lists("http://images.linuxcontainers.org", NULL, false, SAY("list sha512.asc"),
	      LIST_OF("images.linuxcontainers.org") " is signed by the key " TEST_KEY
	      ", but the server's key is " OFFICIAL_KEY
	      "; if that has changed, set image_key in ~/.local/share/jailmaker.conf");
	/* A mirror of it has its signatures, and this is none over its list. */
	lists(mirror, NULL, false, SAY("list SHA256SUMS.asc", "list SHA256SUMS.asc"),
	      LIST_OF("mirror.example") ": its signature does not match it");
}

TEST(which_key_is_for_which_server)
{
	static const char official[] = "http://images.linuxcontainers.org";

	lists(mirror, "/none mirror.example=@/" DATA "test.asc", false, SAY("list binary.sig"),
	      TEST_KEY);
	lists(mirror, "mirror.example=@/" DATA "test.asc\t/none", false,
	      SAY("list binary.sig"), TEST_KEY);
	lists(mirror, "Mirror.Example=@/" DATA "test.asc", false, SAY("list binary.sig"),
	      TEST_KEY);
	lists(mirror, "other.example=/none mirror.exampl=/none  @/" DATA "test.asc", false,
	      SAY("list binary.sig"), TEST_KEY);
	lists(mirror, "@/" DATA "both.gpg", false, SAY("list other.sig"), OTHER_KEY);
	lists(official, "images.linuxcontainers.org=@/" DATA "test.asc", false,
	      SAY("list binary.sig"), TEST_KEY);
	/* A key of some server is none of images.linuxcontainers.org. */
	lists(official, "@/" DATA "test.asc", false, SAY("list 404"), "");
	lists(official, "@/" DATA "test.asc", false, SAY("list binary.sig"),
	      LIST_OF("images.linuxcontainers.org") " is signed by the key " TEST_KEY
	      ", but the server's key is " OFFICIAL_KEY
	      "; if that has changed, set image_key in ~/.local/share/jailmaker.conf");
}

TEST(keys_that_cannot_be_read)
{
	lists(mirror, "/nowhere", false, SAY("list 404"),
	      "image_key: open /nowhere: No such file or directory");
	lists(mirror, "mirror.example=/dev/null", false, SAY("list 404"),
	      "image_key: /dev/null is not a file");
	lists(mirror, "/proc/version", false, SAY("list 404"),
	      "image_key: /proc/version: contains no OpenPGP public key of RSA with 2048 to "
	      "4096 bits, or only revoked ones");
	lists(mirror, "key.asc", false, SAY("list 404"),
	      "image_key: 'key.asc' is neither /FILE nor HOST=/FILE");
	lists(mirror, "mirror.example=keys/key.asc", false, SAY("list 404"),
	      "image_key: 'mirror.example=keys/key.asc' is neither /FILE nor HOST=/FILE");
}

/* The key in the program, against what the server really publishes. */
TEST(the_key_of_the_server)
{
	AUTOFREE struct arena m = { 0 };
	struct openpgp_signature by;
	struct openpgp_keys keys;
	struct err e = { 0 };
	size_t n, len;
	char *sums = read_file(&m, AT_FDCWD, DATA "SHA256SUMS", FILE_MAX, &n, &e);
	char *sig = read_file(&m, AT_FDCWD, DATA "SHA256SUMS.asc", FILE_MAX, &len, &e);

	CHECK_STR(e.text, "");
	CHECK(!openpgp_read_keys(&m, image_server_key, strlen(image_server_key), &keys, &e));
	CHECK_INT((long long)keys.n, 1);
	CHECK_STR(keys.list->fingerprint, OFFICIAL_KEY);
	CHECK_INT((long long)keys.list->modulus_len, 512);
	CHECK_INT(openpgp_verify(&keys, sums, n, sig, len, 1790000000, &by, &e), 1);
	CHECK_INT(by.made, 1787989439);
	sums[n / 2] ^= 1;
	CHECK_INT(openpgp_verify(&keys, sums, n, sig, len, 1790000000, &by, &e), -1);
}

#define SEEN "images/.signed-" TEST_KEY

/* What stands in the file after a list that was signed on this day. */
static void remembers(const char *dir, int64_t date, const char *want)
{
	AUTOFREE struct arena m = { 0 };
	struct image_source s = { .m = &m, .signer = TEST_KEY, .signed_at = date };
	struct err e = { 0 };
	char *text;

	CHECK_INT(image_cache_open(&m, dir, true, &s.cache, &e), 0);
	list_remember(&s);
	image_cache_close(&s.cache);
	text = read_file(&m, AT_FDCWD, arena_printf(&m, "%s/" SEEN, dir), FILE_MAX, NULL, &e);
	CHECK_STR(text ? text : "-", want);
}

static void shell(const char *dir, const char *words)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_INT(system(arena_printf(&m, "cd %s && %s", dir, words)), 0);
}

TEST(the_newest_date_is_remembered)
{
	char dir[] = "/tmp/jlmkr-unit.XXXXXX";

	if (geteuid() != 0) SKIP("only root has a cache");
	CHECK(mkdtemp(dir));
	remembers(dir, 1700000000, "00000000001700000000\n");
	remembers(dir, 1600000000, "00000000001700000000\n");
	remembers(dir, 1700000001, "00000000001700000001\n");
	shell(dir, "test $(stat -c %a " SEEN ") = 600");
	/* Damage is no fault, and mended; so is a date that cannot be. */
	shell(dir, "echo 1700000009x > " SEEN);
	remembers(dir, 1600000000, "00000000001600000000\n");
	shell(dir, "echo 99999999999999999999 > " SEEN);
	remembers(dir, 1600000001, "00000000001600000001\n");
	shell(dir, ": > " SEEN);
	remembers(dir, 1600000002, "00000000001600000002\n");
	shell(dir, "rm " SEEN "; : > " SEEN);
	remembers(dir, 1600000003, "00000000001600000003\n");
	/* What is not ours stays. */
	shell(dir, "rm " SEEN "; echo mine > " SEEN);
	remembers(dir, 1600000004, "mine\n");
	shell(dir, "mv " SEEN " there; ln -s ../there " SEEN);
	remembers(dir, 1600000005, "mine\n");
	shell(dir, "rm " SEEN "; mkdir " SEEN);
	remembers(dir, 1600000006, "-");
	shell(dir, "rm -r ../\"$(basename \"$PWD\")\"");
}

/* What is said about a list that the key has signed, where one of `date` was used before. */
static const char *says(struct arena *m, const char *dir, int64_t date, const char *const say[])
{
	struct world w = { 0 };
	struct image_index x;
	int saved = dup(2), out = memfd_create("words", MFD_CLOEXEC);
	char *text;

	remembers(dir, date, arena_printf(m, "%020lld\n", (long long)date));
	world_begin(&w, mirror, KEYS, say);
	CHECK_INT(image_cache_open(&w.m, dir, false, &w.source.cache, &w.e), 0);
	CHECK(saved >= 0 && out >= 0 && dup2(out, 2) == 2);
	if (image_index_fetch(&w.source, &w.m, &x, &w.e) == 0)
		image_index_fetch(&w.source, &w.m, &x, &w.e);
	dup2(saved, 2);
	close(saved);
	CHECK_STR(w.e.text, "");
	CHECK(lseek(out, 0, SEEK_SET) == 0 && (text = read_all(m, out, FILE_MAX, NULL, NULL)));
	close(out);
	world_end(&w);
	return text;
}

TEST(an_older_list_is_told_once_and_after_a_second_try)
{
	AUTOFREE struct arena m = { 0 };
	char dir[] = "/tmp/jlmkr-unit.XXXXXX";

	if (geteuid() != 0) SKIP("only root has a cache");
	CHECK(mkdtemp(dir));
	CHECK_STR(says(&m, dir, MADE, SAY("list sha512.asc", "list sha512.asc")), "");
	CHECK_STR(says(&m, dir, MADE + 1, SAY("list expires.sig", "list sha512.asc",
	                                      "list sha512.asc")),
	          "warning: the list of images of http://mirror.example/ was signed 2026-06-01 "
	          "12:00 UTC; a newer one, signed 2026-06-01 12:00 UTC, was used before: the "
	          "server is behind, or somebody sends an old list to have old images "
	          "installed\n");
	shell(dir, "rm -r ../\"$(basename \"$PWD\")\"");
}
