/* The jail's passwd(5), which the jail writes: nothing in it is taken for a number that is
 * none, because setresuid(2) has a meaning for -1 and strtoul(3) one for "abc". */

#include <stdlib.h>
#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/engine/impl.h"

enum { PASSWD_BYTES = 1024 * 1024, READ_MS = 5000, FIELDS = 7 };

static bool cut(char *line, char *field[FIELDS])
{
	for (int i = 0; i < FIELDS; i++) {
		field[i] = line;
		line += strcspn(line, ":");
		if (!*line && i < FIELDS - 1) return false;
		if (*line) *line++ = 0;
	}
	return true;
}

static bool to_id(const char *text, unsigned *id)
{
	size_t n = strlen(text);
	unsigned long long value;

	if (!n || n > 10 || strspn(text, "0123456789") != n) return false;
	value = strtoull(text, NULL, 10);
	*id = (unsigned)value;
	return value < UINT32_MAX;
}

bool passwd_find(char *text, const char *user, struct passwd_line *line)
{
	char *next, *field[FIELDS];

	for (; *text; text = next) {
		next = text + strcspn(text, "\n");
		if (*next) *next++ = 0;
		if (!cut(text, field) || (!str_eq(field[0], user) && !str_eq(field[2], user)))
			continue;
		*line = (struct passwd_line){
			.name = field[0], .home = field[5], .shell = field[6],
		};
		return to_id(field[2], &line->uid) && to_id(field[3], &line->gid);
	}
	return false;
}

int passwd_read(const struct jail_unit *in, const char *user, struct passwd_line *line,
                struct err *e)
{
	char *text = nsenter_read(&in->in, "/etc/passwd", PASSWD_BYTES, deadline_in(READ_MS),
	                          in->m, e);

	return text ? passwd_find(text, user, line) : -1;
}
