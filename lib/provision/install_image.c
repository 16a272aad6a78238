#include "lib/provision/install_image.h"

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/image/fetch.h"
#include "lib/provision/unpack_sink.h"
#include "lib/store/image_store.h"
#include "lib/store/staging.h"

static void note_text(void *arg, const char *text)
{
	(void)arg;
	out_note("%s", text);
}

/* Repeats the first fault at the end, because the first message has scrolled away by then. A
 * build that cannot be trusted is reported even with --quiet. */
static void tell_first_fault(const struct image_source *s)
{
	if (s->first.kind == ERR_UNTRUSTED) out_warn("the first try failed: %s", s->first.text);
	else if (s->first.kind) out_note("The first try failed: %s", s->first.text);
}

static int transfer_image(struct image_source *s, struct arena *m,
                          const struct image_want *want, const struct unpack_limits *limits,
                          struct image_store *unpacked, struct staging *work,
                          struct image_pick *got, struct err *e)
{
	struct unpack_sink r = { .work = work, .limits = *limits, .unpacked = unpacked };
	const struct image_sink sink = {
		.have = unpack_sink_have,
		.begin = unpack_sink_begin,
		.take = unpack_sink_take,
		.wants_file = unpack_sink_wants_file,
		.file = unpack_sink_file,
		.restart = unpack_sink_restart,
		.progress = unpack_sink_progress,
		.note = note_text,
		.arg = &r,
	};
	int rc;

	if (!s->offline) out_step("Asking for the list of images");
	rc = image_fetch_best(s, m, want, &sink, got, e);
	if (rc == 0 && (rc = unpack_sink_finish(&r, e)) == 0) {
		out_note("Installed %s %s, build %s", got->image->distro, got->image->release,
		         got->build->serial);
		tell_first_fault(s);
	}
	unpack_sink_drop(&r);
	return rc;
}

static int open_source(struct host *h, struct arena *m, struct image_source *s, struct err *e)
{
	if (image_source_open(m, h->image_server, h->cacert, s, e) < 0) return -1;
	s->keys = h->image_keys;
	s->require_signature = h->require_signature;
	out_verbose("%s", s->trust);
	return 0;
}

int install_image(struct host *h, const struct image_want *want, const struct install_how *how,
                  struct staging *work, const char **release, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct image_pick got;
	struct image_store unpacked = IMAGE_STORE_NONE;
	struct image_source s = { 0 };
	struct err why = { 0 };
	int rc;

	if (open_source(h, &m, &s, e) < 0) return -1;
	s.offline = how->offline;
	if (!how->no_clone) image_store_open(&m, h->dir, work->jails, &unpacked);
	if (image_cache_open(&m, h->dir, true, &s.cache, &why) < 0)
		out_warn("the image is not kept for the next time: %s", why.text);
	rc = transfer_image(&s, &m, want, &how->limits, &unpacked, work, &got, e);
	if (rc == 0) *release = arena_strdup(h->m, got.image->release);
	image_store_close(&unpacked);
	image_source_close(&s);
	return rc;
}

static int read_cache(struct host *h, struct arena *m, struct image_index *x, struct err *e)
{
	struct image_cache c = { 0 };
	int rc;

	if (image_cache_open(m, h->dir, false, &c, e) < 0) return -1;
	rc = image_cache_index(&c, m, x, e);
	image_cache_close(&c);
	if (rc == 0 && !x->n) return fail(e, ERR_MISSING, "the cache contains no image");
	return rc;
}

int install_server_index(struct host *h, struct arena *m, struct image_index *x, struct err *e)
{
	struct image_source s = { 0 };
	int rc;

	if (open_source(h, m, &s, e) < 0) return -1;
	if (h->dir) image_cache_open(m, h->dir, false, &s.cache, NULL);
	rc = image_index_fetch(&s, m, x, e);
	image_source_close(&s);
	return rc;
}

static bool may_use_cache(const struct err *fault)
{
	return fault->kind == ERR_NETWORK || fault->kind == ERR_MISSING;
}

int install_index(struct host *h, struct arena *m, bool offline, struct image_index *x,
                  struct err *e)
{
	struct err fault = { 0 };

	if (offline) return read_cache(h, m, x, e);
	if (install_server_index(h, m, x, &fault) == 0) return 0;
	if (may_use_cache(&fault) && read_cache(h, m, x, NULL) == 0) {
		out_warn("%s: these are the images in the cache", fault.text);
		return 0;
	}
	if (e) *e = fault;
	return -1;
}

int install_find(struct host *h, struct arena *m, const struct image_want *want, bool offline,
                 struct image_pick *got, bool *cached, struct err *e)
{
	struct image_index *x = arena_alloc(m, sizeof *x);
	struct err fault = { 0 };

	*cached = offline;
	if (!offline && install_server_index(h, m, x, &fault) == 0)
		return image_pick(x, want, got, e);
	if (offline) {
		if (read_cache(h, m, x, e) < 0) return -1;
		return image_pick(x, want, got, e) < 0 ? fail_in(e, "in the cache") : 0;
	}
	if (may_use_cache(&fault) && read_cache(h, m, x, NULL) == 0 &&
	    image_pick(x, want, got, NULL) == 0) {
		out_warn("%s", fault.text);
		*cached = true;
		return 0;
	}
	if (e) *e = fault;
	return -1;
}
