/* Each open container has the types that may still come (`want`), so that a value of
 * another type is found when it is written. In an array the list starts again with
 * each element. At the outermost level any type may come, and is appended to the
 * signature of the body. */

#include "lib/dbus/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/dbus/impl.h"

void wire_init(struct wire *w, struct arena *m)
{
	memset(w, 0, sizeof *w);
	w->m = m;
	w->body.m = m;
}

void wire_fault(struct wire *w, enum err_kind kind, const char *fmt, ...)
{
	char text[sizeof w->fault.text];
	va_list ap;

	if (w->fault.kind) return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fail(&w->fault, kind, "%s", text);
}

static struct wire_level *level_top(struct wire *w)
{
	return w->depth ? &w->levels[w->depth - 1] : NULL;
}

/* Check that a type of `n` characters may come next, and record it. */
static bool expect_type(struct wire *w, const char *type, size_t n)
{
	struct wire_level *l = level_top(w);

	if (w->fault.kind) return false;
	if (w->body.len > WIRE_BODY_MAX) {
		wire_fault(w, ERR_HOST, "message larger than %d bytes", WIRE_BODY_MAX);
		return false;
	}
	if (!l || !l->want) {
		if (w->sig_len + n > WIRE_SIG_MAX) {
			wire_fault(w, ERR_HOST, "message with too many values");
			return false;
		}
		memcpy(w->sig + w->sig_len, type, n);
		w->sig_len += n;
		return true;
	}
	if (strncmp(l->want, type, n)) {
		wire_fault(w, ERR_HOST, "message has %.*s where %s was announced", (int)n,
		           type, *l->want ? l->want : "nothing more");
		return false;
	}
	if (l->kind != 'a') l->want += n;
	return true;
}

static void align(struct wire *w, size_t to)
{
	static const char zero[8];

	str_addn(&w->body, zero, (to - w->body.len % to) % to);
}

/* Append the low `size` bytes of the value, little endian on any machine. */
static void append_number(struct wire *w, uint64_t v, size_t size)
{
	unsigned char bytes[8];

	align(w, size);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(v >> 8 * i);
	str_addn(&w->body, bytes, size);
}

static void write_number(struct wire *w, const char *type, uint64_t v, size_t size)
{
	if (expect_type(w, type, 1)) append_number(w, v, size);
}

void wire_byte(struct wire *w, uint8_t v)
{
	write_number(w, "y", v, 1);
}

void wire_bool(struct wire *w, bool v)
{
	write_number(w, "b", v, 4);
}

void wire_u16(struct wire *w, uint16_t v)
{
	write_number(w, "q", v, 2);
}

void wire_i32(struct wire *w, int32_t v)
{
	write_number(w, "i", (uint32_t)v, 4);
}

void wire_u32(struct wire *w, uint32_t v)
{
	write_number(w, "u", v, 4);
}

void wire_u64(struct wire *w, uint64_t v)
{
	write_number(w, "t", v, 8);
}

static void append_string(struct wire *w, const char *s, size_t n)
{
	append_number(w, n, 4);
	str_addn(&w->body, s, n);
	str_addc(&w->body, 0);
}

void wire_str(struct wire *w, const char *s)
{
	size_t n = strlen(s);

	if (!expect_type(w, "s", 1)) return;
	if (n > WIRE_BODY_MAX) {
		wire_fault(w, ERR_HOST, "a text of %zu bytes is too long for a message", n);
		return;
	}
	if (!text_is_valid(s, n)) {
		wire_fault(w, ERR_INPUT, "'%.200s' is not UTF-8 text", s);
		return;
	}
	append_string(w, s, n);
}

void wire_path(struct wire *w, const char *path)
{
	if (!expect_type(w, "o", 1)) return;
	if (!path_is_valid(path))
		wire_fault(w, ERR_HOST, "'%.200s' is not an object path", path);
	else append_string(w, path, strlen(path));
}

static void append_sig(struct wire *w, const char *sig)
{
	str_addc(&w->body, (char)strlen(sig));
	str_addn(&w->body, sig, strlen(sig) + 1);
}

void wire_sig(struct wire *w, const char *sig)
{
	if (!expect_type(w, "g", 1)) return;
	if (!sig_is_valid(sig)) wire_fault(w, ERR_HOST, "'%.200s' is not a signature", sig);
	else append_sig(w, sig);
}

void wire_fd(struct wire *w, int fd)
{
	if (!expect_type(w, "h", 1)) return;
	if (fd < 0 || w->fd_count == WIRE_FDS_MAX) {
		wire_fault(w, ERR_HOST, fd < 0 ? "message with a descriptor that is not open"
		                               : "message with too many descriptors");
		return;
	}
	w->fds[w->fd_count] = fd;
	append_number(w, w->fd_count++, 4);
}

void wire_bytes(struct wire *w, const void *p, size_t n)
{
	if (!expect_type(w, "ay", 2)) return;
	if (n > WIRE_ARRAY_MAX) {
		wire_fault(w, ERR_HOST, "message with an array larger than %d bytes",
		           WIRE_ARRAY_MAX);
		return;
	}
	append_number(w, n, 4);
	str_addn(&w->body, p, n);
}

