/* Three loops, one inside the other: servers (image_fetch_best), builds of one server
 * (fetch_from_server), tries of one file (transfer.c). */

#include "lib/image/fetch.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/image/impl.h"
#include "lib/net/anchors.h"
#include "lib/net/http.h"
#include "lib/net/url.h"

enum { PAUSE_MS = 1000, BUILDS_TRIED = 4 };

#define LIST "streams/v1/images.json"

static const char blanks[] = " \t\n";

static int read_server(struct arena *m, const char *text, struct url *u, struct err *e)
{
	if (url_parse(m, text, u, e) < 0) return fail_in(e, "image server");
	if (u->tls) return 0;
	return fail(e, ERR_UNTRUSTED, "image server %s: only https is trusted", url_name(m, u));
}

static int read_servers(struct image_source *s, const char *list, struct err *e)
{
	struct url *all = arena_array(s->m, strlen(list) / 2 + 1, sizeof *all);
	const char *said = list;
	size_t n = 0, k;

	for (list += strspn(list, blanks); *list; list += k, list += strspn(list, blanks)) {
		k = strcspn(list, blanks);
		if (read_server(s->m, arena_strndup(s->m, list, k), &all[n++], e) < 0)
			return -1;
	}
	if (!n) return fail(e, ERR_INPUT, "image server: no URL in '%s'", said);
	s->base = all;
	s->more = n - 1;
	return 0;
}

int image_source_open(struct arena *m, const char *servers, const char *cacert,
                      struct image_source *s, struct err *e)
{
	struct http_options o = { 0 };
	struct anchors *anchors;

	*s = (struct image_source){ .m = m };
	if (read_servers(s, servers, e) < 0) return -1;
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

/* `*again`: the server sent a list, which may be damaged. */
static int fetch_index_once(struct image_source *s, struct arena *m, struct image_index *x,
                            bool *again, struct err *e)
{
	AUTOFREE struct arena scratch = { 0 };
	struct http_reply reply;
	struct url u;
	size_t n, hint;
	char *text;

	*again = false;
	url_beneath(&scratch, s->base, LIST, &u);
	if (http_get(s->http, &scratch, &(struct http_request){ .url = &u }, &reply, e) < 0) {
		if (!e || e->kind != ERR_MISSING) return -1;
		return fail(e, ERR_NETWORK, "%s does not exist; is this an image server?",
		            url_name(&scratch, &u));
	}
	hint = reply.length > 0 ? (size_t)reply.length : 0;
	text = stream_read_all(reply.body, &scratch, IMAGE_INDEX_MAX, hint, &n, e);
	*again = !text || image_index_parse(m, text, n, x, e) < 0;
	if (*again) return fail_in(e, "%s", reply.url);
	return list_check(s, LIST, text, n, again, e);
}

/* Servers rewrite a list in place, and sign it then. */
static int fetch_index(struct image_source *s, struct arena *m, struct image_index *x,
                       struct err *e)
{
	struct err fault = { 0 };
	bool again;

	if (!fetch_index_once(s, m, x, &again, &fault)) return 0;
	if (again && (fault.kind == ERR_NETWORK || fault.kind == ERR_UNTRUSTED)) {
		if (pause_for(PAUSE_MS, e) < 0) return -1;
		return fetch_index_once(s, m, x, &again, e);
	}
	if (e) *e = fault;
	return -1;
}

/* Whether the next server may help after this fault. */
static bool may_try_next(const struct image_source *s, const struct err *fault)
{
	return s->more && (fault->kind == ERR_NETWORK || fault->kind == ERR_MISSING ||
	                   fault->kind == ERR_UNTRUSTED);
}

static void next_server(struct image_source *s, const struct err *why)
{
	s->base++;
	s->more--;
	out_note("%s; trying %s instead", why->text, url_name(s->m, s->base));
}

/* Keeps the first fault, and adds each later one to it, with what was tried. */
static void remember(struct image_source *s, const char *tried, const struct err *fault)
{
	struct err *first = &s->first;

	if (!first->kind) *first = *fault;
	else fail(first, first->kind, "%s; then %s: %s", first->text, tried, fault->text);
}

int image_index_fetch(struct image_source *s, struct arena *m, struct image_index *x,
                      struct err *e)
{
	struct err fault = { 0 };

