/* Three kinds of requests: for what the reference names, whose answer may be a challenge
 * (ask_top), for a token (get_token), and for what has a digest (get_part). */

#include "lib/image/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/sha256.h"
#include "lib/base/shown.h"
#include "lib/base/str.h"
#include "lib/image/fetch.h"
#include "lib/image/impl.h"
#include "lib/net/challenge.h"
#include "lib/net/http.h"
#include "lib/net/url.h"
#include "lib/text/json.h"

enum { TOKEN_BYTES = 64 * 1024, TOKEN_MAX = 16 * 1024, SAID_BYTES = 16 * 1024, SAID_SHOWN = 200,
       SAID_VALUES = 1000, LOGINS = 3 };

struct registry {
	struct image_source *source;
	struct arena *m;
	const struct oci_reference *ref;
	const char *arch;
	const char *name;			/* of the notes: reference and architecture */
	const char *authorization;		/* NULL: none was asked for */
	struct login login;
	struct words digests;			/* of all parts */
	const struct oci_layer *layers;
	size_t layers_n;
};

int registry_open(struct arena *m, const struct oci_reference *r, const char *cacert,
                  struct image_source *s, struct err *e)
{
	const char *host = str_eq(r->host, "docker.io") ? "registry-1.docker.io" : r->host;

	return image_source_open(m, arena_printf(m, "https://%s", host), cacert, s, e);
}

static void part_url(const struct registry *r, struct arena *m, const char *folder,
                     const char *which, struct url *u)
{
	url_beneath(m, r->source->base,
	            arena_printf(m, "v2/%s/%s/%s", r->ref->name, folder, which), u);
}

/* -- refusals -- */

/* What the registry says about its refusal, to be put behind a sentence. */
static const char *what_it_says(struct arena *m, struct http_reply *reply)
{
	AUTOJSON struct json *root = NULL;
	const struct json *first;
	const char *code, *text;
	size_t n;

	text = stream_read_all(reply->body, m, SAID_BYTES, 0, &n, NULL);
	if (!text || !(root = json_open_within(text, n, SAID_VALUES, NULL))) return "";
	first = json_first(json_get(root, "errors"));
	code = json_text(json_get(first, "code"));
	text = json_text(json_get(first, "message"));
	if (!text) text = json_text(json_get(root, "details"));
	if (!code && !text) return "";
	return arena_printf(m, " (it says: %.40s%s%.*s)", code ? code : "",
	                    code && text ? ": " : "", SAID_SHOWN, text ? text : "");
}

static int fail_login(struct registry *r, const char *says, struct err *e)
{
	const struct login *l = &r->login;

	if (l->basic)
		return fail(e, ERR_NETWORK,
		            "%s has no such image, or not for the login in %s%s", r->ref->host,
		            l->file, says);
	if (l->helper)
		return fail(e, ERR_NETWORK, "%s has no such image, or needs a login, which %s "
		    "leaves to another program%s; put the login into the file",
		    r->ref->host, l->file, says);
	return fail(e, ERR_NETWORK, "%s has no such image, or needs a login%s; log in with "
	            "'docker login %s'", r->ref->host, says, r->ref->host);
}

static int fail_limit(struct registry *r, const struct http_reply *reply, const char *says,
                      struct err *e)
{
	const char *login = r->login.basic ? "" : ", or log in";

	if (reply->retry_after > 0)
		return fail(e, ERR_NETWORK,
		            "%s limits how much may be fetched%s; try again in %lld seconds%s",
		            r->ref->host, says, (long long)reply->retry_after, login);
	return fail(e, ERR_NETWORK, "%s limits how much may be fetched%s; try again later%s",
	            r->ref->host, says, login);
}

/* Make a better sentence of what http_get says in `e`. */
static int fail_answer(struct registry *r, struct http_reply *reply, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	const char *says;

	if (!e || !reply->status || !reply->body) return -1;
	says = what_it_says(&scratch, reply);
	switch (reply->status) {
	case 401:
	case 403:
		return fail_login(r, says, e);
	case 404:
		return fail(e, ERR_MISSING, "%s has no such image%s", r->ref->host, says);
	case 429:
		return fail_limit(r, reply, says, e);
	}
	return *says ? fail(e, e->kind, "%s%s", arena_strdup(&scratch, e->text), says) : -1;
}

