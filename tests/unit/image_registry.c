/* Registries, with canned answers instead of a server: each connection has one answer. */

#include "lib/image/registry.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/sha256.h"
#include "lib/base/str.h"
#include "lib/image/fetch.h"
#include "lib/image/impl.h"
#include "lib/net/http.h"
#include "lib/net/url.h"
#include "tests/unit/test.h"

enum { CONNECTIONS = 32 };

struct world {
	struct arena m;
	char dir[40];
	const char *say[CONNECTIONS];	/* in order; the first NULL: nobody is there */
	int said, added;
	int peers[CONNECTIONS];
	struct url base;
	struct oci_reference ref;
	struct image_source source;
	struct oci_image image;
	struct err e;
};

static int dial_canned(void *arg, const char *host, uint16_t port, int64_t deadline,
                       struct err *e)
{
	struct world *w = arg;
	const char *say = w->say[w->said];
	int ends[2];

	(void)port, (void)deadline;
	if (!say) return fail(e, ERR_NETWORK, "%s: nobody there", host);
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	CHECK(write(ends[1], say, strlen(say)) >= 0);
	CHECK(!shutdown(ends[1], SHUT_WR));
	w->peers[w->said++] = ends[1];
	return ends[0];
}

/* What came at the server's end: of each request the path and the login. */
static const char *heard(struct world *w)
{
	struct str out = { .m = &w->m };
	char text[8192], *line, *rest;
	ssize_t n;

	for (int i = 0; i < w->said; i++) {
		n = recv(w->peers[i], text, sizeof text - 1, MSG_DONTWAIT);
		close(w->peers[i]);
		text[n > 0 ? n : 0] = 0;
		for (line = strtok_r(text, "\r\n", &rest); line;
		     line = strtok_r(NULL, "\r\n", &rest)) {
			if (str_starts(line, "GET "))
				str_addf(&out, "%s%.*s", out.len ? "\n" : "",
				 (int)strcspn(line + 4, " "), line + 4);
			if (str_starts(line, "Host: ") && !str_eq(line, "Host: h"))
				str_addf(&out, " at %s", line + 6);
			if (str_starts(line, "Authorization: "))
				str_addf(&out, " %s", line + 15);
			if (str_starts(line, "Range: ")) str_addf(&out, " %s", line + 7);
		}
	}
	w->said = w->added = 0;
	memset(w->say, 0, sizeof w->say);
	return str_text(&out);
}

static void say(struct world *w, const char *text)
{
	w->say[w->added++] = text;
}

static const char *answer(struct world *w, const char *status, const char *body)
{
	return arena_printf(&w->m,
	                    "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
	                    status, strlen(body), body);
}

static void say_text(struct world *w, const char *body)
{
	say(w, answer(w, "200 OK", body));
}

static const char *digest(struct world *w, const char *text)
{
	char hex[SHA256_HEX + 1];
	struct sha256 hash;

	sha256_begin(&hash);
	sha256_add(&hash, text, strlen(text));
	sha256_end(&hash, hex);
	return arena_printf(&w->m, "sha256:%s", hex);
}

static const char *descriptor(struct world *w, const char *text)
{
	return arena_printf(&w->m, "\"digest\":\"%s\",\"size\":%zu", digest(w, text),
	                    strlen(text));
}

/* An image with one layer. */
struct sample {
	const char *layer, *config, *manifest, *index;
};

static struct sample sample(struct world *w, const char *layer)
{
	struct sample s = { .layer = layer };

	s.config =
	        arena_printf(&w->m,
	                     "{\"os\":\"linux\",\"architecture\":\"amd64\",\"config\":{\"Cmd\":"
	                     "[\"/app\"]},\"rootfs\":{\"diff_ids\":[\"%s\"]}}",
	                     digest(w, layer));
	s.manifest = arena_printf(&w->m,
	                          "{\"config\":{%s},\"layers\":[{\"mediaType\":\"application/"
	                          "vnd.oci.image.layer.v1.tar\",%s}]}",
	                          descriptor(w, s.config), descriptor(w, layer));
	s.index = arena_printf(
	        &w->m,
	        "{\"manifests\":[{\"mediaType\":\"application/vnd.oci.image."
	        "manifest.v1+json\",\"platform\":{\"os\":\"linux\",\"architecture\":"
	        "\"amd64\"},%s}]}",
	        descriptor(w, s.manifest));
	return s;
}

