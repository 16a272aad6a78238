#include "lib/image/fetch.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/net/anchors.h"
#include "lib/net/http.h"
#include "lib/net/sha256.h"
#include "lib/net/url.h"

enum { BLOCK = 128 * 1024, RESUMES_IN_VAIN = 3, PAUSE_MS = 1000, BUILDS_TRIED = 4 };

int image_source_open(struct arena *m, const char *server, const char *cacert,
                      struct image_source *s, struct err *e)
{
	struct http_options o = { 0 };
	struct url *base = arena_alloc(m, sizeof *base);
	struct anchors *anchors;

	*s = (struct image_source){ .m = m, .base = base };
	if (url_parse(m, server, base, e) < 0) return fail_in(e, "image server");
	if (!base->tls)
		return fail(e, ERR_UNTRUSTED, "image server %s: only https is trusted", server);
	if (!(anchors = anchors_load(m, cacert, e))) return -1;
	s->trust = arena_printf(m, "%zu certificate authorities from %s (%zu entries skipped)",
	                        anchors_count(anchors), anchors_source(anchors),
	                        anchors_skipped(anchors));
	o.anchors = anchors;
	http_proxy_from_environment(&o);
	s->http = http_open(m, &o);
	return 0;
}

void image_source_close(struct image_source *s)
{
	http_close(s->http);
	s->http = NULL;
}

static int pause_for(int64_t ms, struct err *e)
{
	return wait_fds(NULL, 0, deadline_in(ms), e) < 0 ? -1 : 0;
}

/* `*arrived` tells a list that came damaged from one that did not come. */
static int fetch_index_once(struct image_source *s, struct arena *m, struct image_index *x,
                            bool *arrived, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	struct http_reply reply;
	struct url u;
	size_t n, hint;
	char *text;

	url_beneath(&scratch, s->base, "streams/v1/images.json", &u);
	*arrived = !http_get(s->http, &scratch, &(struct http_request){ .url = &u }, &reply, e);
	if (!*arrived && e && e->kind == ERR_MISSING)
		return fail(e, ERR_NETWORK, "%s is not there; is this an image server?",
		            url_text(&scratch, &u));
	if (!*arrived) return -1;
	hint = reply.length > 0 ? (size_t)reply.length : 0;
	text = stream_read_all(reply.body, &scratch, IMAGE_INDEX_MAX, hint, &n, e);
	if (!text || image_index_parse(m, text, n, x, e) < 0)
		return fail_in(e, "%s", reply.url);
	return 0;
}

int image_index_fetch(struct image_source *s, struct arena *m, struct image_index *x,
                      struct err *e)
{
	struct err fault = { 0 };
	bool arrived;

	if (!fetch_index_once(s, m, x, &arrived, &fault)) return 0;
	if (arrived && fault.kind == ERR_NETWORK) {
		if (pause_for(PAUSE_MS, e) < 0) return -1;
		return fetch_index_once(s, m, x, &arrived, e);
	}
	if (e) *e = fault;
	return -1;
}

/* A file on its way: what has been handed on is never asked for again. */
struct transfer {
	struct image_source *source;
	const struct image_build *build;
	const struct image_sink *sink;
	struct url url;
	const char *etag;
	uint64_t done;
	struct sha256 hash;
	bool final;		/* the fault is nothing that another try would mend */
	unsigned char block[BLOCK];
};

/* A file of another length than the list says is the wrong file: known before its
 * first byte is handed on. */
static int check_length(struct transfer *t, const struct http_reply *r, struct err *e)
{
	if (r->length < 0 || r->from + (uint64_t)r->length == t->build->size) return 0;
	t->final = true;
	return fail(e, ERR_UNTRUSTED, "%s has %llu bytes, the list of images says %llu", r->url,
	            (unsigned long long)r->from + (unsigned long long)r->length,
	            (unsigned long long)t->build->size);
}

static int hand_on(struct transfer *t, const struct http_reply *r, size_t n, struct err *e)
{
	t->final = true;
	if (n > t->build->size - t->done)
		return fail(e, ERR_UNTRUSTED, "%s is longer than the %llu bytes of the list of "
		            "images", r->url, (unsigned long long)t->build->size);
	sha256_add(&t->hash, t->block, n);
	t->done += n;
	if (t->sink->take(t->sink->arg, t->block, n, e) < 0) return -1;
	if (t->sink->progress) t->sink->progress(t->sink->arg, t->done, t->build->size);
	t->final = false;
	return 0;
}

