/* The transfer of one archive. Bytes that the sink has taken are never requested again after a
 * broken connection, because the sink has unpacked them. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/image/impl.h"
#include "lib/net/http.h"
#include "lib/base/sha256.h"
#include "lib/net/url.h"

enum { BLOCK = 128 * 1024, RESUMES_IN_VAIN = 3, PAUSE_MS = 1000, RANGE_NOT_THERE = 416 };

struct transfer {
	struct image_source *source;
	const struct remote *file;
	const struct image_build *build;
	const struct image_sink *sink;
	struct cached kept;
	const char *etag;
	uint64_t done;
	uint64_t size;		/* 0: unknown */
	struct sha256 hash;
	bool from_disk;		/* some bytes came from the cache */
	bool by_file;		/* the sink waits for the whole file */
	bool wrong;		/* it is not the file in the list */
	bool final;		/* another try would not help */
	struct err refused;	/* why the sink takes no more; kind 0: it takes more */
	unsigned char block[BLOCK];
};

/* What told us the size and the hash. */
static const char *list_of(const struct transfer *t)
{
	return t->build->part ? "manifest" : "list of images";
}

static int fail_size(struct transfer *t, const char *url, uint64_t size, struct err *e)
{
	t->final = t->wrong = true;
	if (!t->build->size)
		return fail(e, ERR_UNTRUSTED, "%s changed during the transfer", url);
	return fail(e, ERR_UNTRUSTED, "%s has %llu bytes, but %llu in the %s", url,
	            (unsigned long long)size, (unsigned long long)t->size, list_of(t));
}

/* A file of another length than in the list is the wrong one, which is known before the sink
 * gets its first byte. */
static int check_length(struct transfer *t, const struct http_reply *r, struct err *e)
{
	uint64_t size = r->from + (uint64_t)r->length;

	if (r->length < 0) return 0;
	if (!t->size) t->size = size;
	return size == t->size ? 0 : fail_size(t, r->url, size, e);
}

/* Without a hash, only the server's ETag shows that the file is still the same. */
static int check_etag(struct transfer *t, const struct http_reply *r, struct err *e)
{
	if (t->build->sha256 || !t->done || r->from == t->done) return 0;
	return str_eq(t->etag, r->etag) ? 0 : fail_size(t, r->url, 0, e);
}

/* If the sink refuses the archive, it may be a damaged copy: read the rest for its hash. */
static int give_sink(struct transfer *t, size_t n, struct err *e)
{
	struct err why = { 0 };

	if (t->refused.kind || t->by_file) return check_signal(e);
	if (t->sink->take(t->sink->arg, t->block, n, &why) == 0) return 0;
	if (t->build->sha256 && (why.kind == ERR_INPUT || why.kind == ERR_UNTRUSTED)) {
		t->refused = why;
		return 0;
	}
	if (e) *e = why;
	return -1;
}

static int pass_block(struct transfer *t, size_t n, struct err *e)
{
	if (!t->done && t->kept.fd >= 0 && t->sink->wants_file)
		t->by_file = t->sink->wants_file(t->sink->arg, t->block, n);
	sha256_add(&t->hash, t->block, n);
	t->done += n;
	if (give_sink(t, n, e) < 0) return -1;
	if (t->sink->progress) t->sink->progress(t->sink->arg, t->done, t->size);
	return 0;
}

static int take_block(struct transfer *t, const struct http_reply *r, size_t n, struct err *e)
{
	t->final = true;
	t->wrong = t->size && n > t->size - t->done;
	if (t->wrong)
		return fail(e, ERR_UNTRUSTED,
		            "%s is longer than the %llu bytes in the %s", r->url,
		            (unsigned long long)t->size, list_of(t));
	image_cache_append(&t->source->cache, t->build, &t->kept, t->block, n);
	if (t->by_file && t->kept.fd < 0)
		return fail(e, ERR_HOST, "the image must be in the cache to be unpacked");
	if (pass_block(t, n, e) < 0) return -1;
	t->final = false;
	return 0;
}

/* Pass the bytes in the cache to the sink. */
static int read_kept(struct transfer *t, struct err *e)
{
	uint64_t left = t->kept.have;
	ssize_t k;

	t->from_disk = left;
	for (; left; left -= (uint64_t)k) {
		k = read(t->kept.fd, t->block,
		         left < sizeof t->block ? (size_t)left : sizeof t->block);
		if (k < 0) return fail_sys(e, "read the image in the cache");
		t->wrong = k == 0;
		if (t->wrong)
			return fail(e, ERR_UNTRUSTED, "the image in the cache has changed");
		if (pass_block(t, (size_t)k, e) < 0) return -1;
	}
	return 0;
}

/* Request the missing bytes and pass them to the sink, to the end or to the next fault. */
static int run_once(struct transfer *t, struct arena *m, struct err *e)
{
	struct http_request q = { .url = t->file->url, .from = t->done, .if_range = t->etag,
	                          .accept = t->file->accept,
	                          .authorization = t->file->authorization };
	struct http_reply r;
	ssize_t k;

	if (http_get(t->source->http, m, &q, &r, e) < 0) {
		/* An earlier run may have fetched the whole file; the hash decides. */
		return r.status == RANGE_NOT_THERE && t->done && !t->size ? 0 : -1;
	}
	if (check_length(t, &r, e) < 0 || check_etag(t, &r, e) < 0) return -1;
	if (!t->etag && r.etag) t->etag = arena_strdup(m, r.etag);
	if (r.from < t->done && stream_skip(r.body, t->done - r.from, e) < 0) return -1;
	while ((k = stream_read(r.body, t->block, sizeof t->block, e)) > 0)
		if (take_block(t, &r, (size_t)k, e) < 0) return -1;
	if (t->size && t->done == t->size) return 0;	/* however the connection ended */
	if (k < 0 && !t->size)
		return fail_in(e, "%s, after %llu bytes", r.url, (unsigned long long)t->done);
	if (k < 0)
		return fail_in(e, "%s, after %llu of %llu bytes", r.url,
		               (unsigned long long)t->done, (unsigned long long)t->size);
	if (!t->size) return 0;
	return fail(e, ERR_NETWORK, "%s ends after %llu of %llu bytes", r.url,
	            (unsigned long long)t->done, (unsigned long long)t->size);
}

