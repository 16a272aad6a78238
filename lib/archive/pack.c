#include "lib/archive/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/squeeze.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"

/* Giving memory back after each entry would cost more than making the header. */
enum { SPOOL_PIECE = 64 << 10, HELD_MAX = 256 << 10 };

struct pack_note {
	size_t at, n;			/* bytes in the piece */
	bool begins, ends;		/* the contents of an entry */
	const char *path;		/* whose line comes here; NULL: it does not end here */
	uint64_t size;
	unsigned char digest[SHA256_SIZE];
};

static int add_frame(struct pack *p, const void *data, size_t n, struct err *e)
{
	sha256_add(&p->frame, data, n);
	return squeeze_add(p->to, data, n, e);
}

static int add_padding(struct pack *p, uint64_t n, struct err *e)
{
	static const char zeros[TAR_BLOCK];

	return add_frame(p, zeros, (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK, e);
}

/* -- the manifest -- */

/* A disk that is full is a reason to send a jail elsewhere. */
static int spool_in_memory(struct pack *p, struct err *e)
{
	AUTOCLOSE int fd = memfd_create("manifest", MFD_CLOEXEC);
	off_t at = 0;

	while (fd >= 0 && (uint64_t)at < p->listed)
		if (sendfile(fd, p->spool, &at, p->listed - (uint64_t)at) <= 0)
			return fail_sys(e, "read");
	if (fd < 0 || dup3(fd, p->spool, O_CLOEXEC) < 0)
		return fail_sys(e, "keep it in memory");
	return 0;
}

static int add_lines(struct pack *p, struct err *e)
{
	const struct str *l = &p->lines;

	if (write_all(p->spool, l->s, l->len, NULL) == 0) return 0;
	return spool_in_memory(p, e) < 0 ? -1 : write_all(p->spool, l->s, l->len, e);
}

static int spool_lines(struct pack *p, struct err *e)
{
	if (p->lines.len && add_lines(p, e) < 0) return fail_in(e, "the manifest");
	p->listed += p->lines.len;
	p->lines.len = 0;
	return 0;
}

static void add_path(struct str *line, const char *path)
{
	for (const char *c = path; *c; c++) {
		if (*c == '\\' || *c == '\n') str_addc(line, '\\');
		str_addc(line, *c == '\n' ? 'n' : *c);
	}
}

static void add_line(struct pack *p, const struct pack_note *n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; n->ends && i < SHA256_SIZE; i++) {
		str_addc(&p->lines, digits[n->digest[i] >> 4]);
		str_addc(&p->lines, digits[n->digest[i] & 15]);
	}
	if (!n->ends) str_addc(&p->lines, '-');
	str_addf(&p->lines, " %" PRIu64 " ", n->size);
	add_path(&p->lines, n->path);
	str_addc(&p->lines, '\n');
}

/* The hashing thread. */
static void hash_notes(void *arg, unsigned slot, const unsigned char *data)
{
	struct pack *p = arg;
	const struct pack_notes *notes = &p->notes[slot];

	for (size_t i = 0; i < notes->n; i++) {
		struct pack_note *n = &notes->v[i];

		if (n->begins) sha256_begin(&p->content);
		if (n->n) sha256_add(&p->content, data + n->at, n->n);
		if (n->ends) sha256_digest(&p->content, n->digest);
	}
}

static int list_notes(void *arg, unsigned slot, struct err *e)
{
	struct pack *p = arg;
	struct pack_notes *notes = &p->notes[slot];

	for (size_t i = 0; i < notes->n; i++)
		if (notes->v[i].path) add_line(p, &notes->v[i]);
	arena_free(&notes->m);
	*notes = (struct pack_notes){ 0 };
	return p->lines.len >= SPOOL_PIECE ? spool_lines(p, e) : 0;
}

static struct pack_note *new_note(struct pack *p, unsigned slot)
{
	struct pack_notes *notes = &p->notes[slot];

	notes->v = arena_grow(&notes->m, notes->v, notes->n, &notes->room, sizeof *notes->v);
	notes->v[notes->n] = (struct pack_note){ 0 };
	return &notes->v[notes->n++];
}

/* The note of bytes of the current entry that were put at the end of the piece. */
static struct pack_note *note_bytes(struct pack *p, size_t n, bool begins)
{
	size_t end;
	unsigned slot = squeeze_slot(p->to, &end);
	struct pack_notes *notes = &p->notes[slot];
	struct pack_note *last = notes->n ? &notes->v[notes->n - 1] : NULL;

	if (begins || !last || last->path || last->at + last->n != end - n) {
		last = new_note(p, slot);
		last->at = end - n;
		last->begins = begins;
	}
	last->n += n;
	return last;
}

/* The current entry is complete: its line goes to `n`. */
static void note_line(struct pack *p, struct pack_note *n)
{
	size_t end;

	n->path = arena_strdup(&p->notes[squeeze_slot(p->to, &end)].m, p->path);
	n->size = p->size;
}