static void open_source(struct world *w)
{
	struct http_options o = { .plain = true, .pause_ms = 1, .dial = dial_canned,
	                          .dial_arg = w };

	image_source_close(&w->source);
	w->source = (struct image_source){ .m = &w->m, .base = &w->base,
	                                   .http = http_open(&w->m, &o) };
	CHECK_INT(image_cache_open(&w->m, w->dir, true, &w->source.cache, &w->e), 0);
}

static void world_begin(struct world *w, const char *reference)
{
	if (geteuid() != 0) SKIP("only root has a cache");
	setenv("REGISTRY_AUTH_FILE", "/nonexistent", 1);
	strcpy(w->dir, "/tmp/jlmkr-unit.XXXXXX");
	CHECK(mkdtemp(w->dir));
	CHECK_INT(oci_reference_parse(&w->m, reference, &w->ref, &w->e), 0);
	CHECK_INT(url_parse(&w->m, "http://h", &w->base, &w->e), 0);
	open_source(w);
}

static void world_end(struct world *w)
{
	image_source_close(&w->source);
	heard(w);
	CHECK_INT(system(arena_printf(&w->m, "rm -r %s", w->dir)), 0);
	arena_free(&w->m);
}

static int resolve(struct world *w)
{
	w->e = (struct err){ 0 };
	return registry_resolve(&w->source, &w->ref, "amd64", &w->image, &w->e);
}

static void resolves(struct world *w)
{
	CHECK_INT(resolve(w), 0);
	CHECK_STR(w->e.text, "");
}

/* The text of the layer, or the sentence. */
static const char *layer(struct world *w)
{
	AUTOCLOSE int fd = -1;

	w->e = (struct err){ 0 };
	fd = w->image.open_layer(w->image.arg, 0, &w->e);
	return fd < 0 ? w->e.text : read_all(&w->m, fd, 1000, NULL, &w->e);
}

#define WORLD(reference) struct world w = { 0 }; world_begin(&w, reference)

static void opens(struct world *w, const char *want)
{
	CHECK_STR(layer(w), want);
}

TEST(an_open_registry)
{
	WORLD("docker://h.x/a/b:1");
	struct sample s = sample(&w, "hello");

	say_text(&w, s.index);
	say_text(&w, s.manifest);
	say_text(&w, s.config);
	resolves(&w);
	CHECK_STR(w.image.digest, digest(&w, s.manifest));
	CHECK_STR(w.image.config.cmd[0], "/app");
	CHECK_INT(w.image.layers_n, 1);
	CHECK_STR(w.image.layers[0].diff_id, digest(&w, "hello"));
	say_text(&w, s.layer);
	opens(&w, "hello");
	CHECK_STR(heard(&w), arena_printf(&w.m, "/v2/a/b/manifests/1\n/v2/a/b/manifests/%s\n"
	                                  "/v2/a/b/blobs/%s\n/v2/a/b/blobs/%s",
	                                  digest(&w, s.manifest), digest(&w, s.config),
	                                  digest(&w, s.layer)));
	world_end(&w);
}

static void fetch_whole(struct world *w, const struct sample *s)
{
	say_text(w, s->manifest);
	say_text(w, s->config);
	say_text(w, s->layer);
	resolves(w);
	opens(w, s->layer);
	heard(w);
}

TEST(what_is_in_the_cache_is_not_fetched_again)
{
	WORLD("docker://h.x/a:1");
	struct sample s = sample(&w, "hello");

	fetch_whole(&w, &s);
	say_text(&w, s.manifest);
	resolves(&w);
	opens(&w, "hello");
	CHECK_STR(heard(&w), "/v2/a/manifests/1");
	w.source.offline = true;
	resolves(&w);
	opens(&w, "hello");
	CHECK_STR(w.image.digest, digest(&w, s.manifest));
	/* A digest is what it is: no registry is asked for it. */
	w.source.offline = false;
	w.ref.digest = digest(&w, s.manifest);
	resolves(&w);
	opens(&w, "hello");
	CHECK_STR(heard(&w), "");
	world_end(&w);
}

