/* Fetching, with canned answers instead of a server: see net_http.c. */

#include "lib/image/fetch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/net/http.h"
#include "lib/net/url.h"
#include "tests/unit/test.h"

#define HELLO "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define OTHER "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9825"

struct world {
	struct arena m;
	const char *const *say;
	struct str got;
	struct str notes;
	bool full, hostile;
	struct image_source source;
	struct url base[2];	/* "http://h/mirror"; "http://other" when asked for */
	struct err e;
};

/* "LIST {...}" is a list, and on the same connection that its signature does not exist. */
static const char *answers(struct world *w)
{
	const char *say = *w->say++, *list = say + 5;

	if (!str_starts(say, "LIST ")) return say;
	return arena_printf(&w->m, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s"
	                    "HTTP/1.1 404 Gone\r\nContent-Length: 0\r\n\r\n", strlen(list),
	                    list);
}

static int dial_canned(void *arg, const char *host, uint16_t port, int64_t deadline,
                       struct err *e)
{
	struct world *w = arg;
	const char *say;
	int ends[2];

	(void)host, (void)port, (void)deadline;
	if (!*w->say) return fail(e, ERR_NETWORK, "nobody there");
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	say = answers(w);
	CHECK(write(ends[1], say, strlen(say)) >= 0);
	CHECK(!shutdown(ends[1], SHUT_WR));
	return ends[0];		/* its other end is left to the end of the program */
}

static int take(void *arg, const void *data, size_t n, struct err *e)
{
	struct world *w = arg;

	if (w->hostile) return fail(e, ERR_UNTRUSTED, "hostile");
	if (w->full) return fail(e, ERR_HOST, "disk full");
	str_addn(&w->got, data, n);
	return 0;
}

static void note(void *arg, const char *text)
{
	struct world *w = arg;

	str_addf(&w->notes, "%s\n", text);
}

static void world_begin(struct world *w, const char *const say[])
{
	struct http_options o = { .plain = true, .pause_ms = 1, .dial = dial_canned,
	                          .dial_arg = w };

	w->say = say;
	w->got.m = w->notes.m = &w->m;
	CHECK(!url_parse(&w->m, "http://h/mirror", &w->base[0], &w->e));
	CHECK(!url_parse(&w->m, "http://other", &w->base[1], &w->e));
	w->source = (struct image_source){ .m = &w->m, .base = w->base,
	                                   .http = http_open(&w->m, &o) };
}

static void world_end(struct world *w)
{
	image_source_close(&w->source);
	arena_free(&w->m);
}

#define SAY(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* What was handed on, '|', the sentence. */
static void fetches(const char *const say[], const char *sha256, uint64_t size,
                    const char *want)
{
	struct world w = { 0 };
	struct image_sink sink = { .take = take, .note = note, .arg = &w };
	struct image_build b = { .serial = "1", .path = "a/f", .sha256 = sha256, .size = size };
	struct image_pick what = { .build = &b };
	int rc;

	world_begin(&w, say);
	rc = image_fetch(&w.source, &what, false, &sink, &w.e);
	CHECK_INT(rc, w.e.kind ? -1 : 0);
	CHECK_STR(arena_printf(&w.m, "%s|%s", str_text(&w.got), w.e.text), want);
	world_end(&w);
}

#define OK "HTTP/1.1 200 OK\r\n"

TEST(the_right_file)
{
	fetches(SAY(OK "Content-Length: 5\r\n\r\nhello"), HELLO, 5, "hello|");
	fetches(SAY(OK "\r\nhello"), HELLO, 5, "hello|");
}

TEST(the_wrong_file)
{
	fetches(SAY(OK "Content-Length: 5\r\n\r\nhello"), OTHER, 5,
	        "hello|http://h/mirror/a/f is not the file in the list of images: its SHA-256 "
	        "is 2cf24dba5fb0a30e... instead of 2cf24dba5fb0a30e...");
	fetches(SAY(OK "Content-Length: 6\r\n\r\nhello!"), HELLO, 5,
	        "|http://h/mirror/a/f has 6 bytes, but 5 in the list of images");
	fetches(SAY(OK "\r\nhello!"), HELLO, 5,
	        "|http://h/mirror/a/f is longer than the 5 bytes in "
	        "the list of images");
	fetches(SAY("HTTP/1.1 404 Gone\r\n\r\n"), HELLO, 5,
	        "|http://h/mirror/a/f: the server answers 404 Gone");
}