void pack_begin(struct pack *p, struct arena *m, enum squeeze_kind kind, int fd, int spool)
{
	const struct squeeze_hooks hooks = { .full = hash_notes, .written = list_notes,
					     .arg = p };

	*p = (struct pack){ .spool = spool };
	p->lines.m = &p->of_lines;
	p->to = squeeze_open(m, kind, fd, &hooks);
	sha256_begin(&p->frame);
}

void pack_free(struct pack *p)
{
	squeeze_close(p->to);
	for (size_t i = 0; i < SQUEEZE_SLOTS; i++) arena_free(&p->notes[i].m);
	arena_free(&p->of_entry);
	arena_free(&p->of_lines);
}

/* -- entries -- */

/* An empty piece has no slot yet for a note: the room is asked for first. */
static int note_empty(struct pack *p, struct err *e)
{
	size_t room, end;

	if (!squeeze_room(p->to, &room, e)) return -1;
	note_line(p, new_note(p, squeeze_slot(p->to, &end)));
	return 0;
}

int pack_entry(struct pack *p, const struct tar_entry *n, struct err *e)
{
	struct str head = { .m = &p->of_entry }, map = { .m = &p->of_entry };
	bool lost = false;

	if (p->held > HELD_MAX) {
		arena_free(&p->of_entry);
		p->held = 0;
	}
	p->stored = p->left = tar_head_add(&head, &map, n, &lost);
	p->path = n->path;
	p->size = S_ISREG(n->mode) && !n->hard ? n->size : 0;
	p->held += head.len + map.len;
	p->entries++;
	p->lost += lost;
	if (add_frame(p, head.s, head.len, e) < 0) return -1;
	return p->stored ? pack_add(p, str_text(&map), map.len, e) : note_empty(p, e);
}

void *pack_room(struct pack *p, size_t *room, struct err *e)
{
	void *to = squeeze_room(p->to, room, e);

	if (*room > p->left) *room = (size_t)p->left;
	return to;
}

int pack_took(struct pack *p, size_t n, struct err *e)
{
	struct pack_note *note;

	squeeze_took(p->to, n);
	if (!n) return 0;
	note = note_bytes(p, n, p->left == p->stored);
	p->left -= n;
	if (p->left) return 0;
	note->ends = true;
	note_line(p, note);
	return add_padding(p, p->stored, e);
}

int pack_add(struct pack *p, const void *data, size_t n, struct err *e)
{
	const char *from = data;

	while (n) {
		size_t room;
		void *to = pack_room(p, &room, e);

		if (!to) return -1;
		if (room > n) room = n;
		memcpy(to, from, room);
		if (pack_took(p, room, e) < 0) return -1;
		from += room;
		n -= room;
	}
	return 0;
}

int pack_file(struct pack *p, const char *path, const void *data, size_t n, time_t when,
              struct err *e)
{
	const struct tar_entry entry = {
		.path = path, .mode = S_IFREG | 0600, .size = n,
		.mtime = { when > 0 ? when & INT32_MAX : 0, 0 },
	};

	return pack_entry(p, &entry, e) < 0 ? -1 : pack_add(p, data, n, e);
}

/* -- the end -- */

static int add_spool(struct pack *p, struct err *e)
{
	char *piece = arena_alloc(&p->of_entry, SPOOL_PIECE);
	off_t at = 0;
	ssize_t n;

	while ((n = pread(p->spool, piece, SPOOL_PIECE, at)) != 0) {
		if (n < 0) return fail_sys(e, "read the manifest");
		if (add_frame(p, piece, (size_t)n, e) < 0) return -1;
		at += n;
	}
	return (uint64_t)at == p->listed ? 0 : fail(e, ERR_HOST, "the manifest changed");
}

static int add_manifest(struct pack *p, struct err *e)
{
	static const char zeros[2 * TAR_BLOCK];
	struct str head = { .m = &p->of_entry };
	struct tar_entry n = { .path = PACK_MANIFEST, .mode = S_IFREG | 0600 };
	char line[PACK_FRAME_LINE + 1];
	bool lost;

	if (squeeze_flush(p->to, e) < 0 || spool_lines(p, e) < 0) return -1;
	arena_free(&p->of_entry);
	n.size = p->listed + PACK_FRAME_LINE;
	tar_head_add(&head, &head, &n, &lost);
	if (add_frame(p, head.s, head.len, e) < 0 || add_spool(p, e) < 0) return -1;
	sha256_end(&p->frame, line);
	strcpy(line + SHA256_HEX, " frame\n");
	if (squeeze_add(p->to, line, PACK_FRAME_LINE, e) < 0) return -1;
	if (add_padding(p, n.size, e) < 0) return -1;
	return squeeze_add(p->to, zeros, sizeof zeros, e);
}

int pack_end(struct pack *p, char hex[SHA256_HEX + 1], struct err *e)
{
	return add_manifest(p, e) < 0 ? -1 : squeeze_end(p->to, hex, e);
}