/* Ask for what is missing and hand it on, to the end or to the next fault. */
static int transfer_run(struct transfer *t, struct arena *m, struct err *e)
{
	struct http_request q = { .url = &t->url, .from = t->done, .if_range = t->etag };
	struct http_reply r;
	ssize_t k;

	if (http_get(t->source->http, m, &q, &r, e) < 0) return -1;
	if (check_length(t, &r, e) < 0) return -1;
	if (!t->etag && r.etag) t->etag = arena_strdup(m, r.etag);
	if (r.from < t->done && stream_skip(r.body, t->done - r.from, e) < 0) return -1;
	while ((k = stream_read(r.body, t->block, sizeof t->block, e)) > 0)
		if (hand_on(t, &r, (size_t)k, e) < 0) return -1;
	if (k < 0)
		return fail_in(e, "%s, after %llu of %llu bytes", r.url,
		               (unsigned long long)t->done, (unsigned long long)t->build->size);
	if (t->done == t->build->size) return 0;
	return fail(e, ERR_NETWORK, "%s ends after %llu of %llu bytes", r.url,
	            (unsigned long long)t->done, (unsigned long long)t->build->size);
}

/* Resume as long as each try brings something, and a few times when it does not. */
static int transfer_all(struct transfer *t, struct arena *m, struct err *e)
{
	struct err fault = { 0 };
	uint64_t before = 0;
	unsigned vain = 0;

	while (transfer_run(t, m, &fault) < 0) {
		vain = t->done > before ? 0 : vain + 1;
		before = t->done;
		if (t->final || fault.kind != ERR_NETWORK || !t->done ||
		    vain >= RESUMES_IN_VAIN) {
			if (e) *e = fault;
			return -1;
		}
		if (pause_for((int64_t)PAUSE_MS << vain, e) < 0) return -1;
	}
	return 0;
}

int image_fetch(struct image_source *s, const struct image_build *b,
                const struct image_sink *sink, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct transfer *t = arena_alloc(&m, sizeof *t);
	char sha256[SHA256_HEX + 1];

	*t = (struct transfer){ .source = s, .build = b, .sink = sink };
	url_beneath(&m, s->base, b->path, &t->url);
	sha256_begin(&t->hash);
	if (transfer_all(t, &m, e) < 0) return -1;
	sha256_end(&t->hash, sha256);
	if (sha256_same(sha256, b->sha256)) return 0;
	return fail(e, ERR_UNTRUSTED,
	            "%s is not the file that the list of images promises: its "
	            "SHA-256 is %.16s... instead of %.16s...",
	            url_text(&m, &t->url), sha256, b->sha256);
}

static void note(const struct image_sink *sink, struct arena *m, const char *serial,
                 const char *next)
{
	if (!sink->note) return;
	sink->note(sink->arg, arena_printf(m, "build %s is no longer on the server, taking %s",
	                                   serial, next));
}

/* What to take instead of the build `gone`: from a list that was fetched anew a newer
 * one, else the next older one. NULL: there is none. */
static const struct image_build *next_build(const struct image *image,
                                            const struct image_build *gone, bool anew)
{
	const struct image_build *b = image->builds, *end = b + image->n_builds;

	if (anew && strcmp(b->serial, gone->serial) > 0) return b;
	while (b < end && strcmp(b->serial, gone->serial) >= 0)
		b++;
	return b < end ? b : NULL;
}

int image_fetch_best(struct image_source *s, struct arena *m, const struct image_want *want,
                     const struct image_sink *sink, struct image_pick *got, struct err *e)
{
	struct image_index *x = arena_alloc(m, sizeof *x);
	struct image_pick again;
	struct err fault = { 0 };
	const struct image_build *next;
	unsigned tries = 0;

	if (image_index_fetch(s, m, x, e) < 0 || image_pick(x, want, got, e) < 0) return -1;
	while (image_fetch(s, got->build, sink, &fault) < 0) {
		if (fault.kind != ERR_MISSING || want->serial || ++tries > BUILDS_TRIED)
			goto give_up;
		if (tries == 1 && (pause_for(PAUSE_MS, e) < 0 ||
		                   image_index_fetch(s, m, x, e) < 0))
			return -1;
		if (image_pick(x, want, &again, NULL) < 0 ||
		    !(next = next_build(again.image, got->build, tries == 1)))
			goto give_up;
		note(sink, m, got->build->serial, next->serial);
		*got = (struct image_pick){ again.image, next };
	}
	return 0;
give_up:
	if (e) *e = fault;
	return -1;
}