/* Resume while each try brings bytes, and a few times if it does not. */
static int run_to_end(struct transfer *t, struct arena *m, struct err *e)
{
	struct err fault = { 0 };
	uint64_t before = 0;
	unsigned vain = 0;

	while (run_once(t, m, &fault) < 0) {
		bool resumable = t->done && (t->build->sha256 || t->etag);

		vain = t->done > before ? 0 : vain + 1;
		before = t->done;
		if (t->final || fault.kind != ERR_NETWORK || fault.sys == EACCES ||
		    !resumable || vain >= RESUMES_IN_VAIN) {
			if (e) *e = fault;
			return -1;
		}
		if (wait_fds(NULL, 0, deadline_in((int64_t)PAUSE_MS << vain), e) < 0) return -1;
	}
	return 0;
}

static int check_hash(struct transfer *t, struct arena *m, struct err *e)
{
	char sha256[SHA256_HEX + 1];

	sha256_end(&t->hash, sha256);
	t->wrong = t->build->sha256 && !sha256_same(sha256, t->build->sha256);
	if (!t->wrong) return 0;
	if (t->kept.whole)
		return fail(e, ERR_UNTRUSTED, "the copy of %s in the cache was damaged%s",
		            t->build->path, t->kept.ours ? "; jlmkr deletes it" : "");
	if (!t->build->size) return fail(e, ERR_UNTRUSTED, "its SHA-256 is %s", sha256);
	return fail(e, ERR_UNTRUSTED,
	            "%s is not the file in the %s: its SHA-256 is %.16s... instead of %.16s...",
	            url_name(m, t->file->url), list_of(t), sha256, t->build->sha256);
}

/* All bytes are there. */
static int finish_bytes(struct transfer *t, struct arena *m, struct err *e)
{
	if (check_hash(t, m, e) < 0) return -1;
	return t->by_file ? t->sink->file(t->sink->arg, t->kept.fd, e) : 0;
}

/* Read the bytes in the cache, then those from the server. */
static int transfer_all(struct transfer *t, struct arena *m, struct err *e)
{
	const struct image_cache *cache = &t->source->cache;

	sha256_begin(&t->hash);
	if (t->build->sha256 && image_cache_find(cache, t->build, &t->kept, e) < 0) return -1;
	if (t->kept.whole) t->size = t->kept.have;
	if (t->sink->begin) t->sink->begin(t->sink->arg, t->file->keep, t->kept.have, t->size);
	if (read_kept(t, e) < 0) return -1;
	if (t->size && t->done == t->size) return finish_bytes(t, m, e);
	if (t->source->offline)
		return fail(e, ERR_MISSING, "the image in the cache is incomplete");
	return run_to_end(t, m, e) < 0 ? -1 : finish_bytes(t, m, e);
}

/* Keep or delete the copy in the cache. A partial one that is right so far stays. */
static void settle(struct transfer *t, int rc)
{
	struct image_cache *cache = &t->source->cache;
	bool done = rc == 0 && !t->file->keep && !t->build->part && !t->kept.whole;

	if (rc == 0 && t->build->part)
		cache_keep_part(cache, t->build, &t->kept);
	if (rc == 0 && t->file->keep)
		image_cache_keep(cache, t->file->keep, t->file->pinned, &t->kept);
	if ((t->wrong || done) && t->kept.fd >= 0 &&
	    !image_cache_drop(cache, t->build, &t->kept))
		cache->avoid = t->build->sha256;
	image_cache_release(&t->kept);
}

/* `*again`: the copy in the cache was damaged, but the server's may be right. */
static int try_once(struct image_source *s, const struct remote *f,
                    const struct image_sink *sink, bool *again, bool *refused, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct transfer *t = arena_alloc(&m, sizeof *t);
	int rc;

	*t = (struct transfer){ .source = s, .file = f, .build = f->build, .sink = sink,
	                        .size = f->build->size, .kept.fd = -1 };
	rc = transfer_all(t, &m, e);
	*again = rc < 0 && t->wrong && t->from_disk;
	settle(t, rc);
	*refused = rc == 0 && t->refused.kind;
	if (!*refused) return rc;
	if (e) *e = t->refused;
	return -1;
}

int transfer(struct image_source *s, const struct remote *f, const struct image_sink *sink,
             bool *refused, struct err *e)
{
	struct err why = { 0 }, later = { 0 };
	bool again;

	if (try_once(s, f, sink, &again, refused, &why) == 0) return 0;
	if (again && !s->offline && sink->restart) {
		if (sink->note)
			sink->note(sink->arg,
			           arena_printf(s->m, "%s; fetching it again", why.text));
		if (sink->restart(sink->arg, e) < 0) return -1;
		if (try_once(s, f, sink, &again, refused, &later) == 0) return 0;
		if (later.kind != ERR_INTERRUPTED)
			fail(&later, later.kind, "%s; then %s", why.text, later.text);
		why = later;
	}
	if (e) *e = why;
	return -1;
}