TEST(goes_on_where_it_broke)
{
	fetches(SAY(OK "Content-Length: 5\r\n\r\nhel", "HTTP/1.1 206 P\r\nContent-Range: bytes "
	            "3-4/5\r\nContent-Length: 2\r\n\r\nlo"), HELLO, 5, "hello|");
	fetches(SAY(OK "Content-Length: 5\r\n\r\nhel", OK "Content-Length: 5\r\n\r\nhello"),
	        HELLO, 5, "hello|");
}

TEST(breaks_at_once)
{
	fetches(SAY(OK "Content-Length: 5\r\n\r\n"), HELLO, 5,
	        "|http://h/mirror/a/f, after 0 of 5 bytes: h has closed the connection");
}

TEST(the_receiver_has_the_word)
{
	struct world w = { .full = true };
	struct image_sink sink = { .take = take, .arg = &w };
	struct image_build b = { .serial = "1", .path = "f", .sha256 = HELLO, .size = 5 };
	struct image_pick what = { .build = &b };

	world_begin(&w, SAY(OK "Content-Length: 5\r\n\r\nhello"));
	CHECK(image_fetch(&w.source, &what, false, &sink, &w.e) < 0);
	CHECK_STR(w.e.text, "disk full");
	CHECK_INT(w.e.kind, ERR_HOST);
	world_end(&w);
}

static bool wants_file(void *arg, const void *head, size_t n)
{
	const struct world *w = arg;

	(void)w;
	return n >= 2 && !memcmp(head, "he", 2);
}

static int file(void *arg, int fd, struct err *e)
{
	struct world *w = arg;
	char text[10] = "";

	CHECK_INT(pread(fd, text, sizeof text - 1, 0), 5);
	str_addf(&w->got, "file %s", text);
	return w->full ? fail(e, ERR_HOST, "disk full") : 0;
}

/* The cache has the file in both worlds; only the first needs a server. */
static void fetches_file(const char *dir, const char *const say[], bool offline, bool full,
                         const char *want)
{
	struct world w = { .full = full };
	struct image_sink sink = { .take = take, .wants_file = wants_file, .file = file,
	                           .arg = &w };
	struct image_build b = { .serial = "1", .path = "f", .sha256 = HELLO, .size = 5,
	                         .squashfs = true };
	struct image image = { .distro = "d", .release = "r", .arch = "a", .variant = "v",
	                       .aliases = (char *[]){ NULL }, .builds = &b, .n_builds = 1 };
	struct image_pick what = { .image = &image, .build = &b };

	world_begin(&w, say);
	w.source.offline = offline;
	CHECK_INT(image_cache_open(&w.m, dir, true, &w.source.cache, &w.e), 0);
	image_fetch(&w.source, &what, false, &sink, &w.e);
	CHECK_STR(arena_printf(&w.m, "%s|%s", str_text(&w.got), w.e.text), want);
	world_end(&w);
}

TEST(a_sink_that_wants_a_file_gets_it_whole)
{
	char dir[] = "/tmp/jlmkr-unit.XXXXXX", command[300];

	if (geteuid() != 0) SKIP("only root has a cache");
	CHECK(mkdtemp(dir));
	fetches_file(dir, SAY(OK "Content-Length: 5\r\n\r\nhellO"), false, false,
	             "|http://h/mirror/f is not the file in the list of images: its SHA-256 "
	             "is 04a6f55face2f46b... instead of 2cf24dba5fb0a30e...");
	fetches_file(dir, SAY(OK "Content-Length: 5\r\n\r\nhel"), false, false,
	             "|nobody there");
	fetches_file(dir, SAY("HTTP/1.1 206 P\r\nContent-Range: bytes 3-4/5\r\n"
	                      "Content-Length: 2\r\n\r\nlo"), false, true,
	             "file hello|disk full");
	fetches_file(dir, SAY(NULL), true, false, "file hello|");
	fetches_file(dir, SAY(NULL), true, false, "file hello|");
	snprintf(command, sizeof command, "test -e %s/images/" HELLO ".squashfs && rm -r %s",
	         dir, dir);
	CHECK_INT(system(command), 0);
}