static bool open_level(struct wire *w, char kind, const char *want)
{
	struct wire_level *l;

	if (w->depth == WIRE_DEPTH_MAX) {
		wire_fault(w, ERR_HOST, "message nested too deeply");
		return false;
	}
	l = &w->levels[w->depth++];
	*l = (struct wire_level){ .kind = kind, .want = want };
	return true;
}

/* Leave a container of this kind; NULL if it is not the innermost one. */
static struct wire_level *close_level(struct wire *w, char kind)
{
	struct wire_level *l = level_top(w);

	if (w->fault.kind) return NULL;
	if (!l || l->kind != kind) {
		wire_fault(w, ERR_HOST, "message closes a '%c' that is not open", kind);
		return NULL;
	}
	w->depth--;
	return l;
}

void wire_open_array(struct wire *w, const char *elem_sig)
{
	char type[WIRE_SIG_MAX + 2];
	struct wire_level *l;

	if (w->fault.kind) return;
	if ((size_t)snprintf(type, sizeof type, "a%s", elem_sig) >= sizeof type ||
	    !sig_is_single(type)) {
		wire_fault(w, ERR_HOST, "array of '%.200s', which is not a type", elem_sig);
		return;
	}
	if (!expect_type(w, type, strlen(type))) return;
	if (!open_level(w, 'a', arena_strdup(w->m, elem_sig))) return;
	l = level_top(w);
	append_number(w, 0, 4);
	l->size_at = w->body.len - 4;
	align(w, type_align(*elem_sig));
	l->start = w->body.len;
}

void wire_close_array(struct wire *w)
{
	struct wire_level *l = close_level(w, 'a');
	size_t n;

	if (!l) return;
	n = w->body.len - l->start;
	if (n > WIRE_ARRAY_MAX) {
		wire_fault(w, ERR_HOST, "message with an array larger than %d bytes",
		           WIRE_ARRAY_MAX);
		return;
	}
	for (size_t i = 0; i < 4; i++)
		w->body.s[l->size_at + i] = (char)(n >> 8 * i);
}

/* The length of a group at the begin of `want`. An entry is always the whole element of an
 * array. */
static size_t group_length(const char *want)
{
	return *want == '{' ? strlen(want) : sig_first(want);
}

/* Inside an announced container, the parent's list moves on by the whole group, and ours is
 * the part between its brackets. At the outermost level `want` is NULL, and the brackets are
 * recorded one by one. */
static void open_brackets(struct wire *w, char kind)
{
	struct wire_level *l = level_top(w);
	const char *want = l ? l->want : NULL;

	if (!want && kind == '{')
		wire_fault(w, ERR_HOST, "message with an entry outside of an array");
	if (want && *want == kind) {
		if (!expect_type(w, want, group_length(want)) || !open_level(w, kind, want + 1))
			return;
	} else if (!expect_type(w, &kind, 1) || !open_level(w, kind, NULL)) {
		return;
	}
	align(w, 8);
}

static void close_brackets(struct wire *w, char kind, char end)
{
	struct wire_level *l = close_level(w, kind);

	if (!l) return;
	if (l->want) {
		if (*l->want != end)
			wire_fault(w, ERR_HOST, "message ends a '%c' before %s", kind, l->want);
	} else if (w->sig[w->sig_len - 1] == kind || w->sig_len == WIRE_SIG_MAX) {
		wire_fault(w, ERR_HOST, "message with an empty struct or too many values");
	} else {
		w->sig[w->sig_len++] = end;
	}
}

void wire_open_struct(struct wire *w)
{
	open_brackets(w, '(');
}

void wire_close_struct(struct wire *w)
{
	close_brackets(w, '(', ')');
}

void wire_open_entry(struct wire *w)
{
	open_brackets(w, '{');
}

void wire_close_entry(struct wire *w)
{
	close_brackets(w, '{', '}');
}

void wire_open_variant(struct wire *w, const char *sig)
{
	if (w->fault.kind) return;
	if (!sig_is_single(sig)) {
		wire_fault(w, ERR_HOST, "variant of '%.200s', which is not one type", sig);
		return;
	}
	if (!expect_type(w, "v", 1) || !open_level(w, 'v', arena_strdup(w->m, sig))) return;
	append_sig(w, sig);
}

void wire_close_variant(struct wire *w)
{
	struct wire_level *l = close_level(w, 'v');

	if (l && *l->want)
		wire_fault(w, ERR_HOST, "message with a variant without its %s", l->want);
}

int wire_done(struct wire *w, struct err *e)
{
	if (!w->fault.kind && w->depth)
		wire_fault(w, ERR_HOST, "message with a '%c' left open", level_top(w)->kind);
	if (!w->fault.kind && w->body.len > WIRE_BODY_MAX)
		wire_fault(w, ERR_HOST, "message larger than %d bytes", WIRE_BODY_MAX);
	if (!w->fault.kind && !sig_is_valid(w->sig))
		wire_fault(w, ERR_HOST, "message with the invalid signature %s", w->sig);
	if (!w->fault.kind) return 0;
	if (e) *e = w->fault;
	return -1;
}