	s->first = (struct err){ 0 };
	while (fetch_index(s, m, x, &fault) < 0) {
		remember(s, url_name(m, s->base), &fault);
		if (may_try_next(s, &fault)) {
			next_server(s, &fault);
			continue;
		}
		if (e) *e = fault.kind == ERR_INTERRUPTED ? fault : s->first;
		return -1;
	}
	return 0;
}

static int fetch_build(struct image_source *s, const struct image_pick *what, bool pinned,
                       const struct image_sink *sink, bool *refused, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct url u;
	const struct remote f = { .url = &u, .build = what->build, .keep = what,
	                          .pinned = pinned };

	if (sink->have && sink->have(sink->arg, what)) return 0;
	url_beneath(&m, s->base, what->build->path, &u);
	return transfer(s, &f, sink, refused, e);
}

int image_fetch(struct image_source *s, const struct image_pick *what, bool pinned,
                const struct image_sink *sink, struct err *e)
{
	bool refused;

	return fetch_build(s, what, pinned, sink, &refused, e);
}

static void note_to_sink(const struct image_sink *sink, const char *text)
{
	if (sink->note) sink->note(sink->arg, text);
}

static void tell_next_build(struct arena *m, const struct image_sink *sink, const char *gone,
                            const char *next, const struct err *why)
{
	const char *text;

	if (why->kind == ERR_UNTRUSTED)
		text = arena_printf(m, "build %s is not used: %s; trying build %s", gone,
		                    why->text, next);
	else
		text = arena_printf(m, "build %s is not available from the server; using %s",
		                    gone, next);
	note_to_sink(sink, text);
}

/* The build to use instead of `gone`: a newer one if the list was fetched again, else the next
 * older one. NULL: there is none. */
static const struct image_build *next_build(const struct image *image,
                                            const struct image_build *gone, bool anew)
{
	const struct image_build *b = image->builds, *end = b + image->n_builds;

	if (anew && strcmp(b->serial, gone->serial) > 0) return b;
	while (b < end && strcmp(b->serial, gone->serial) >= 0)
		b++;
	return b < end ? b : NULL;
}

/* Whether an older build may help: this one was deleted, or does not match the list. */
static bool may_try_older(const struct image_want *want, const struct image_sink *sink,
                          const struct err *fault)
{
	if (want->serial) return false;
	return fault->kind == ERR_MISSING || (fault->kind == ERR_UNTRUSTED && sink->restart);
}

/* Choose another build instead of got->build, which `why` is about: returns 1, 0 if there is
 * none, -1 on a fault. */
static int choose_again(struct image_source *s, struct arena *m, const struct image_want *want,
                        const struct image_sink *sink, struct image_index *x, bool anew,
                        struct image_pick *got, const struct err *why, struct err *e)
{
	const struct image_build *next;
	struct image_pick again;

	if (anew && (pause_for(PAUSE_MS, e) < 0 || fetch_index(s, m, x, e) < 0)) return -1;
	if (image_pick(x, want, &again, NULL) < 0) return 0;
	if (!(next = next_build(again.image, got->build, anew))) return 0;
	if (sink->restart && sink->restart(sink->arg, e) < 0) return -1;
	tell_next_build(m, sink, got->build->serial, next->serial, why);
	*got = (struct image_pick){ again.image, next };
	return 1;
}

/* Whose fault it is that there is no image. */
struct blame {
	bool server;		/* the server's: another one may have the image */
	bool refused;		/* the image came, but the sink refused it */
};

/* The build that was picked, then others. */
static int fetch_builds(struct image_source *s, struct arena *m, const struct image_want *want,
                        const struct image_sink *sink, struct image_index *x,
                        struct image_pick *got, struct blame *b, struct err *e)
{
	struct err why = { 0 };
	unsigned tries = 0;
	int rc;

