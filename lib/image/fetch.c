#include "lib/image/fetch.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

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
	image_cache_close(&s->cache);
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
	struct cached kept;
	struct url url;
	const char *etag;
	uint64_t done;
	struct sha256 hash;
	bool from_disk;		/* some of it came from the cache */
	bool wrong;		/* what came is not what the list promises */
	bool final;		/* the fault is nothing that another try would mend */
	struct err refused;	/* why the sink takes no more; kind 0: it does */
	unsigned char block[BLOCK];
};

/* A file of another length than the list says is the wrong file: known before its
 * first byte is handed on. */
static int check_length(struct transfer *t, const struct http_reply *r, struct err *e)
{
	if (r->length < 0 || r->from + (uint64_t)r->length == t->build->size) return 0;
	t->final = t->wrong = true;
	return fail(e, ERR_UNTRUSTED, "%s has %llu bytes, the list of images says %llu", r->url,
	            (unsigned long long)r->from + (unsigned long long)r->length,
	            (unsigned long long)t->build->size);
}

/* An archive that the sink cannot read may be a damaged copy: then it is read on, for
 * its hash. */
static int give_sink(struct transfer *t, size_t n, struct err *e)
{
	struct err why = { 0 };

	if (t->refused.kind) return check_signal(e);
	if (t->sink->take(t->sink->arg, t->block, n, &why) == 0) return 0;
	if (why.kind == ERR_INPUT) {
		t->refused = why;
		return 0;
	}
	if (e) *e = why;
	return -1;
}

static int pass_block(struct transfer *t, size_t n, struct err *e)
{
	sha256_add(&t->hash, t->block, n);
	t->done += n;
	if (give_sink(t, n, e) < 0) return -1;
	if (t->sink->progress) t->sink->progress(t->sink->arg, t->done, t->build->size);
	return 0;
}

static int hand_on(struct transfer *t, const struct http_reply *r, size_t n, struct err *e)
{
	t->final = true;
	t->wrong = n > t->build->size - t->done;
	if (t->wrong)
		return fail(e, ERR_UNTRUSTED, "%s is longer than the %llu bytes of the list of "
		            "images", r->url, (unsigned long long)t->build->size);
	image_cache_append(&t->source->cache, t->build, &t->kept, t->block, n);
	if (pass_block(t, n, e) < 0) return -1;
	t->final = false;
	return 0;
}

