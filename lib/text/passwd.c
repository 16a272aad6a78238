#include "lib/text/passwd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"

enum { PASSWD_FIELDS = 7, GROUP_FIELDS = 4 };

static bool cut(char *line, char *field[], int n)
{
	for (int i = 0; i < n; i++) {
		field[i] = line;
		line += strcspn(line, ":");
		if (!*line && i < n - 1) return false;
		if (*line) *line++ = 0;
	}
	return true;
}

/* The next line, cut off from what follows; NULL at the end. */
static char *cut_line(char **text)
{
	char *line = *text, *end = line + strcspn(line, "\n");

	if (!*line) return NULL;
	*text = *end ? end + 1 : end;
	*end = 0;
	return line;
}

bool passwd_id(const char *text, unsigned *id)
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
	char *at, *field[PASSWD_FIELDS];

	while ((at = cut_line(&text))) {
		if (!cut(at, field, PASSWD_FIELDS) ||
		    (!str_eq(field[0], user) && !str_eq(field[2], user)))
			continue;
		*line = (struct passwd_line){
			.name = field[0], .home = field[5], .shell = field[6],
		};
		return passwd_id(field[2], &line->uid) && passwd_id(field[3], &line->gid);
	}
	return false;
}

bool group_find(char *text, const char *group, gid_t *gid)
{
	char *at, *field[GROUP_FIELDS];

	while ((at = cut_line(&text)))
		if (cut(at, field, GROUP_FIELDS) && str_eq(field[0], group))
			return passwd_id(field[2], gid);
	return false;
}

/* "ann,bob" */
static bool is_member(const char *members, const char *user)
{
	size_t length = strlen(user);

	for (size_t n; *members; members += n + (members[n] == ',')) {
		n = strcspn(members, ",");
		if (n == length && !strncmp(members, user, n)) return true;
	}
	return false;
}

size_t groups_with(char *text, const char *user, gid_t *out, size_t room)
{
	char *at, *field[GROUP_FIELDS];
	size_t n = 0;

	while (n < room && (at = cut_line(&text)))
		if (cut(at, field, GROUP_FIELDS) && is_member(field[3], user) &&
		    passwd_id(field[2], &out[n]))
			n++;
	return n;
}