	while (fetch_build(s, got, want->serial != NULL, sink, &b->refused, e) < 0) {
		remember(s, arena_printf(m, "build %s", got->build->serial), e);
		b->server = !b->refused;
		if (b->refused || !may_try_older(want, sink, e) || ++tries > BUILDS_TRIED)
			return -1;
		rc = choose_again(s, m, want, sink, x, tries == 1, got, e, &why);
		if (rc == 1) continue;
		if (rc < 0) {
			*e = why;
			remember(s, "another build", e);
		}
		return -1;
	}
	return 0;
}

static int fetch_from_server(struct image_source *s, struct arena *m,
                             const struct image_want *want, const struct image_sink *sink,
                             struct image_pick *got, struct blame *b, struct err *e)
{
	struct image_index *x = arena_alloc(m, sizeof *x);
	const char *name = url_name(m, s->base);

	*b = (struct blame){ .server = fetch_index(s, m, x, e) < 0 };
	if (b->server || image_pick(x, want, got, e) < 0) {
		if (!b->server && s->more) fail_in(e, "%s", name);
		remember(s, name, e);
		return -1;
	}
	return fetch_builds(s, m, want, sink, x, got, b, e);
}

/* `*useless`: at least one server failed, so the request and this machine may be right. */
static int fetch_online(struct image_source *s, struct arena *m, const struct image_want *want,
                        const struct image_sink *sink, struct image_pick *got, bool *useless,
                        struct err *e)
{
	struct blame b;

	*useless = false;
	while (fetch_from_server(s, m, want, sink, got, &b, e) < 0) {
		*useless |= b.server;
		if (b.refused || !may_try_next(s, e)) return -1;
		next_server(s, e);
		if (sink->restart && sink->restart(sink->arg, e) < 0) return -1;
	}
	return 0;
}

static int fetch_cached(struct image_source *s, struct arena *m, const struct image_want *want,
                        const struct image_sink *sink, struct image_pick *got, struct err *e)
{
	struct image_index *x = arena_alloc(m, sizeof *x);

	if (image_cache_index(&s->cache, m, x, e) < 0) return -1;
	if (!x->n) return fail(e, ERR_MISSING, "the cache has no images");
	if (image_pick(x, want, got, e) < 0) return fail_in(e, "in the cache");
	return image_fetch(s, got, false, sink, e);
}

/* The servers failed: take an image from the cache. -1 if it has none. */
static int fall_back(struct image_source *s, struct arena *m, const struct image_want *want,
                     const struct image_sink *sink, struct image_pick *got, struct err *fault)
{
	struct image_index x;

	if (image_cache_index(&s->cache, m, &x, NULL) < 0 ||
	    image_pick(&x, want, got, NULL) < 0)
		return -1;
	if (sink->restart && sink->restart(sink->arg, fault) < 0) return -1;
	note_to_sink(sink, arena_printf(m, "%s; using build %s from the cache", fault->text,
	                                got->build->serial));
	s->offline = true;
	if (image_fetch(s, got, false, sink, fault) == 0) return 0;
	remember(s, "the cache", fault);
	return -1;
}

int image_fetch_best(struct image_source *s, struct arena *m, const struct image_want *want,
                     const struct image_sink *sink, struct image_pick *got, struct err *e)
{
	struct err fault = { 0 };
	bool useless;

	s->first = (struct err){ 0 };
	if (s->offline) return fetch_cached(s, m, want, sink, got, e);
	if (fetch_online(s, m, want, sink, got, &useless, &fault) == 0) {
		list_remember(s);
		return 0;
	}
	if (useless && (fault.kind == ERR_NETWORK || fault.kind == ERR_MISSING) &&
	    fall_back(s, m, want, sink, got, &fault) == 0)
		return 0;
	if (e) *e = s->first.kind && fault.kind != ERR_INTERRUPTED ? s->first : fault;
	return -1;
}