TEST(offline_without_the_image)
{
	WORLD("docker://h.x/a:1");

	w.source.offline = true;
	CHECK_INT(resolve(&w), -1);
	CHECK_STR(w.e.text, "it is not in the cache");
	CHECK_INT(w.e.kind, ERR_MISSING);
	world_end(&w);
}

static bool has_blob(struct world *w, const char *text)
{
	return access(arena_printf(&w->m, "%s/images/%s.blob", w->dir, digest(w, text) + 7),
	              F_OK) == 0;
}

TEST(a_tag_that_moves_takes_its_blobs_along)
{
	WORLD("docker://h.x/a:1");
	struct sample old = sample(&w, "hello"), new = sample(&w, "world");

	fetch_whole(&w, &old);
	CHECK(has_blob(&w, old.layer) && has_blob(&w, old.manifest) &&
	      has_blob(&w, old.config));
	say_text(&w, new.manifest);
	say_text(&w, new.config);
	resolves(&w);
	CHECK(has_blob(&w, old.layer));		/* nothing was made of the new one yet */
	say_text(&w, new.layer);
	opens(&w, "world");
	CHECK(has_blob(&w, new.layer) && has_blob(&w, new.manifest) &&
	      has_blob(&w, new.config));
	CHECK(!has_blob(&w, old.layer) && !has_blob(&w, old.manifest) &&
	      !has_blob(&w, old.config));
	world_end(&w);
}

TEST(an_image_that_does_not_come_whole_replaces_none)
{
	WORLD("docker://h.x/a:1");
	struct sample old = sample(&w, "hello"), new = sample(&w, "world");
	struct image_source first;

	fetch_whole(&w, &old);
	say_text(&w, new.manifest);
	say_text(&w, new.config);
	resolves(&w);
	layer(&w);
	CHECK_INT(w.e.kind, ERR_NETWORK);
	/* Somebody else has got another image meanwhile: nothing of these goes. */
	first = w.source;
	w.source = (struct image_source){ 0 };
	open_source(&w);
	w.ref.name = "b";
	fetch_whole(&w, &(struct sample){ .layer = old.layer, .config = old.config,
	                                  .manifest = old.manifest });
	CHECK(has_blob(&w, new.manifest) && has_blob(&w, new.config));
	w.ref.name = "a";
	w.source.offline = true;
	resolves(&w);
	CHECK_STR(w.image.digest, digest(&w, old.manifest));
	opens(&w, "hello");
	image_source_close(&first);
	world_end(&w);
}

TEST(prune_knows_the_blobs)
{
	WORLD("docker://h.x/a:1");
	struct sample s = sample(&w, "hello");
	struct image_pruned p = { 0 };

	fetch_whole(&w, &s);
	CHECK_INT(image_cache_prune(&w.source.cache, &p, &w.e), 0);
	CHECK_INT(dir_is_empty(w.source.cache.dir - 1), 1);
	world_end(&w);
}

TEST(a_damaged_copy_is_fetched_again)
{
	WORLD("docker://h.x/a:1");
	struct sample s = sample(&w, "hello");
	const char *path =
	        arena_printf(&w.m, "%s/images/%s.blob", w.dir, digest(&w, "hello") + 7);

	fetch_whole(&w, &s);
	CHECK_INT(system(arena_printf(&w.m, "printf HELLO > %s", path)), 0);
	w.source.offline = true;
	opens(&w, arena_printf(&w.m, "the copy of %s in the cache was damaged; "
	                       "jlmkr deletes it", digest(&w, "hello")));
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	w.source.offline = false;
	say_text(&w, s.layer);
	opens(&w, "hello");
	CHECK_INT(system(arena_printf(&w.m, "printf HELLO > %s", path)), 0);
	say_text(&w, s.layer);
	opens(&w, "hello");
	world_end(&w);
}

/* -- hostile registries -- */

static void fails(struct world *w, enum err_kind kind, const char *want)
{
	CHECK_INT(resolve(w), -1);
	CHECK_STR(w->e.text, want);
	CHECK_INT(w->e.kind, kind);
	heard(w);
}

