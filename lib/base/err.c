#include "lib/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A terminal must not be steered by a file name or a server's answer. */
static void make_printable(char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < 0x20 && *s != '\n' && *s != '\t') || *s == 0x7f)
			*s = '?';
}

int fail(struct err *e, enum err_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (!e) return -1;
	e->kind = kind;
	e->sys = 0;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	make_printable(e->text);
	return -1;
}

int fail_sys(struct err *e, const char *fmt, ...)
{
	int sys = errno;
	va_list ap;
	size_t n;

	if (!e) return -1;
	e->kind = ERR_HOST;
	e->sys = sys;
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof e->text - n, ": %s", strerror(sys));
	make_printable(e->text);
	return -1;
}

int fail_in(struct err *e, const char *fmt, ...)
{
	char rest[sizeof e->text];
	va_list ap;
	size_t n;

	if (!e) return -1;
	memcpy(rest, e->text, sizeof rest);
	va_start(ap, fmt);
	vsnprintf(e->text, sizeof e->text, fmt, ap);
	va_end(ap);
	make_printable(e->text);
	n = strlen(e->text);
	if (n + 2 < sizeof e->text) {
		memcpy(e->text + n, ": ", 3);
		n += 2;
		strncpy(e->text + n, rest, sizeof e->text - n - 1);
		e->text[sizeof e->text - 1] = 0;
	}
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
	case ERR_INTERRUPTED: return 130;
	case ERR_HOST:
	case ERR_INPUT: break;
	}
	return 1;
}
