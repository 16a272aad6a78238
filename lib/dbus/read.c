/* Each open container has the types that are still to come, and its end; nothing is read
 * beyond the end of the innermost one. Signatures are checked when they are first read, so
 * the code that walks them need not check. */

#include "lib/dbus/wire.h"

#include <string.h>

#include "lib/dbus/impl.h"

static void *reader_fault(struct reader *r, const char *why)
{
	if (!r->fault) r->fault = why;
	return NULL;
}

static struct reader_level *level_top(struct reader *r)
{
	return &r->levels[r->depth];
}

void reader_init(struct reader *r, const void *data, size_t len, const char *sig,
                 const int *fds, size_t fd_count, bool big_endian)
{
	memset(r, 0, sizeof *r);
	r->data = data;
	r->len = len;
	r->fds = fds;
	r->fd_count = fd_count;
	r->big_endian = big_endian;
	r->levels[0] = (struct reader_level){ .sig = sig, .end = len };
	if (!sig_is_valid(sig)) {
		r->levels[0].sig = "";
		reader_fault(r, "its signature is invalid");
	}
}

void reader_of(struct reader *r, const struct wire *w)
{
	reader_init(r, str_text(&w->body), w->body.len, w->sig, w->fds, w->fd_count, false);
}

static const unsigned char *take_raw(struct reader *r, size_t n)
{
	const unsigned char *p = r->data + r->at;

	if (r->fault) return NULL;
	if (n > level_top(r)->end - r->at) return reader_fault(r, "it ends too early");
	r->at += n;
	return p;
}

static void skip_padding(struct reader *r, size_t to)
{
	size_t n = (to - r->at % to) % to;
	const unsigned char *p = take_raw(r, n);

	for (size_t i = 0; p && i < n; i++)
		if (p[i]) reader_fault(r, "its padding is not zero");
}

static uint64_t take_number(struct reader *r, size_t size)
{
	const unsigned char *p;
	uint64_t v = 0;

	skip_padding(r, size);
	if (!(p = take_raw(r, size))) return 0;
	for (size_t i = 0; i < size; i++)
		v |= (uint64_t)p[r->big_endian ? size - 1 - i : i] << 8 * i;
	return v;
}

/* Check that this type comes next; if so, move on to the type after it. */
static bool expect_type(struct reader *r, char type)
{
	struct reader_level *l = level_top(r);

	if (r->fault) return false;
	if (*l->sig != type) {
		reader_fault(r, "its types are not the expected ones");
		return false;
	}
	if (l->kind != 'a') l->sig += sig_first(l->sig);
	return true;
}

static uint64_t read_typed(struct reader *r, char type, size_t size)
{
	return expect_type(r, type) ? take_number(r, size) : 0;
}

uint8_t reader_byte(struct reader *r)
{
	return (uint8_t)read_typed(r, 'y', 1);
}

bool reader_bool(struct reader *r)
{
	uint64_t v = read_typed(r, 'b', 4);

	if (v > 1) reader_fault(r, "a boolean is neither 0 nor 1");
	return v == 1;
}

int16_t reader_i16(struct reader *r)
{
	return (int16_t)read_typed(r, 'n', 2);
}

uint16_t reader_u16(struct reader *r)
{
	return (uint16_t)read_typed(r, 'q', 2);
}

int32_t reader_i32(struct reader *r)
{
	return (int32_t)read_typed(r, 'i', 4);
}

uint32_t reader_u32(struct reader *r)
{
	return (uint32_t)read_typed(r, 'u', 4);
}

int64_t reader_i64(struct reader *r)
{
	return (int64_t)read_typed(r, 'x', 8);
}

uint64_t reader_u64(struct reader *r)
{
	return read_typed(r, 't', 8);
}

double reader_double(struct reader *r)
{
	uint64_t bits = read_typed(r, 'd', 8);
	double v;

	memcpy(&v, &bits, sizeof v);
	return v;
}

/* `n` bytes and the NUL behind them. */
static const char *take_text(struct reader *r, size_t n)
{
	const unsigned char *p = take_raw(r, n);
	const unsigned char *end = take_raw(r, 1);

	if (!p || !end) return "";
	if (*end || memchr(p, 0, n))
		return reader_fault(r, "a text does not end where it should"), "";
	return (const char *)p;
}

static const char *read_string(struct reader *r, char type)
{
	const char *s;
	size_t n;

	if (!expect_type(r, type)) return "";
	n = take_number(r, 4);
	s = take_text(r, n);
	return r->fault ? "" : s;
}

const char *reader_str(struct reader *r)
{
	const char *s = read_string(r, 's');

	if (text_is_valid(s, strlen(s))) return s;
	return reader_fault(r, "a text is not UTF-8"), "";
}

const char *reader_path(struct reader *r)
{
	const char *s = read_string(r, 'o');

	if (r->fault) return "";
	if (path_is_valid(s)) return s;
	return reader_fault(r, "an object path is invalid"), "";
}