/* -- tokens -- */

static void add_query(struct str *to, const char *key, const char *value)
{
	str_addf(to, "%c%s=", strchr(str_text(to), '?') ? '&' : '?', key);
	for (; *value; value++) {
		bool plain = (*value >= '0' && *value <= '9') || strchr("-._~:/,", *value) ||
		             ((*value | 32) >= 'a' && (*value | 32) <= 'z');

		if (plain) str_addc(to, *value);
		else str_addf(to, "%%%02X", (unsigned char)*value);
	}
}

static int token_url(struct registry *r, struct arena *m, const char *challenge, struct url *u,
                     struct err *e)
{
	const char *realm = challenge_get(m, challenge, "realm");
	const char *service = challenge_get(m, challenge, "service");
	const char *scope = challenge_get(m, challenge, "scope");
	struct str text = { .m = m };

	if (!realm) return fail(e, ERR_NETWORK, "%s asks for a token of nobody", r->ref->host);
	str_add(&text, realm);
	if (service) add_query(&text, "service", service);
	add_query(&text, "scope", scope ? scope :
	          arena_printf(m, "repository:%s:pull", r->ref->name));
	if (url_parse(m, str_text(&text), u, e) == 0) return 0;
	return fail_in(e, "the token server of %s", r->ref->host);
}

/* A token must fit into a line of a request. */
static bool is_token(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i < n; i++)
		if (s[i] <= ' ' || s[i] > '~') return false;
	return n && n <= TOKEN_MAX;
}

static int read_token(struct registry *r, struct arena *m, struct http_reply *reply,
                      struct err *e)
{
	AUTOJSON struct json *root = NULL;
	const char *token, *text;
	size_t n;

	text = stream_read_all(reply->body, m, TOKEN_BYTES, 0, &n, e);
	if (!text || !(root = json_open_within(text, n, SAID_VALUES, e)))
		return fail_in(e, "%s", reply->url);
	token = json_text(json_get(root, "token"));
	if (!token) token = json_text(json_get(root, "access_token"));
	if (!token || !is_token(token))
		return fail(e, ERR_NETWORK, "%s has given no token", reply->url);
	r->authorization = arena_printf(r->m, "Bearer %s", token);
	return 0;
}

static int get_token(struct registry *r, const char *challenge, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	struct http_reply reply;
	struct url u;
	const struct http_request q = { .url = &u, .authorization = r->login.basic };

	if (token_url(r, &scratch, challenge, &u, e) < 0) return -1;
	if (http_get(r->source->http, &scratch, &q, &reply, e) < 0)
		return fail_answer(r, &reply, e);
	return read_token(r, &scratch, &reply, e);
}

static int heed_challenge(struct registry *r, const char *challenge, struct err *e)
{
	if (login_find(r->m, r->ref->host, r->ref->name, &r->login, e) < 0) return -1;
	if (challenge_is(challenge, "Bearer")) return get_token(r, challenge, e);
	if (!challenge_is(challenge, "Basic"))
		return fail(e, ERR_NETWORK, "%s wants a login of an unknown kind: '%.40s'",
		    r->ref->host, challenge);
	if (!r->login.basic) return fail_login(r, "", e);
	r->authorization = r->login.basic;
	return 0;
}

/* -- the manifest that the reference names -- */

static int ask_top(struct registry *r, struct arena *m, struct http_reply *reply, struct err *e)
{
	const struct oci_reference *ref = r->ref;
	struct url *u = arena_alloc(m, sizeof *u);
	struct http_request q = { .url = u, .accept = oci_manifest_types,
	                          .authorization = r->authorization };
	struct err why = { 0 };

	part_url(r, m, "manifests", ref->digest ? ref->digest : ref->tag, u);
	if (http_get(r->source->http, m, &q, reply, &why) == 0) return 0;
	if (reply->status == 401 && reply->authenticate) {
		if (heed_challenge(r, arena_strdup(m, reply->authenticate), e) < 0) return -1;
		q.authorization = r->authorization;
		if (http_get(r->source->http, m, &q, reply, &why) == 0) return 0;
	}
	fail_answer(r, reply, &why);
	if (e) *e = why;
	return -1;
}