TEST(other_bytes_than_their_digest)
{
	WORLD("docker://h.x/a:1");
	struct sample s = sample(&w, "hello"), other = sample(&w, "world");

	say_text(&w, s.index);
	say_text(&w, other.manifest);
	fails(&w, ERR_UNTRUSTED, arena_printf(
	      &w.m, "http://h/v2/a/manifests/%s is not the file in the manifest: "
	      "its SHA-256 is %.16s... instead of %.16s...", digest(&w, s.manifest),
	      digest(&w, other.manifest) + 7, digest(&w, s.manifest) + 7));
	say_text(&w, s.manifest);
	say_text(&w, s.config);
	resolves(&w);
	say_text(&w, "world");
	layer(&w);
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	CHECK(!has_blob(&w, "world") && !has_blob(&w, "hello"));
	heard(&w);
	say_text(&w, "longer than it is");
	layer(&w);
	CHECK_INT(w.e.kind, ERR_UNTRUSTED);
	heard(&w);
	w.ref.digest = digest(&w, "something else");
	say_text(&w, s.manifest);
	fails(&w, ERR_UNTRUSTED, arena_printf(
	      &w.m, "the registry has sent another manifest, %s", digest(&w, s.manifest)));
	world_end(&w);
}

TEST(an_index_that_leads_to_itself)
{
	WORLD("docker://h.x/a:1");
	const char *text = "{\"manifests\":[]}";

	for (int i = 0; i < 6; i++)
		w.say[5 - i] = answer(&w, "200 OK",
		                      text = arena_printf(&w.m,
		                                          "{\"manifests\":[{\"mediaType\":"
		                                          "\"application/vnd.oci.image.index."
		                                          "v1+json\",%s}]}",
		                                          descriptor(&w, text)));
	fails(&w, ERR_INPUT, "more than 3 indexes lead to each other");
	world_end(&w);
}

TEST(an_image_for_another_machine)
{
	WORLD("docker://h.x/a:1");
	struct sample s = sample(&w, "hello");
	char *arch = strstr(s.config, "amd64");

	memcpy(arch, "s390x", 5);
	say_text(&w, arena_printf(&w.m,
	                          "{\"config\":{%s},\"layers\":[{\"mediaType\":\"application/"
	                          "vnd.oci.image.layer.v1.tar\",%s}]}",
	                          descriptor(&w, s.config), descriptor(&w, s.layer)));
	say_text(&w, s.config);
	fails(&w, ERR_INPUT, "it is an image for s390x, not for amd64");
	world_end(&w);
}

TEST(refusals)
{
	WORLD("docker://h.x/a:1");

	say(&w, answer(&w, "404 Gone",
	               "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\",\"message\":"
	               "\"\\u001b[31mnever heard\"}]}"));
	fails(&w, ERR_MISSING, "h.x has no such image (it says: "
	                       "MANIFEST_UNKNOWN: \\x1b[31mnever heard)");
	say(&w, answer(&w, "404 Gone", "<html>"));
	fails(&w, ERR_MISSING, "h.x has no such image");
	say(&w, "HTTP/1.1 429 Slow\r\nRetry-After: 300\r\nConnection: "
	        "close\r\n\r\n{\"errors\":[{\"code\":"
	        "\"TOOMANYREQUESTS\"}]}");
	fails(&w, ERR_NETWORK, "h.x limits how much may be fetched (it says: "
	                       "TOOMANYREQUESTS); try again in 300 seconds, or log in");
	say(&w, answer(&w, "403 No", ""));
	fails(&w, ERR_NETWORK, "h.x has no such image, or needs a login; log in "
	                       "with 'docker login h.x'");
	say(&w, answer(&w, "400 What", "{\"errors\":[{\"message\":\"no\"}]}"));
	fails(&w, ERR_NETWORK, "http://h/v2/a/manifests/1: the server answers 400 "
	                       "What (it says: no)");
	say(&w, answer(&w, "200 OK", "<html>"));
	fails(&w, ERR_INPUT, "the manifest: not JSON from byte 0 on");
	world_end(&w);
}

/* -- logins -- */

