#include "lib/base/err.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/shown.h"

enum { WRITTEN_MAX = 4096 };

/* Write behind the first `at` bytes of the text, up to `end`. */
static void write_text(struct err *e, size_t at, size_t end, const char *fmt, va_list ap)
{
	char written[WRITTEN_MAX];

	vsnprintf(written, sizeof written, fmt, ap);
	shown_copy(e->text + at, end - at, written);
}

int fail(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!e) return -1;
	e->kind = kind;
	e->sys = 0;
	va_start(ap, fmt);
	write_text(e, 0, sizeof e->text, fmt, ap);
	va_end(ap);
	return -1;
}

static void append_text(struct err *e, const char *fmt,
                        ...) __attribute__((format(printf, 2, 3)));

static void append_text(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_text(e, strlen(e->text), sizeof e->text, fmt, ap);
	va_end(ap);
}

/* The room for the text before a cause of this length: however long a name is, half of the
 * text is left for the cause. */
static size_t room_before(size_t cause)
{
	const size_t room = sizeof ((struct err *)0)->text;

	return room - (cause + 2 < room / 2 ? cause + 2 : room / 2);
}

int fail_sys(struct err *e, const char *fmt, ...)
{
	int sys = errno;
	const char *why = strerror(sys);
	va_list ap;

	if (!e) return -1;
	e->kind = ERR_HOST;
	e->sys = sys;
	va_start(ap, fmt);
	write_text(e, 0, room_before(strlen(why)), fmt, ap);
	va_end(ap);
	append_text(e, ": %s", why);
	return -1;
}

int fail_as(struct err *e, const struct err *why)
{
	if (e) *e = *why;
	return -1;
}

int fail_in(struct err *e, const char *fmt, ...)
{
	char rest[sizeof e->text];
	va_list ap;
	size_t n;

	if (!e) return -1;
	n = strnlen(e->text, sizeof rest - 1);
	memcpy(rest, e->text, n);
	rest[n] = 0;
	va_start(ap, fmt);
	write_text(e, 0, room_before(n), fmt, ap);
	va_end(ap);
	append_text(e, ": %s", rest);
	return -1;
}

int err_exit_status(enum err_kind kind)
{
	switch (kind) {
	case ERR_NONE: return 0;
	case ERR_USAGE: return 2;
	case ERR_MISSING: return 3;
	case ERR_EXISTS: return 4;
	case ERR_BUSY: return 5;
	case ERR_NETWORK: return 6;
	case ERR_UNTRUSTED: return 7;
	case ERR_INTERRUPTED: return 128 + SIGINT;
	case ERR_UNREAD: return 128 + SIGPIPE;
	case ERR_HOST:
	case ERR_INPUT: break;
	}
	return 1;
}

const char *err_exit_meaning(int status)
{
	switch (status) {
	case 0: return "success";
	case 1: return "something failed: the message says what";
	case 2: return "wrong usage: an option, a word, a number of words";
	case 3: return "there is no such jail, image or file; status: the jail does not run";
	case 4: return "it exists already";
	case 5: return "it is in use by somebody else";
	case 6: return "the network or a server";
	case 7: return "not to be trusted: a certificate, a hash, the owner of a file";
	case 125: return "exec, shell: the command could not be run";
	case 127: return "exec, shell: there is no such command";
	case 128 + SIGINT: return "interrupted";
	case 128 + SIGPIPE: return "nobody reads the output";
	}
	return NULL;
}