/* What an earlier run left. */
static int read_kept(struct transfer *t, struct err *e)
{
	uint64_t left = t->kept.have;
	ssize_t k;

	t->from_disk = left;
	for (; left; left -= (uint64_t)k) {
		k = read(t->kept.fd, t->block, left < sizeof t->block ? (size_t)left : sizeof t->block);
		if (k < 0) return fail_sys(e, "read the image in the cache");
		t->wrong = k == 0;
		if (t->wrong) return fail(e, ERR_UNTRUSTED, "the image in the cache has changed");
		if (pass_block(t, (size_t)k, e) < 0) return -1;
	}
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

static int check_hash(struct transfer *t, struct arena *m, struct err *e)
{
	char sha256[SHA256_HEX + 1];

	sha256_end(&t->hash, sha256);
	t->wrong = !sha256_same(sha256, t->build->sha256);
	if (!t->wrong) return 0;
	if (t->kept.whole)
		return fail(e, ERR_UNTRUSTED, "the copy of %s in the cache was damaged, and is deleted",
		            t->build->path);
	return fail(e, ERR_UNTRUSTED,
	            "%s is not the file that the list of images promises: its "
	            "SHA-256 is %.16s... instead of %.16s...",
	            url_text(m, &t->url), sha256, t->build->sha256);
}

/* From the cache as far as it goes, then from the server. */
static int fetch_once(struct transfer *t, struct arena *m, struct err *e)
{
	sha256_begin(&t->hash);
	if (image_cache_find(&t->source->cache, t->build, &t->kept, e) < 0) return -1;
	if (read_kept(t, e) < 0) return -1;
	if (t->done < t->build->size) {
		if (t->source->offline)
			return fail(e, ERR_MISSING, "the image is not whole in the cache");
		if (transfer_all(t, m, e) < 0) return -1;
	}
	return check_hash(t, m, e);
}

/* `*again`: a copy of ours was wrong, which says nothing about the server's. */
static int fetch_checked(struct image_source *s, const struct image_pick *what, bool pinned,
                         const struct image_sink *sink, bool *again, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct transfer *t = arena_alloc(&m, sizeof *t);
	int rc;

	*t = (struct transfer){ .source = s, .build = what->build, .sink = sink, .kept.fd = -1 };
	url_beneath(&m, s->base, what->build->path, &t->url);
	rc = fetch_once(t, &m, e);
	*again = rc < 0 && t->wrong && t->from_disk;
	if (rc == 0) image_cache_keep(&s->cache, what, pinned, &t->kept);
	if (t->wrong && t->kept.fd >= 0) image_cache_drop(&s->cache, what->build, &t->kept);
	image_cache_release(&t->kept);
	if (rc < 0 || !t->refused.kind) return rc;
	*e = t->refused;
	return -1;
}

int image_fetch(struct image_source *s, const struct image_pick *what, bool pinned,
                const struct image_sink *sink, struct err *e)
{
	struct err why = { 0 };
	bool again;

	if (fetch_checked(s, what, pinned, sink, &again, &why) == 0) return 0;
	if (again && !s->offline && sink->restart) {
		if (sink->restart(sink->arg, e) < 0) return -1;
		if (fetch_checked(s, what, pinned, sink, &again, &why) == 0) return 0;
	}
	if (e) *e = why;
	return -1;
}

static void note(const struct image_sink *sink, const char *text)
{
	if (sink->note) sink->note(sink->arg, text);
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

/* What another build may mend: this one is gone, or is not what the list promises. */
static bool may_try_older(const struct image_want *want, const struct image_sink *sink,
                          const struct err *fault)
{
	if (want->serial) return false;
	return fault->kind == ERR_MISSING || (fault->kind == ERR_UNTRUSTED && sink->restart);
}

/* The next build to take instead of got->build: 1, 0 when there is none, -1. */
static int choose_again(struct image_source *s, struct arena *m, const struct image_want *want,
                        const struct image_sink *sink, struct image_index *x, bool anew,
                        struct image_pick *got, struct err *e)
{
	const struct image_build *next;
	struct image_pick again;

	if (anew && (pause_for(PAUSE_MS, e) < 0 || image_index_fetch(s, m, x, e) < 0)) return -1;
	if (image_pick(x, want, &again, NULL) < 0) return 0;
	if (!(next = next_build(again.image, got->build, anew))) return 0;
	if (sink->restart && sink->restart(sink->arg, e) < 0) return -1;
	note(sink, arena_printf(m, "build %s is not to be had from the server, taking %s",
	                        got->build->serial, next->serial));
	*got = (struct image_pick){ again.image, next };
	return 1;
}

/* `*useless`: the server is to blame, not what was asked for or this machine. */
static int fetch_online(struct image_source *s, struct arena *m, const struct image_want *want,
                        const struct image_sink *sink, struct image_pick *got, bool *useless,
                        struct err *e)
{
	struct image_index *x = arena_alloc(m, sizeof *x);
	struct err why = { 0 };
	unsigned tries = 0;
	int rc;

	*useless = image_index_fetch(s, m, x, e) < 0;
	if (*useless || image_pick(x, want, got, e) < 0) return -1;
	while (image_fetch(s, got, want->serial != NULL, sink, e) < 0) {
		*useless = true;
		if (!may_try_older(want, sink, e) || ++tries > BUILDS_TRIED) return -1;
		if ((rc = choose_again(s, m, want, sink, x, tries == 1, got, &why)) == 1) continue;
		if (rc < 0) *e = why;
		return -1;
	}
	return 0;
}

static int fetch_cached(struct image_source *s, struct arena *m, const struct image_want *want,
                        const struct image_sink *sink, struct image_pick *got, struct err *e)
{
	struct image_index *x = arena_alloc(m, sizeof *x);

	if (image_cache_index(&s->cache, m, x, e) < 0) return -1;
	if (!x->n) return fail(e, ERR_MISSING, "there is no image in the cache");
	if (image_pick(x, want, got, e) < 0) return fail_in(e, "in the cache");
	return image_fetch(s, got, false, sink, e);
}

/* When the server is of no use: the fault if the cache is of none either. */
static int fall_back(struct image_source *s, struct arena *m, const struct image_want *want,
                     const struct image_sink *sink, struct image_pick *got, struct err *fault)
{
	struct image_index x;

	if (image_cache_index(&s->cache, m, &x, NULL) < 0 || image_pick(&x, want, got, NULL) < 0)
		return -1;
	if (sink->restart && sink->restart(sink->arg, fault) < 0) return -1;
	note(sink, arena_printf(m, "%s: taking build %s from the cache", fault->text,
	                        got->build->serial));
	s->offline = true;
	return image_fetch(s, got, false, sink, fault);
}

int image_fetch_best(struct image_source *s, struct arena *m, const struct image_want *want,
                     const struct image_sink *sink, struct image_pick *got, struct err *e)
{
	struct err fault = { 0 };
	bool useless;

	if (s->offline) return fetch_cached(s, m, want, sink, got, e);
	if (fetch_online(s, m, want, sink, got, &useless, &fault) == 0) return 0;
	if (useless && (fault.kind == ERR_NETWORK || fault.kind == ERR_MISSING) &&
	    fall_back(s, m, want, sink, got, &fault) == 0)
		return 0;
	if (e) *e = fault;
	return -1;
}