#define BUILD(serial) "\"" serial "\": {\"items\": {\"x\": {\"ftype\": \"root.tar.xz\", " \
	"\"sha256\": \"" HELLO "\", \"size\": 5, \"path\": \"" serial "\"}}}"
#define LIST(builds) "LIST {\"products\": {\"d:r:a:default\": {\"versions\": {" builds "}}}}"
#define GONE "HTTP/1.1 404 Gone\r\n\r\n"

static void fetches_best(const char *const say[], const char *serial, const char *notes)
{
	struct world w = { 0 };
	struct image_sink sink = { .take = take, .note = note, .arg = &w };
	struct image_want want = { .distro = "d", .release = "r", .arch = "a" };
	struct image_pick got;

	world_begin(&w, say);
	if (image_fetch_best(&w.source, &w.m, &want, &sink, &got, &w.e) < 0)
		CHECK_STR(w.e.text, serial);
	else
		CHECK_STR(got.build->serial, serial);
	CHECK_STR(str_text(&w.notes), notes);
	world_end(&w);
}

TEST(the_newest_build_there_is)
{
	fetches_best(SAY(LIST(BUILD("1") "," BUILD("2")), OK "Content-Length: 5\r\n\r\nhello"),
	             "2", "");
	fetches_best(SAY(LIST(BUILD("1") "," BUILD("2")), GONE, LIST(BUILD("1") "," BUILD("2")),
	                 OK "Content-Length: 5\r\n\r\nhello"),
	             "1", "build 2 is not available from the server; using 1\n");
	fetches_best(SAY(LIST(BUILD("1") "," BUILD("2")), GONE, LIST(BUILD("2") "," BUILD("3")),
	                 OK "Content-Length: 5\r\n\r\nhello"),
	             "3", "build 2 is not available from the server; using 3\n");
	fetches_best(SAY(LIST(BUILD("2")), GONE, LIST(BUILD("2"))),
	             "http://h/mirror/2: the server answers 404 Gone", "");
}

static int restart(void *arg, struct err *e)
{
	struct world *w = arg;

	(void)e;
	w->got.len = 0;
	return 0;
}

/* The host whose image it was, or the sentence. */
static void fetches_from_two(const char *const say[], const char *want, int kind)
{
	struct world w = { 0 };
	struct image_sink sink = { .take = take, .restart = restart, .note = note, .arg = &w };
	struct image_want that = { .distro = "d", .release = "r", .arch = "a" };
	struct image_pick got;
	int rc;

	world_begin(&w, say);
	w.source.more = 1;
	rc = image_fetch_best(&w.source, &w.m, &that, &sink, &got, &w.e);
	CHECK_INT(w.e.kind, kind);
	CHECK_STR(rc < 0 ? w.e.text : w.source.base->host, want);
	if (rc == 0) CHECK_STR(str_text(&w.got), "hello");
	world_end(&w);
}

TEST(servers_in_turn)
{
	const char *file = OK "Content-Length: 5\r\n\r\nhello";

	fetches_from_two(SAY(LIST(BUILD("1")), file), "h", 0);
	fetches_from_two(SAY(GONE, LIST(BUILD("1")), file), "other", 0);
	fetches_from_two(SAY("LIST {\"products\": {}}", LIST(BUILD("1")), file), "other", 0);
	fetches_from_two(SAY(LIST(BUILD("1")), GONE, LIST(BUILD("1")), LIST(BUILD("2")), file),
	                 "other", 0);
	fetches_from_two(SAY(LIST(BUILD("1")), OK "Content-Length: 5\r\n\r\nworld",
	                     LIST(BUILD("1")), LIST(BUILD("2")), file), "other", 0);
	fetches_from_two(SAY(GONE, GONE), "http://h/mirror/streams/v1/images.json does not "
	                 "exist; is this an image server?; then http://other/: "
	                 "http://other/streams/v1/images.json does not exist; is this an image "
	                 "server?", ERR_NETWORK);
}