static void say_challenge(struct world *w, const char *challenge)
{
	say(w, arena_printf(&w->m,
	                    "HTTP/1.1 401 Who\r\nConnection: close\r\nContent-Length: 0\r\n"
	                    "WWW-Authenticate: %s\r\n\r\n",
	                    challenge));
}

#define BEARER "Bearer realm=\"http://auth/token\",service=\"the registry\"," \
	"scope=\"repository:a/b:pull\""

TEST(a_token_for_anybody)
{
	WORLD("docker://h.x/a/b:1");
	struct sample s = sample(&w, "hello");

	say_challenge(&w, BEARER);
	say_text(&w, "{\"token\":\"T1\",\"expires_in\":300}");
	say_text(&w, s.manifest);
	say_text(&w, s.config);
	resolves(&w);
	/* The layers are on another host, which must not see the token. */
	say(&w, "HTTP/1.1 307 There\r\nConnection: close\r\nContent-Length: 0\r\nLocation: "
	        "http://store/x?sig=1"
	        "\r\n\r\n");
	say_text(&w, s.layer);
	opens(&w, "hello");
	CHECK_STR(heard(&w), arena_printf(
	          &w.m, "/v2/a/b/manifests/1\n"
	          "/token?service=the%%20registry&scope=repository:a/b:pull at auth\n"
	          "/v2/a/b/manifests/1 Bearer T1\n/v2/a/b/blobs/%s Bearer T1\n"
	          "/v2/a/b/blobs/%s Bearer T1\n/x?sig=1 at store", digest(&w, s.config),
	          digest(&w, s.layer)));
	world_end(&w);
}

