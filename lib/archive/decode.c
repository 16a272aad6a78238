/* Our own threaded decoder decodes xz. For the others libarchive reads a "raw" archive,
 * which is one file without a name, through exactly one filter, so that a file that is
 * compressed twice is decoded once. */

#include "lib/archive/decode.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/archive/xz.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"

enum { HEAD_MAX = 6 };

/* Returns first the bytes that were read to find the format, then the rest. */
struct again {
	struct pull pull;
	struct pull *from;
	uint8_t head[HEAD_MAX];
	size_t n;		/* bytes in `head` */
	const void *rest;	/* of the piece that filled `head` */
	size_t rest_n;
	int stage;
};

struct decode {
	struct pull pull;	/* of a filter */
	struct again again;
	struct pull *out;
	struct xz *xz;
	struct archive *raw;
	bool opened;
	struct err cause;	/* why the source failed, if it did */
};

static ssize_t again_next(struct pull *p, const void **data, struct err *e)
{
	struct again *a = (struct again *)p;

	if (a->stage == 0 && ++a->stage && a->n) {
		*data = a->head;
		return (ssize_t)a->n;
	}
	if (a->stage == 1 && ++a->stage && a->rest_n) {
		*data = a->rest;
		return (ssize_t)a->rest_n;
	}
	return a->from->next(a->from, data, e);
}

static int read_head(struct again *a, struct err *e)
{
	while (a->n < HEAD_MAX) {
		const void *data;
		ssize_t n = a->from->next(a->from, &data, e);
		size_t want = HEAD_MAX - a->n;

		if (n < 0) return -1;
		if (n == 0) break;
		if (want > (size_t)n) want = (size_t)n;
		memcpy(a->head + a->n, data, want);
		a->n += want;
		a->rest = (const uint8_t *)data + want;
		a->rest_n = (size_t)n - want;
	}
	return a->n ? 0 : fail(e, ERR_INPUT, "the archive is empty");
}

struct packing {
	const char *magic;
	size_t n;
	const char *name;
	const char *kind;	/* NULL: not supported */
	int (*support)(struct archive *);	/* of libarchive; NULL: ours */
};

static const struct packing packings[] = {
	{ "\xfd" "7zXZ", 6, "xz", "tar in xz", NULL },
	{ "\x1f\x8b", 2, "gzip", "tar in gzip", archive_read_support_filter_gzip },
	{ "\x28\xb5\x2f\xfd", 4, "zstd", "tar in zstd", archive_read_support_filter_zstd },
	{ "BZh", 3, "bzip2", NULL, NULL },
	{ "\x04\x22\x4d\x18", 4, "lz4", NULL, NULL },
	{ "\x5d\0\0", 3, "lzma", NULL, NULL },
};

static const struct packing *find_packing(const void *head, size_t n)
{
	for (size_t i = 0; i < sizeof packings / sizeof *packings; i++)
		if (n >= packings[i].n && !memcmp(head, packings[i].magic, packings[i].n))
			return &packings[i];
	return NULL;
}

const char *decode_kind(const void *head, size_t n)
{
	const struct packing *p = find_packing(head, n);

	return p && p->kind ? p->kind : "tar";
}

static la_ssize_t give_raw(struct archive *raw, void *arg, const void **data)
{
	struct decode *d = arg;
	ssize_t n = d->again.pull.next(&d->again.pull, data, &d->cause);

	(void)raw;
	return n < 0 ? ARCHIVE_FATAL : n;
}

static int fail_filter(struct decode *d, struct err *e)
{
	const char *why = archive_error_string(d->raw);

	if (d->cause.kind) {
		*e = d->cause;
		return -1;
	}
	return fail(e, ERR_INPUT, "the archive cannot be decoded: %s",
	            why ? why : "it is damaged");
}

/* libarchive returns a piece with its offset; a raw archive has no holes, so pieces come in
 * order. */
static ssize_t filter_next(struct pull *p, const void **data, struct err *e)
{
	struct decode *d = (struct decode *)p;
	struct archive_entry *file;
	size_t n = 0;
	la_int64_t place;
	int rc;

	if (!d->opened) {
		d->opened = true;
		/* What cannot be decoded from its first byte on would look empty. */
		if (archive_error_string(d->raw)) return fail_filter(d, e);
		rc = archive_read_next_header(d->raw, &file);
		if (rc == ARCHIVE_EOF) return 0;
		if (rc != ARCHIVE_OK) return fail_filter(d, e);
	}
	do {
		rc = archive_read_data_block(d->raw, data, &n, &place);
	} while (rc == ARCHIVE_OK && n == 0);
	if (rc == ARCHIVE_EOF) return 0;
	return rc == ARCHIVE_OK ? (ssize_t)n : fail_filter(d, e);
}

/* By what it supports, not by archive_read_append_filter, which links all there are: also one
 * that runs programs. */
static int open_filter(struct decode *d, const struct packing *p, struct err *e)
{
	int filters;

	if (!(d->raw = archive_read_new())) return fail(e, ERR_HOST, "no memory");
	d->pull.next = filter_next;
	d->out = &d->pull;
	archive_read_support_format_raw(d->raw);
	archive_read_support_format_empty(d->raw);
	if (p->support(d->raw) != ARCHIVE_OK ||
	    archive_read_open(d->raw, d, NULL, give_raw, NULL) != ARCHIVE_OK)
		return fail_filter(d, e);
	filters = archive_filter_count(d->raw);
	if (filters == 2) return 0;	/* it, and what it reads from */
	return fail(e, ERR_INPUT, "the archive cannot be decoded: %s with %s", p->name,
	            filters > 2 ? "more of it inside" : "a damaged header");
}

static int open_xz(struct arena *m, struct decode *d, struct err *e)
{
	if (!(d->xz = xz_open(m, &d->again.pull, e))) return -1;
	d->out = xz_out(d->xz);
	return 0;
}

static int open_decoder(struct arena *m, struct decode *d, struct err *e)
{
	const struct again *a = &d->again;
	const struct packing *p = find_packing(a->head, a->n);

	d->out = &d->again.pull;
	if (!p && a->n >= 4 && !memcmp(a->head, "QFI\xfb", 4))
		return fail(e, ERR_INPUT,
		            "it is the disk of a virtual machine (qcow2), not of a container");
	if (!p) return 0;
	if (!p->kind)
		return fail(e, ERR_INPUT,
		            "the archive is compressed with %s, which jlmkr does "
		            "not support; it supports xz, zstd and gzip", p->name);
	return p->support ? open_filter(d, p, e) : open_xz(m, d, e);
}

struct decode *decode_open(struct arena *m, struct pull *from, struct err *e)
{
	struct decode *d = arena_alloc(m, sizeof *d);

	d->again.pull.next = again_next;
	d->again.from = from;
	if (read_head(&d->again, e) == 0 && open_decoder(m, d, e) == 0) return d;
	decode_close(d);
	return NULL;
}

struct pull *decode_out(struct decode *d)
{
	return d->out;
}

void decode_close(struct decode *d)
{
	if (!d) return;
	xz_close(d->xz);
	if (d->raw) archive_read_free(d->raw);
}