TEST(a_list_that_no_server_has)
{
	struct world w = { 0 };
	struct image_index x;

	world_begin(&w, SAY(GONE, GONE));
	w.source.more = 1;
	CHECK(image_index_fetch(&w.source, &w.m, &x, &w.e) < 0);
	CHECK_STR(w.e.text,
	          "http://h/mirror/streams/v1/images.json does not exist; is this an image "
	          "server?; then http://other/: http://other/streams/v1/images.json does not "
	          "exist; "
	          "is this an image server?");
	CHECK_INT(w.e.kind, ERR_NETWORK);
	world_end(&w);
}

#define WRONG OK "Content-Length: 5\r\n\r\nworld"
#define IS_WRONG "http://h/mirror/2 is not the file in the list of images: its " \
	"SHA-256 is 486ea46224d1bb4f... instead of 2cf24dba5fb0a30e..."

#define TRYING "build 2 is not used: " IS_WRONG "; trying build 1\n"

/* The hash of build 2 is wrong. What is noted at once; then the fault, or if another build
 * helped, the first fault. */
static void tells_first(const char *const say[], const char *notes, const char *want,
                        int kind)
{
	struct world w = { 0 };
	struct image_sink sink = { .take = take, .restart = restart, .note = note, .arg = &w };
	struct image_want that = { .distro = "d", .release = "r", .arch = "a" };
	struct image_pick got;
	int rc;

	world_begin(&w, say);
	rc = image_fetch_best(&w.source, &w.m, &that, &sink, &got, &w.e);
	CHECK_STR(str_text(&w.notes), notes);
	CHECK_INT((rc < 0 ? w.e : w.source.first).kind, kind);
	CHECK_STR((rc < 0 ? w.e : w.source.first).text, want);
	world_end(&w);
}

TEST(the_first_fault_is_the_one_that_is_told)
{
	const char *two = LIST(BUILD("1") "," BUILD("2"));

	tells_first(SAY(two, OK "Content-Length: 5\r\n\r\nhello"), "", "", ERR_NONE);
	tells_first(SAY(two, WRONG, two, OK "Content-Length: 5\r\n\r\nhello"),
	            TRYING, IS_WRONG, ERR_UNTRUSTED);
	tells_first(SAY(two, WRONG, two, GONE), TRYING,
	            IS_WRONG "; then build 1: http://h/mirror/1: the server answers 404 Gone",
	            ERR_UNTRUSTED);
	tells_first(SAY(LIST(BUILD("2")), WRONG, LIST(BUILD("2"))), "", IS_WRONG,
	            ERR_UNTRUSTED);
	tells_first(SAY(LIST(BUILD("2")), WRONG, GONE), "",
	            IS_WRONG "; then another build: http://h/mirror/streams/v1/images.json "
	            "does not exist; is this an image server?", ERR_UNTRUSTED);
}

TEST(what_is_refused_is_refused_from_everywhere)
{
	struct world w = { .hostile = true };
	struct image_sink sink = { .take = take, .restart = restart, .arg = &w };
	struct image_want that = { .distro = "d", .release = "r", .arch = "a" };
	struct image_pick got;

	world_begin(&w,
	            SAY(LIST(BUILD("1") "," BUILD("2")), OK "Content-Length: 5\r\n\r\nhello",
	                    LIST(BUILD("1"))));
	w.source.more = 1;
	CHECK(image_fetch_best(&w.source, &w.m, &that, &sink, &got, &w.e) < 0);
	CHECK_STR(w.e.text, "hostile");
	CHECK_STR(w.source.base->host, "h");
	world_end(&w);
}

