/* The bytes of a tar are cut into headers, contents and padding by the headers alone, as
 * pack.c puts them together. Hashes are kept, in short, until the manifest comes; two hashes
 * of all of them, as counted and as listed, make the short form enough. */

#include "lib/archive/check.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lib/archive/pack.h"
#include "lib/archive/pieces.h"
#include "lib/archive/squeeze.h"
#include "lib/archive/tar_head.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"

enum { LINE_MAX_SIZE = 16 << 10 };

enum part { PART_HEAD, PART_PAX, PART_CONTENT, PART_MANIFEST, PART_FRAME, PART_PADDING,
	    PART_END };

struct check {
	struct pull pull;
	struct pull *from;
	struct arena *m;
	struct check_front *front;
	enum part part;
	uint64_t left, padding;		/* of the part; of what comes behind it */
	bool decided, is_export, has_front, closed;
	const char *why;		/* it is damaged; NULL: not yet */
	unsigned char block[TAR_BLOCK];
	size_t block_n;
	struct sha256 frame, content, counted, listed;
	uint64_t *seen;			/* of each entry: the start of its hash; or 0 */
	size_t seen_n, seen_room, line_n;	/* line_n: lines of the manifest */
	struct str line;
	char frame_line[PACK_FRAME_LINE + 1];
	size_t frame_n;
	char bad[400];			/* the first entry that does not fit */
	bool has_sums, in_heads;	/* in_heads: the contents of the entry have not begun */
	struct sha256 heads;
	unsigned char (*sums)[HAVE_HASH];	/* of the entries from `sums_from` on */
	size_t sums_from, sums_n, sums_room;
	char format[sizeof PACK_FORMAT_STREAM];	/* how the first entry begins */
	size_t format_n;
	bool is_stream;			/* it has pieces, */
	struct pieces pieces;
	void (*take)(void *arg, const void *data, size_t n);	/* ... for this */
	void *take_arg;
};

/* -- entries -- */

static void add_sum(struct check *c, const unsigned char digest[SHA256_SIZE])
{
	c->sums = arena_grow(c->m, c->sums, c->sums_n, &c->sums_room, sizeof *c->sums);
	have_sum(&c->heads, digest, c->sums[c->sums_n++]);
}

static void count_entry(struct check *c, const unsigned char digest[SHA256_SIZE])
{
	c->seen = arena_grow(c->m, c->seen, c->seen_n, &c->seen_room, sizeof *c->seen);
	memcpy(&c->seen[c->seen_n++], digest, sizeof *c->seen);
	if (c->has_sums) add_sum(c, digest);
	if (c->seen_n == 1)
		c->is_stream = c->format_n == sizeof c->format &&
			       !memcmp(c->format, PACK_FORMAT_STREAM "\n", sizeof c->format);
	if (c->seen_n == 2) c->has_front = true;
	sha256_add(&c->counted, digest, SHA256_SIZE);
}

static void end_content(struct check *c)
{
	unsigned char digest[SHA256_SIZE];

	sha256_digest(&c->content, digest);
	count_entry(c, digest);
}

/* Longer by the end of its line than the word is. */
static void keep_format(struct check *c, const void *data, size_t n)
{
	if (c->seen_n) return;
	if (n > sizeof c->format - c->format_n) n = sizeof c->format - c->format_n;
	memcpy(c->format + c->format_n, data, n);
	c->format_n += n;
}

/* The first two entries are for the front. */
static void keep_front(struct check *c, const void *data, size_t n)
{
	struct check_front *f = c->front;
	size_t *have, room;
	char *to;

	if (!f || c->seen_n > 1) return;
	have = c->seen_n ? &f->config_n : &f->head_n;
	to = c->seen_n ? f->config : f->head;
	room = (c->seen_n ? sizeof f->config : sizeof f->head) - *have;
	if (n > room) {
		c->why = "its first entries are too large";
		return;
	}
	memcpy(to + *have, data, n);
	*have += n;
}