static const char *take_sig(struct reader *r)
{
	const char *s = take_text(r, take_number(r, 1));

	if (r->fault) return "";
	if (sig_is_valid(s)) return s;
	return reader_fault(r, "a signature is invalid"), "";
}

const char *reader_sig(struct reader *r)
{
	return expect_type(r, 'g') ? take_sig(r) : "";
}

int reader_fd(struct reader *r)
{
	uint64_t index = read_typed(r, 'h', 4);

	if (!r->fault && index >= r->fd_count) reader_fault(r, "it lacks a descriptor");
	return r->fault ? -1 : r->fds[index];
}

static bool enter_level(struct reader *r, char kind, const char *sig, size_t end)
{
	if (r->fault) return false;
	if (r->depth == WIRE_DEPTH_MAX) {
		reader_fault(r, "it is nested too deeply");
		return false;
	}
	r->levels[++r->depth] = (struct reader_level){ .kind = kind, .sig = sig, .end = end };
	return true;
}

/* Enter the next array, of any type. */
static void open_array(struct reader *r)
{
	const char *elem = level_top(r)->sig + 1;
	size_t n;

	if (!expect_type(r, 'a')) return;
	n = take_number(r, 4);
	skip_padding(r, type_align(*elem));
	if (r->fault) return;
	if (n > WIRE_ARRAY_MAX || n > level_top(r)->end - r->at)
		reader_fault(r, "an array is too long");
	enter_level(r, 'a', elem, r->at + n);
}

static bool starts_with(const char *sig, const char *with)
{
	return !strncmp(sig, with, strlen(with));
}

void reader_open_array(struct reader *r, const char *elem_sig)
{
	const char *sig = level_top(r)->sig;

	if (*sig == 'a' && !starts_with(sig + 1, elem_sig))
		reader_fault(r, "its types are not the expected ones");
	open_array(r);
}

const unsigned char *reader_bytes(struct reader *r, size_t *n)
{
	const unsigned char *p = NULL;
	size_t len;

	*n = 0;
	reader_open_array(r, "y");
	if (r->fault) return (const unsigned char *)"";
	len = level_top(r)->end - r->at;
	p = take_raw(r, len);
	r->depth--;
	*n = len;
	return p;
}

static void open_brackets(struct reader *r, char kind)
{
	struct reader_level *l = level_top(r);
	const char *inside = l->sig + 1;

	if (!expect_type(r, kind)) return;
	skip_padding(r, 8);
	enter_level(r, kind, inside, l->end);
}

void reader_open_struct(struct reader *r)
{
	open_brackets(r, '(');
}

void reader_open_entry(struct reader *r)
{
	open_brackets(r, '{');
}

/* Enter the next variant, of any type. */
static void open_variant(struct reader *r)
{
	const char *sig;

	if (!expect_type(r, 'v')) return;
	sig = take_sig(r);
	if (!r->fault && !sig_is_single(sig))
		reader_fault(r, "a variant does not have exactly one type");
	enter_level(r, 'v', sig, level_top(r)->end);
}

void reader_open_variant(struct reader *r, const char *sig)
{
	open_variant(r);
	if (!r->fault && strcmp(level_top(r)->sig, sig) != 0)
		reader_fault(r, "its types are not the expected ones");
}

bool reader_more(struct reader *r)
{
	return reader_type(r) != 0;
}

void reader_close(struct reader *r)
{
	while (reader_more(r))
		reader_skip(r);
	if (!r->fault && r->depth) r->depth--;
}

const char *reader_variant(struct reader *r)
{
	struct reader ahead = *r;
	const char *sig;

	if (!expect_type(&ahead, 'v')) return "";
	sig = take_sig(&ahead);
	return ahead.fault ? "" : sig;
}

char reader_type(const struct reader *r)
{
	const struct reader_level *l = &r->levels[r->depth];

	if (r->fault || *l->sig == ')' || *l->sig == '}') return 0;
	return l->kind == 'a' && r->at >= l->end ? 0 : *l->sig;
}

/* Recurses for containers inside containers; enter_level limits the depth. */
static void skip_container(struct reader *r, char type)
{
	if (type == 'a') open_array(r);
	else if (type == 'v') open_variant(r);
	else open_brackets(r, type);
	reader_close(r);
}

void reader_skip(struct reader *r)
{
	char type = reader_type(r);

	switch (type) {
	case 's': reader_str(r); break;
	case 'o': reader_path(r); break;
	case 'g': reader_sig(r); break;
	case 'h': reader_fd(r); break;
	case 'b': reader_bool(r); break;
	case 'a': case 'v': case '(': case '{': skip_container(r, type); break;
	case 0: reader_fault(r, "it ends too early"); break;
	default: read_typed(r, type, type_align(type));
	}
}

int reader_done(const struct reader *r, struct err *e)
{
	return r->fault ? fail(e, ERR_HOST, "malformed D-Bus message: %s", r->fault) : 0;
}