static const char *digest_of(struct arena *m, const char *text, size_t n)
{
	char hex[SHA256_HEX + 1];
	struct sha256 hash;

	sha256_begin(&hash);
	sha256_add(&hash, text, n);
	sha256_end(&hash, hex);
	return arena_printf(m, "sha256:%s", hex);
}

static char *fetch_top(struct registry *r, struct arena *m, size_t *n, const char **digest,
                       struct err *e)
{
	struct http_reply reply;
	char *text;

	if (ask_top(r, m, &reply, e) < 0) return NULL;
	text = stream_read_all(reply.body, m, OCI_TEXT_MAX, 0, n, e);
	if (!text) {
		fail_in(e, "%s", reply.url);
		return NULL;
	}
	*digest = digest_of(r->m, text, *n);
	if (r->ref->digest && !str_eq(r->ref->digest, *digest)) {
		fail(e, ERR_UNTRUSTED, "the registry has sent another manifest, %s", *digest);
		return NULL;
	}
	cache_keep_text(&r->source->cache, *digest, text, *n);
	return text;
}

/* -- parts -- */

static int begin_anew(void *arg, struct err *e)
{
	struct str *text = arg;

	(void)e;
	if (text) text->len = 0;
	return 0;
}

static void note_text(void *arg, const char *text)
{
	(void)arg;
	out_note("%s", text);
}

/* Log in again: the token may have expired. */
static int renew(struct registry *r, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	struct http_reply reply;

	r->authorization = NULL;
	return ask_top(r, &scratch, &reply, e);
}

static int get_part(struct registry *r, const struct oci_blob *b, const char *folder,
                    const struct image_sink *sink, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	const struct image_build build = { .serial = "", .path = b->digest, .size = b->size,
	                                   .sha256 = strchr(b->digest, ':') + 1, .part = true };
	struct url u;
	struct remote f = { .url = &u, .build = &build,
	                    .accept = str_eq(folder, "manifests") ? oci_manifest_types : NULL };
	struct err why;
	bool refused;

	part_url(r, &scratch, folder, b->digest, &u);
	for (unsigned logins = 0;; logins++) {
		why = (struct err){ 0 };
		f.authorization = r->authorization;
		if (transfer(r->source, &f, sink, &refused, &why) == 0) return 0;
		if (why.sys != EACCES || logins == LOGINS) break;
		if (renew(r, e) < 0 || sink->restart(sink->arg, e) < 0) return -1;
	}
	if (e) *e = why;
	return -1;
}

static int take_text(void *arg, const void *data, size_t n, struct err *e)
{
	struct str *text = arg;

	if (text->len + n > OCI_TEXT_MAX)
		return fail(e, ERR_NETWORK, "more than %zu bytes", OCI_TEXT_MAX);
	str_addn(text, data, n);
	return 0;
}

/* A manifest or a config. */
static int get_text(struct registry *r, const struct oci_blob *b, const char *folder,
                    struct str *text, struct err *e)
{
	const struct image_sink sink = { .take = take_text, .restart = begin_anew,
	                                 .note = note_text, .arg = text };

	words_add(&r->digests, b->digest);
	return get_part(r, b, folder, &sink, e);
}

/* What the reference led to before. */
static int get_noted(struct registry *r, struct str *text, struct err *e)
{
	const char *digest = r->ref->digest;

	if (!digest) digest = cache_noted(&r->source->cache, r->name);
	if (!digest) return fail(e, ERR_MISSING, "it is not in the cache");
	return get_text(r, &(struct oci_blob){ .digest = digest }, "manifests", text, e);
}

/* A digest always leads to the same: only then may the cache have the answer. */
static bool is_kept(struct registry *r, struct str *text)
{
	bool offline = r->source->offline, found;

	if (!r->ref->digest) return false;
	r->source->offline = true;
	found = get_noted(r, text, NULL) == 0;
	r->source->offline = offline;
	if (!found) text->len = r->digests.n = 0;
	return found;
}

static int get_top(struct registry *r, struct str *text, struct err *e)
{
	const char *digest;

	if (r->source->offline) return get_noted(r, text, e);
	if (is_kept(r, text)) return 0;
	text->s = fetch_top(r, text->m, &text->len, &digest, e);
	if (!text->s) return -1;
	words_add(&r->digests, digest);
	return 0;
}

