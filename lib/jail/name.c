#include "lib/jail/name.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			      "0123456789.-";

static const char *broken_rule(const char *name, size_t n)
{
	if (!n) return "it is empty";
	if (n > NAME_LIMIT) return "it is longer than 64 characters";
	if (name[strspn(name, letters)]) return "it may only have letters, digits, '.' and '-'";
	if (*name == '-') return "it begins with a dash";
	if (*name == '.') return "it begins with a dot";
	if (name[n - 1] == '.') return "it ends with a dot";
	if (name[n - 1] == '-') return "it ends with a dash";
	if (strstr(name, "..")) return "it has two dots in a row";
	if (strstr(name, ".-") || strstr(name, "-.")) return "it has a dot next to a dash";
	return NULL;
}

int name_check(const char *name, struct err *e)
{
	const char *why = broken_rule(name, strlen(name));
	AUTOFREE struct arena m = { 0 };

	if (!why) return 0;
	return fail(e, ERR_INPUT, "'%s' cannot be the name of a jail: %s",
	            word_shown(&m, name), why);
}

bool name_is_entry(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 256;
}

char *name_unit(struct arena *m, const char *name)
{
	return arena_printf(m, "jlmkr-%s.service", name);
}

char *name_of_unit(struct arena *m, const char *unit)
{
	size_t before = strlen("jlmkr-"), behind = strlen(".service"), n = strlen(unit);

	if (n <= before + behind || !str_starts(unit, "jlmkr-") || !str_ends(unit, ".service"))
		return NULL;
	return arena_strndup(m, unit + before, n - before - behind);
}
