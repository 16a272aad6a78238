/* Write D-Bus values as bytes, and read them
 *
 * Pure: no socket, no clock. The format is that of the D-Bus specification
 * (dbus.freedesktop.org, "Type System" and "Marshaling"): values aligned to their
 * size, arrays with their length in bytes in front, at most 32 arrays and 32
 * structs inside each other, 64 MiB for an array, 128 MiB for a body, text in
 * UTF-8 without NUL.
 *
 * Both halves are sticky: callers write and read values without checks, the first
 * fault is kept, and wire_done or reader_done returns it. After a fault, writing
 * does nothing, and reading returns 0, "", or -1.
 *
 * Writes little endian, reads both byte orders. Only the types that some caller
 * needs can be written.
 */
#ifndef DBUS_WIRE_H
#define DBUS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/str.h"

enum {
	WIRE_SIG_MAX = 255,	/* characters of a signature */
	WIRE_FDS_MAX = 253,	/* descriptors of a message: the kernel's limit */
	WIRE_DEPTH_MAX = 64,	/* containers inside each other, variants counted */
	WIRE_NEST_MAX = 32,	/* arrays; and structs */
	WIRE_ARRAY_MAX = 64 << 20,
	WIRE_BODY_MAX = 128 << 20,
};

struct wire_level {
	char kind;		/* 'a' '(' '{' 'v' */
	const char *want;	/* the types still to come; NULL: any (outermost) */
	size_t size_at, start;	/* 'a': its length, its first element */
};

/* A body that is being written. Use the functions; the result is `body`, `sig` and `fds`. */
struct wire {
	struct arena *m;
	struct str body;
	char sig[WIRE_SIG_MAX + 1];
	size_t sig_len;
	int fds[WIRE_FDS_MAX];	/* borrowed: the caller keeps them open until sent */
	size_t fd_count;
	struct wire_level levels[WIRE_DEPTH_MAX];
	size_t depth;
	struct err fault;	/* kind ERR_NONE: no fault */
};

void wire_init(struct wire *w, struct arena *m);

void wire_byte(struct wire *w, uint8_t v);
void wire_bool(struct wire *w, bool v);
void wire_u16(struct wire *w, uint16_t v);
void wire_i32(struct wire *w, int32_t v);
void wire_u32(struct wire *w, uint32_t v);
void wire_u64(struct wire *w, uint64_t v);

/* Text that is not UTF-8, and an invalid path or signature, is a fault. */
void wire_str(struct wire *w, const char *s);
void wire_path(struct wire *w, const char *path);
void wire_sig(struct wire *w, const char *sig);

/* Writes the descriptor's index; the descriptor itself is sent beside the bytes. */
void wire_fd(struct wire *w, int fd);

/* A whole `ay`. */
void wire_bytes(struct wire *w, const void *p, size_t n);

/* Containers. The values in an array or a variant must have the types of its
 * signature; anything else is a fault. An entry `{..}` may only be an element of an
 * array. */
void wire_open_array(struct wire *w, const char *elem_sig);
void wire_close_array(struct wire *w);
void wire_open_struct(struct wire *w);
void wire_close_struct(struct wire *w);
void wire_open_entry(struct wire *w);
void wire_close_entry(struct wire *w);
void wire_open_variant(struct wire *w, const char *sig);
void wire_close_variant(struct wire *w);

/* Record a fault of the caller, for builders that use this one. The first fault is kept. */
void wire_fault(struct wire *w, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Returns 0 if there was no fault and every container is closed, else -1. */
int wire_done(struct wire *w, struct err *e);

/* -- reading -- */

struct reader_level {
	char kind;
	const char *sig;	/* the types still to come; 'a': the element */
	size_t end;		/* 'a': one behind the last element */
};

/* A position in a body. Strings and bytes that are read point into it. */
struct reader {
	const unsigned char *data;
	size_t len, at;
	const int *fds;		/* borrowed */
	size_t fd_count;
	bool big_endian;
	struct reader_level levels[WIRE_DEPTH_MAX + 1];	/* the first is the body */
	size_t depth;
	const char *fault;	/* NULL: no fault */
};

/* Read a body. `data` must start at a multiple of 8 of its message. An invalid `sig` is a
 * fault. The reader borrows all pointers. */
void reader_init(struct reader *r, const void *data, size_t len, const char *sig,
                 const int *fds, size_t fd_count, bool big_endian);

/* Read a written body, for tests and for showing it. */
void reader_of(struct reader *r, const struct wire *w);

uint8_t reader_byte(struct reader *r);
bool reader_bool(struct reader *r);
int16_t reader_i16(struct reader *r);
uint16_t reader_u16(struct reader *r);
int32_t reader_i32(struct reader *r);
uint32_t reader_u32(struct reader *r);
int64_t reader_i64(struct reader *r);
uint64_t reader_u64(struct reader *r);
double reader_double(struct reader *r);
const char *reader_str(struct reader *r);
const char *reader_path(struct reader *r);
const char *reader_sig(struct reader *r);

/* The descriptor, owned by the message it came with; see message_take_fd. */
int reader_fd(struct reader *r);

/* A whole `ay`; never NULL. */
const unsigned char *reader_bytes(struct reader *r, size_t *n);

/* Containers. If their types are not `elem_sig` or `sig`, it is a fault.
 *
 *	for (reader_open_array(r, "s"); reader_more(r);)
 *		use(reader_str(r));
 *	reader_close(r);
 *
 * reader_more is false at the end of the innermost container and after a fault,
 * so that such a loop ends. reader_close leaves the innermost container of any
 * kind, and skips and checks the values in it that were not read. */
void reader_open_array(struct reader *r, const char *elem_sig);
void reader_open_struct(struct reader *r);
void reader_open_entry(struct reader *r);
void reader_open_variant(struct reader *r, const char *sig);
bool reader_more(struct reader *r);
void reader_close(struct reader *r);

/* The signature of the next variant, "" if the next value is not one; does not move.
 * Borrowed from the body. */
const char *reader_variant(struct reader *r);

/* The first character of the next value's type, 0 at the end. */
char reader_type(const struct reader *r);

/* Skip one value of any type, and check it. */
void reader_skip(struct reader *r);

/* Returns 0 if there was no fault so far, else -1. Values need not have been read. */
int reader_done(const struct reader *r, struct err *e);

#endif