static void fetches_url(const char *const say[], const char *sha256, const char *want)
{
	struct world w = { 0 };
	struct image_sink sink = { .take = take, .arg = &w };
	int rc;

	world_begin(&w, say);
	rc = image_fetch_url(&w.source, sha256, &sink, &w.e);
	CHECK_INT(rc, w.e.kind ? -1 : 0);
	CHECK_STR(arena_printf(&w.m, "%s|%s", str_text(&w.got), w.e.text), want);
	world_end(&w);
}

TEST(a_file_that_no_list_names)
{
	const char *tagged = OK "ETag: \"1\"\r\nContent-Length: 5\r\n\r\nhel";

	fetches_url(SAY(OK "\r\nhello"), NULL, "hello|");
	fetches_url(SAY(OK "\r\nhello"), HELLO, "hello|");
	fetches_url(SAY(OK "\r\nworld"), HELLO, "world|its SHA-256 is "
	            "486ea46224d1bb4fb680f34f7c9ad96a8f24ec88be73ea8e5a6c65260e9cb8a7");
	fetches_url(SAY(OK "\r\n"), "12",
	            "|'12' is not a SHA-256: it must have 64 hexadecimal digits");
	fetches_url(SAY(OK "Content-Length: 5\r\n\r\nhel", OK "Content-Length: 5\r\n\r\nhello"),
	            HELLO, "hello|");
	fetches_url(SAY(OK "Content-Length: 5\r\n\r\nhel",
	                OK "Content-Length: 6\r\n\r\nhello!"),
	            HELLO, "hel|http://h/mirror changed during the transfer");
	fetches_url(SAY(OK "Content-Length: 5\r\n\r\nhel"), NULL,
	            "hel|http://h/mirror, after 3 of 5 bytes: h has closed the connection");
	fetches_url(SAY(tagged, "HTTP/1.1 206 P\r\nContent-Range: bytes 3-4/5\r\n"
	                "Content-Length: 2\r\n\r\nlo"), NULL, "hello|");
	fetches_url(SAY(tagged, OK "ETag: \"2\"\r\nContent-Length: 5\r\n\r\nworld"), NULL,
	            "hel|http://h/mirror changed during the transfer");
}

TEST(a_list_that_is_being_written)
{
	fetches_best(SAY(OK "\r\n{\"produ", LIST(BUILD("1")), OK "\r\nhello"), "1", "");
	fetches_best(
		SAY(OK "\r\n{\"produ", OK "\r\n<html>"),
		"http://h/mirror/streams/v1/images.json: the list of images: not JSON from "
		"byte 0 on",
		"");
	fetches_best(SAY(GONE),
	             "http://h/mirror/streams/v1/images.json does not exist; is this an image "
	             "server?",
	             "");
}

TEST(servers_that_are_none)
{
	AUTOFREE struct arena m = { 0 };
	struct image_source s;
	struct err e = { 0 };

	CHECK(image_source_open(&m, "http://h/", NULL, &s, &e) < 0);
	CHECK_INT(e.kind, ERR_UNTRUSTED);
	image_source_close(&s);
	CHECK(image_source_open(&m, "h", NULL, &s, &e) < 0);
	CHECK_STR(e.text, "image server: 'h' is not a URL: it must begin with https://");
	CHECK(image_source_open(&m, " ", NULL, &s, &e) < 0);
	CHECK_STR(e.text, "image server: no URL in ' '");
	CHECK(image_source_open(&m, "https://a/ http://b/", NULL, &s, &e) < 0);
	CHECK_STR(e.text, "image server http://b/: only https is trusted");
	CHECK(image_source_open(&m, "https://h/", "/nonexistent", &s, &e) < 0);
	CHECK_STR(e.text, "open /nonexistent: No such file or directory");
	CHECK_INT(image_source_open(&m, "https://h/", "tests/data/net/ca.pem", &s, &e), 0);
	CHECK_STR(s.trust, "6 certificate authorities from tests/data/net/ca.pem (3 entries "
	          "skipped)");
	image_source_close(&s);
}