/* Through the indexes to the manifest. */
static int get_manifest(struct registry *r, struct oci_manifest *out, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	struct str text = { .m = &scratch };
	struct oci_blob next;
	int rc;

	if (get_top(r, &text, e) < 0) return -1;
	for (int i = 0; i <= OCI_INDEXES_MAX; i++) {
		rc = oci_manifest_parse(r->m, str_text(&text), text.len, r->arch, &next,
		                        out, e);
		if (rc <= 0) return rc;
		text = (struct str){ .m = &scratch };
		if (get_text(r, &next, "manifests", &text, e) < 0) return -1;
	}
	return fail(e, ERR_INPUT, "more than %d indexes lead to each other", OCI_INDEXES_MAX);
}

static int get_config(struct registry *r, struct oci_manifest *from, struct oci_config *c,
                      struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	struct str text = { .m = &scratch };

	if (get_text(r, &from->config, "blobs", &text, e) < 0) return -1;
	return oci_config_parse(r->m, str_text(&text), text.len, from, c, e);
}

/* -- layers -- */

struct opening {
	const char *doing;
	int fd;
};

static bool wants_file(void *arg, const void *head, size_t n)
{
	(void)arg, (void)head, (void)n;
	return true;
}

/* The one in the cache is locked as long as it is open. */
static int take_file(void *arg, int fd, struct err *e)
{
	struct opening *o = arg;

	o->fd = reopen(fd, O_RDONLY | O_CLOEXEC);
	return o->fd < 0 ? fail_sys(e, "open a layer in the cache") : 0;
}

static int no_file(void *arg, const void *data, size_t n, struct err *e)
{
	(void)arg, (void)data, (void)n;
	return fail(e, ERR_HOST, "a layer must be in the cache to be unpacked");
}

static void show_progress(void *arg, uint64_t done, uint64_t total)
{
	out_progress(((struct opening *)arg)->doing, done, total);
}

static int restart_layer(void *arg, struct err *e)
{
	(void)arg, (void)e;
	return 0;
}

/* The layers are opened in order. */
static void note_progress(struct registry *r, size_t opened)
{
	const struct image_cache *c = &r->source->cache;

	if (r->source->offline) return;
	if (!opened) cache_note_coming(c, r->name, words_list(&r->digests));
	if (opened == r->layers_n) cache_note_whole(c, r->name, words_list(&r->digests));
}

static int open_layer(void *arg, size_t i, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	struct registry *r = arg;
	struct opening o = { .fd = -1 };
	const struct image_sink sink = { .take = no_file, .wants_file = wants_file,
	                                 .file = take_file, .restart = restart_layer,
	                                 .progress = show_progress, .note = note_text,
	                                 .arg = &o };
	int rc;

	note_progress(r, i);
	o.doing = arena_printf(&scratch, "fetching layer %zu of %zu", i + 1, r->layers_n);
	rc = get_part(r, &r->layers[i].blob, "blobs", &sink, e);
	out_progress_end();
	if (rc < 0) return -1;
	note_progress(r, i + 1);
	return o.fd;
}

/* -- images -- */

static int check_arch(const struct registry *r, const struct oci_config *c, struct err *e)
{
	if (!*c->arch || str_eq(c->arch, r->arch) || image_arch_runs(c->arch)) return 0;
	return fail(e, ERR_INPUT, "it is an image for %s, not for %s", c->arch, r->arch);
}

int registry_resolve(struct image_source *s, const struct oci_reference *ref, const char *arch,
                     struct oci_image *out, struct err *e)
{
	struct registry *r = arena_alloc(s->m, sizeof *r);
	struct oci_manifest found = { 0 };

	*r = (struct registry){ .source = s, .m = s->m, .ref = ref, .arch = arch,
	                        .digests.m = s->m };
	r->name = arena_printf(s->m, "%s %s", oci_reference_text(s->m, ref), arch);
	*out = (struct oci_image){ .open_layer = open_layer, .arg = r };
	if (get_manifest(r, &found, e) < 0) return -1;
	out->digest = r->digests.v[r->digests.n - 1];
	if (get_config(r, &found, &out->config, e) < 0 || check_arch(r, &out->config, e) < 0)
		return -1;
	r->layers = out->layers = found.layers;
	r->layers_n = out->layers_n = found.layers_n;
	for (size_t i = 0; i < found.layers_n; i++)
		words_add(&r->digests, found.layers[i].blob.digest);
	return 0;
}