TEST(a_token_that_expires)
{
	WORLD("docker://h.x/a/b:1");
	struct sample s = sample(&w, "hello");

	say_text(&w, s.manifest);
	say_text(&w, s.config);
	resolves(&w);
	heard(&w);
	/* The connection breaks after the first bytes, and then the token is old. */
	say(&w, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhel");
	say_challenge(&w, BEARER);
	say_challenge(&w, BEARER);
	say_text(&w, "{\"access_token\":\"T2\"}");
	say_text(&w, s.manifest);
	say(&w, "HTTP/1.1 206 P\r\nConnection: close\r\nContent-Range: bytes "
	        "3-4/5\r\nContent-Length: 2\r\n\r\nlo");
	opens(&w, "hello");
	CHECK_STR(heard(&w), arena_printf(
	          &w.m, "/v2/a/b/blobs/%s\n/v2/a/b/blobs/%s bytes=3-\n/v2/a/b/manifests/1\n"
	          "/token?service=the%%20registry&scope=repository:a/b:pull at auth\n"
	          "/v2/a/b/manifests/1 Bearer T2\n/v2/a/b/blobs/%s Bearer T2 bytes=3-",
	          digest(&w, "hello"), digest(&w, "hello"), digest(&w, "hello")));
	world_end(&w);
}

TEST(challenges_that_lead_nowhere)
{
	WORLD("docker://h.x/a/b:1");

	say_challenge(&w, "Bearer service=\"x\"");
	fails(&w, ERR_NETWORK, "h.x asks for a token of nobody");
	say_challenge(&w, "Negotiate abc");
	fails(&w, ERR_NETWORK, "h.x wants a login of an unknown kind: 'Negotiate abc'");
	say_challenge(&w, BEARER);
	say_text(&w, "{\"token\":\"a\\r\\nX: y\"}");
	fails(&w, ERR_NETWORK, "http://auth/token?... has given no token");
	say_challenge(&w, "Basic realm=\"x\"");
	fails(&w, ERR_NETWORK, "h.x has no such image, or needs a login; log in with "
	                       "'docker login h.x'");
	say_challenge(&w, BEARER);
	say_text(&w, "{\"token\":\"T\"}");
	say_challenge(&w, BEARER);
	fails(&w, ERR_NETWORK, "h.x has no such image, or needs a login; log in with "
	                       "'docker login h.x'");
	/* The challenge of another host is not for us. */
	say(&w, "HTTP/1.1 307 There\r\nConnection: close\r\nContent-Length: 0\r\nLocation: "
	        "http://other/x\r\n\r\n");
	say_challenge(&w, "Bearer realm=\"http://evil/token\"");
	fails(&w, ERR_NETWORK, "h.x has no such image, or needs a login; log in with "
	                       "'docker login h.x'");
	world_end(&w);
}

static void write_logins(struct world *w, const char *text)
{
	const char *path = arena_printf(&w->m, "%s/auth.json", w->dir);

	unlink(path);
	CHECK_INT(create_file(AT_FDCWD, path, text, strlen(text), 0600, &w->e), 0);
	setenv("REGISTRY_AUTH_FILE", path, 1);
}

TEST(a_login_for_basic_and_for_tokens)
{
	WORLD("docker://h.x/a/b:1");
	struct sample s = sample(&w, "hello");

	write_logins(&w, "{\"auths\":{\"h.x\":{\"auth\":\"bWU6c2VjcmV0\"}}}");
	say_challenge(&w, "Basic realm=\"x\"");
	say_text(&w, s.manifest);
	say_text(&w, s.config);
	resolves(&w);
	CHECK_STR(heard(&w), arena_printf(
	          &w.m, "/v2/a/b/manifests/1\n/v2/a/b/manifests/1 Basic bWU6c2VjcmV0\n"
	          "/v2/a/b/blobs/%s Basic bWU6c2VjcmV0", digest(&w, s.config)));
	say_challenge(&w, BEARER);
	say_text(&w, "{\"token\":\"T1\"}");
	say_text(&w, s.manifest);
	resolves(&w);
	CHECK_STR(heard(&w), "/v2/a/b/manifests/1\n"
	                     "/token?service=the%20registry&scope=repository:a/b:pull at auth "
	                     "Basic bWU6c2VjcmV0\n"
	                     "/v2/a/b/manifests/1 Bearer T1");
	say_challenge(&w, "Basic realm=\"x\"");
	say_challenge(&w, "Basic realm=\"x\"");
	fails(&w, ERR_NETWORK, arena_printf(
	      &w.m, "h.x has no such image, or not for the login in %s/auth.json",
	      w.dir));
	write_logins(&w, "{\"auths\":{\"h.x\":{}},\"credsStore\":\"secretservice\"}");
	say_challenge(&w, "Basic realm=\"x\"");
	fails(&w, ERR_NETWORK, arena_printf(
	      &w.m, "h.x has no such image, or needs a login, which %s/auth.json "
	      "leaves to another program; put the login into the file", w.dir));
	write_logins(&w, "{");
	say_challenge(&w, "Basic realm=\"x\"");
	CHECK_INT(resolve(&w), -1);
	CHECK(strstr(w.e.text, "/auth.json: not JSON"));
	heard(&w);
	world_end(&w);
}

static void finds_login(struct world *w, const char *host, const char *name, const char *want)
{
	struct login l;

	CHECK_INT(login_find(&w->m, host, name, &l, &w->e), 0);
	CHECK_STR(l.basic ? l.basic : "none", want);
}

TEST(which_login)
{
	WORLD("docker://h.x/a/b:1");

	write_logins(&w, "{\"auths\":{\"https://index.docker.io/v1/\":{\"auth\":\"hub\"},"
	                 "\"q.io/team\":{\"auth\":\"team\"},\"q.io/team/x\":{\"auth\":\"x\"},"
	                 "\"q.io\":{\"auth\":\"all\"},\"https://r:5000\":{\"auth\":\"port\"},"
	                 "\"bad.io\":{\"auth\":\"a b\\r\\nX: y\"}}}");
	finds_login(&w, "docker.io", "library/debian", "Basic hub");
	finds_login(&w, "q.io", "team/x", "Basic x");
	finds_login(&w, "q.io", "team/y", "Basic team");
	finds_login(&w, "q.io", "teams/y", "Basic all");
	finds_login(&w, "r:5000", "a", "Basic port");
	finds_login(&w, "r", "a", "none");
	finds_login(&w, "io", "a", "none");
	finds_login(&w, "bad.io", "a", "none");
	unsetenv("REGISTRY_AUTH_FILE");
	setenv("DOCKER_CONFIG", w.dir, 1);
	CHECK_INT(system(arena_printf(&w.m, "mv %s/auth.json %s/config.json", w.dir, w.dir)),
	          0);
	finds_login(&w, "q.io", "a", "Basic all");
	world_end(&w);
}
