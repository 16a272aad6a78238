#include "lib/jail/select.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static const char *dir(struct arena *m)
{
	char *path = arena_strdup(m, "/tmp/jlmkr-unit.XXXXXX");

	CHECK(mkdtemp(path));
	CHECK_INT(system(arena_printf(m, "cd %s && mkdir -p jails/web-1 jails/web-2 jails/db "
	                                 "jails/.create-x && touch jails/web-1/config "
	                                 "jails/web-2/config "
	                                 "jails/db/config", path)), 0);
	return path;
}

/* The names in a row, those that were named marked with a '!'. */
static const char *chosen(struct arena *m, const char *path, char *const *words, bool all,
                          struct err *e)
{
	struct str text = { .m = m };
	struct selected *s;
	size_t n;

	if (!(s = jail_select(m, path, words, all, &n, e))) return NULL;
	for (size_t i = 0; i < n; i++)
		str_addf(&text, "%s%s%s", i ? " " : "", s[i].name, s[i].by_name ? "!" : "");
	return str_text(&text);
}

#define WORDS(...) (char *const[]){ __VA_ARGS__, NULL }

TEST(names_patterns_and_all)
{
	AUTOFREE struct arena m = { 0 };
	const char *path = dir(&m);
	char *const none[] = { NULL };

	CHECK_STR(chosen(&m, path, WORDS("db"), false, NULL), "db!");
	CHECK_STR(chosen(&m, path, WORDS("nowhere", "db"), false, NULL), "nowhere! db!");
	CHECK_STR(chosen(&m, path, WORDS("web-*"), false, NULL), "web-1 web-2");
	CHECK_STR(chosen(&m, path, WORDS("*[1b]"), false, NULL), "db web-1");
	CHECK_STR(chosen(&m, path, WORDS("web-2", "web-?", "db"), false, NULL),
	          "web-2! web-1 db!");
	CHECK_STR(chosen(&m, path, WORDS("web-?", "web-2"), false, NULL), "web-1 web-2!");
	CHECK_STR(chosen(&m, path, WORDS("db", "db"), false, NULL), "db!");
	CHECK_STR(chosen(&m, path, none, true, NULL), "db web-1 web-2");
	CHECK_STR(chosen(&m, path, none, false, NULL), "");
	CHECK_INT(system(arena_printf(&m, "rm -r %s", path)), 0);
}

TEST(a_pattern_that_fits_nothing_is_missing)
{
	AUTOFREE struct arena m = { 0 };
	const char *path = dir(&m);
	struct err e = { 0 };

	CHECK(!chosen(&m, path, WORDS("db", "q*"), false, &e));
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK(strstr(e.text, "'q*'"));
	CHECK_INT(system(arena_printf(&m, "rm -r %s", path)), 0);
}

TEST(names_need_no_jails_at_all)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(chosen(&m, "/nonexistent", WORDS("db"), false, NULL), "db!");
}