static void begin_part(struct check *c, enum part part, uint64_t n)
{
	c->part = part;
	c->left = n;
	c->padding = (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK;
}

static bool is_zero(const unsigned char *p, size_t n)
{
	return !n || (!*p && !memcmp(p, p + 1, n - 1));
}

static void begin_entry(struct check *c, const struct tar_seen *n)
{
	static const unsigned char none[SHA256_SIZE];
	static const char *const first[] = { PACK_HEAD, PACK_CONFIG };

	if (str_eq(n->name, PACK_MANIFEST)) {
		if (n->size < PACK_FRAME_LINE || (c->is_stream && !c->pieces.n)) {
			c->why = "its manifest";
			return;
		}
		begin_part(c, PART_MANIFEST, n->size - PACK_FRAME_LINE);
		c->padding = (TAR_BLOCK - n->size % TAR_BLOCK) % TAR_BLOCK;
		if (!c->left) begin_part(c, PART_FRAME, PACK_FRAME_LINE);
		return;
	}
	if (c->seen_n < 2 && (!str_eq(n->name, first[c->seen_n]) || n->type != '0'))
		c->why = "its first entries";
	if (c->is_stream && c->seen_n >= 2 && !pieces_take(&c->pieces, n))
		c->why = "the pieces of its stream";
	if (n->size) {
		sha256_begin(&c->content);
		begin_part(c, PART_CONTENT, n->size);
		return;
	}
	count_entry(c, none);
}

/* A whole header is in c->block. */
static void take_head(struct check *c)
{
	struct tar_seen n;
	bool is_head = tar_head_parse(c->block, &n);

	if (!c->decided) {
		c->decided = true;
		c->is_export = is_head && str_eq(n.name, PACK_HEAD);
		if (c->front) c->front->is_export = c->is_export;
		if (!c->is_export && c->front)
			memcpy(c->front->head, c->block, c->front->head_n = TAR_BLOCK);
		if (!c->is_export) return;
	}
	sha256_add(&c->frame, c->block, TAR_BLOCK);
	if (!c->in_heads) sha256_begin(&c->heads);
	sha256_add(&c->heads, c->block, TAR_BLOCK);
	c->in_heads = is_head && n.type == 'x';
	if (!is_head || (c->is_stream && n.type == 'x') ||
	    (c->has_sums && !strchr("x0123456", n.type)))
		c->why = "a header";
	else if (n.type != 'x') begin_entry(c, &n);
	else if (n.size) begin_part(c, PART_PAX, n.size);
}

/* -- the manifest -- */

/* "HEX SIZE PATH": false if it is none. `digest` becomes zeros for "-". */
static bool read_line(const char *line, unsigned char digest[SHA256_SIZE], const char **path)
{
	size_t hex = strcspn(line, " ");

	memset(digest, 0, SHA256_SIZE);
	if (hex == SHA256_HEX)
		for (size_t i = 0; i < SHA256_SIZE; i++) {
			int high = hex_value(line[2 * i]), low = hex_value(line[2 * i + 1]);

			if (high < 0 || low < 0) return false;
			digest[i] = (unsigned char)(high << 4 | low);
		}
	else if (hex != 1 || *line != '-')
		return false;
	line += hex;
	if (*line++ != ' ' || !strspn(line, "0123456789")) return false;
	line += strspn(line, "0123456789");
	*path = line + 1;
	return *line == ' ' && line[1];
}

static void take_listed(struct check *c)
{
	const char *line = str_text(&c->line), *path;
	unsigned char digest[SHA256_SIZE];
	uint64_t start;
	size_t i = c->line_n++;

	if (!read_line(line, digest, &path)) {
		c->why = "its manifest";
		return;
	}
	sha256_add(&c->listed, digest, SHA256_SIZE);
	memcpy(&start, digest, sizeof start);
	if (!*c->bad && (i >= c->seen_n || c->seen[i] != start))
		snprintf(c->bad, sizeof c->bad, "%s", path);
	c->line.len = 0;
}

static void take_lines(struct check *c, const char *data, size_t n)
{
	while (n && !c->why) {
		const char *end = memchr(data, '\n', n);
		size_t k = end ? (size_t)(end - data) : n;

		if (memchr(data, 0, k) || c->line.len + k > LINE_MAX_SIZE) {
			c->why = "its manifest";
			return;
		}
		str_addn(&c->line, data, k);
		if (!end) return;
		take_listed(c);
		data += k + 1;
		n -= k + 1;
	}
}

/* -- the bytes -- */

static void end_part(struct check *c)
{
	enum part part = c->part;
	uint64_t padding = c->padding;

	if (part == PART_CONTENT) end_content(c);
	if (part == PART_MANIFEST) {
		c->part = PART_FRAME;
		c->left = PACK_FRAME_LINE;
		return;
	}
	if (part == PART_FRAME) c->closed = true;
	if (part == PART_PADDING || !padding) {
		c->part = c->closed ? PART_END : PART_HEAD;
		c->left = c->closed ? 2 * TAR_BLOCK : 0;
		return;
	}
	c->part = PART_PADDING;
	c->left = padding;
	c->padding = 0;
}

static void take_part(struct check *c, const unsigned char *p, size_t n)
{
	switch (c->part) {
	case PART_CONTENT:
		sha256_add(&c->content, p, n);
		keep_format(c, p, n);
		keep_front(c, p, n);
		if (c->take && c->is_stream && c->seen_n >= 2) c->take(c->take_arg, p, n);
		break;
	case PART_FRAME:
		memcpy(c->frame_line + c->frame_n, p, n);
		c->frame_n += n;
		break;
	case PART_MANIFEST:
		sha256_add(&c->frame, p, n);
		take_lines(c, (const char *)p, n);
		break;
	default:
		if (!c->closed) sha256_add(&c->frame, p, n);
		if (c->in_heads) sha256_add(&c->heads, p, n);
		if (c->part != PART_PAX && !is_zero(p, n)) c->why = "its padding";
	}
}

static size_t take_some(struct check *c, const unsigned char *p, size_t n)
{
	if (c->part == PART_HEAD) {
		if (n > TAR_BLOCK - c->block_n) n = TAR_BLOCK - c->block_n;
		memcpy(c->block + c->block_n, p, n);
		c->block_n += n;
		if (c->block_n < TAR_BLOCK) return n;
		c->block_n = 0;
		take_head(c);
		return n;
	}
	if (c->part == PART_END && !c->left) {
		c->why = "there is data behind its end";
		return n;
	}
	if (n > c->left) n = (size_t)c->left;
	take_part(c, p, n);
	if (!(c->left -= n) && c->part != PART_END) end_part(c);
	return n;
}

static ssize_t check_next(struct pull *p, const void **data, struct err *e)
{
	struct check *c = (struct check *)p;
	ssize_t n = c->from->next(c->from, data, e);
	const unsigned char *at = *data;

	for (size_t left = n > 0 ? (size_t)n : 0; left && !c->why;) {
		size_t k;

		if (c->decided && !c->is_export) break;
		k = take_some(c, at, left);
		at += k;
		left -= k;
	}
	return n;
}

struct check *check_open(struct arena *m, struct pull *from, struct check_front *front)
{
	struct check *c = arena_alloc(m, sizeof *c);

	c->pull.next = check_next;
	c->from = from;
	c->m = m;
	c->front = front;
	c->line.m = m;
	sha256_begin(&c->frame);
	sha256_begin(&c->counted);
	sha256_begin(&c->listed);
	return c;
}

struct pull *check_out(struct check *c)
{
	return &c->pull;
}

void check_count_sums(struct check *c)
{
	c->has_sums = true;
}

/* There are no more of them than entries in a piece. */
bool check_sum_of(struct check *c, size_t i, unsigned char sum[HAVE_HASH])
{
	size_t gone = i - c->sums_from;

	if (i < c->sums_from || gone >= c->sums_n) return false;
	memcpy(sum, c->sums[gone], HAVE_HASH);
	if (gone < c->sums_n / 2) return true;
	c->sums_n -= gone;
	memmove(c->sums, c->sums + gone, c->sums_n * sizeof *c->sums);
	c->sums_from = i;
	return true;
}

void check_pass(struct check *c, void (*take)(void *arg, const void *data, size_t n),
                void *arg)
{
	c->take = take;
	c->take_arg = arg;
}

bool check_is_export(const struct check *c)
{
	return c->is_export;
}

bool check_has_front(const struct check *c)
{
	return c->decided && (!c->is_export || c->has_front);
}

static bool frame_fits(const struct check *c)
{
	char line[PACK_FRAME_LINE + 1];

	sha256_end(&c->frame, line);
	strcpy(line + SHA256_HEX, " frame\n");
	return !memcmp(line, c->frame_line, PACK_FRAME_LINE);
}

static bool list_fits(const struct check *c)
{
	unsigned char counted[SHA256_SIZE], listed[SHA256_SIZE];

	sha256_digest(&c->counted, counted);
	sha256_digest(&c->listed, listed);
	return c->line_n == c->seen_n && !c->line.len && !memcmp(counted, listed, SHA256_SIZE);
}

int check_finish(struct check *c, struct err *e)
{
	if (!c->is_export)
		return fail(e, ERR_INPUT, "the archive was not made by 'jlmkr export'");
	if (c->why) return fail(e, ERR_UNTRUSTED, "the archive is damaged: %s", c->why);
	if (!c->closed)
		return fail(e, ERR_UNTRUSTED,
		            "the archive is not complete: its manifest is missing");
	if (*c->bad)
		return fail(e, ERR_UNTRUSTED, "the archive is damaged: the contents of %s",
		            c->bad);
	if (!list_fits(c) || !frame_fits(c))
		return fail(e, ERR_UNTRUSTED, "the archive is damaged: it is not what its "
		            "manifest says");
	if (c->part != PART_END || c->left)
		return fail(e, ERR_UNTRUSTED,
		            "the archive is not complete: its end is missing");
	return 0;
}

/* -- the seal -- */

struct check_seal {
	struct pull pull;
	struct pull *from;
	struct sha256 hash;		/* of all but the last bytes, which may be the seal */
	unsigned char last[SQUEEZE_SEAL_MAX];
	size_t last_n;
	unsigned char magic[4];
	uint64_t n;
};

static void keep_last(struct check_seal *s, const unsigned char *p, size_t n)
{
	size_t room = sizeof s->last, over = n > room ? n - room : 0, drop;

	drop = s->last_n + (n - over) > room ? s->last_n + (n - over) - room : 0;
	sha256_add(&s->hash, s->last, drop);
	memmove(s->last, s->last + drop, s->last_n - drop);
	s->last_n -= drop;
	sha256_add(&s->hash, p, over);
	memcpy(s->last + s->last_n, p + over, n - over);
	s->last_n += n - over;
}

static ssize_t seal_next(struct pull *p, const void **data, struct err *e)
{
	struct check_seal *s = (struct check_seal *)p;
	ssize_t n = s->from->next(s->from, data, e);

	for (ssize_t i = 0; i < n && s->n + (uint64_t)i < sizeof s->magic; i++)
		s->magic[s->n + (uint64_t)i] = ((const unsigned char *)*data)[i];
	if (n > 0) keep_last(s, *data, (size_t)n);
	s->n += n > 0 ? (uint64_t)n : 0;
	return n;
}

struct check_seal *check_seal_open(struct arena *m, struct pull *from)
{
	struct check_seal *s = arena_alloc(m, sizeof *s);

	s->pull.next = seal_next;
	s->from = from;
	sha256_begin(&s->hash);
	return s;
}

struct pull *check_seal_out(struct check_seal *s)
{
	return &s->pull;
}

static const struct squeeze_seal *seal_of(const struct check_seal *s)
{
	if (!memcmp(s->magic, "\x28\xb5\x2f\xfd", 4)) return squeeze_seal(SQUEEZE_ZSTD);
	if (!memcmp(s->magic, "\x1f\x8b", 2)) return squeeze_seal(SQUEEZE_GZIP);
	return NULL;
}

static bool seal_fits(const struct check_seal *s, const struct squeeze_seal *seal)
{
	size_t n = seal->head_n + SHA256_SIZE + seal->tail_n;
	const unsigned char *p = s->last + s->last_n - n;
	unsigned char digest[SHA256_SIZE];
	struct sha256 hash = s->hash;

	if (s->last_n < n) return false;
	sha256_add(&hash, s->last, s->last_n - n);
	sha256_digest(&hash, digest);
	return !memcmp(p, seal->head, seal->head_n) &&
	       !memcmp(p + seal->head_n, digest, SHA256_SIZE) &&
	       (!seal->tail_n ||
	        !memcmp(p + seal->head_n + SHA256_SIZE, seal->tail, seal->tail_n));
}

int check_seal_finish(const struct check_seal *s, struct err *e)
{
	const struct squeeze_seal *seal = seal_of(s);

	if (!seal || seal_fits(s, seal)) return 0;
	return fail(e, ERR_UNTRUSTED,
	            "the archive is damaged or was compressed anew: its last bytes are not the "
	            "SHA-256 of the others");
}
