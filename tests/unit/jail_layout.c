#include "lib/jail/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

/* One directory for each place that is searched. */
struct world {
	char path[64];
	struct arena m;
};

static char *in(struct world *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static char *in(struct world *w, const char *fmt, ...)
{
	va_list ap;
	char *rest;

	va_start(ap, fmt);
	rest = arena_vprintf(&w->m, fmt, ap);
	va_end(ap);
	return arena_printf(&w->m, "%s/%s", w->path, rest);
}

static void write_text(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f != NULL);
	if (!f) return;
	fputs(text, f);
	fclose(f);
}

static void make(struct world *w)
{
	static const char *const dirs[] = { "option", "env", "home", "home/.local",
		"home/.local/share", "conf", "jailmaker", "with", "with/jails", "cwd",
		"cwd/jails", "other" };

	memset(w, 0, sizeof *w);
	snprintf(w->path, sizeof w->path, "/tmp/jlmkr-unit.XXXXXX");
	CHECK(mkdtemp(w->path));
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		CHECK_INT(mkdir(in(w, "%s", dirs[i]), 0755), 0);
	write_text(in(w, "home/" LAYOUT_HOME_CONF),
	           arena_printf(&w->m, "[DEFAULT]\njailmaker_dir = %s/conf\n", w->path));
}

static void drop(struct world *w)
{
	CHECK_INT(system(arena_printf(&w->m, "rm -rf '%s'", w->path)), 0);
	arena_free(&w->m);
}

static void finds(struct world *w, const struct layout_inputs *from, const char *dir,
                  enum layout_rule rule)
{
	struct layout_found found = { 0 };
	struct err e = { 0 };

	CHECK_INT(layout_search(&w->m, from, &found, &e), 0);
	CHECK_STR(found.dir ? found.dir : e.text, in(w, "%s", dir));
	CHECK_INT(found.rule, rule);
}

TEST(the_first_match_wins)
{
	struct layout_inputs from;
	struct world w;

	make(&w);
	from = (struct layout_inputs){ .option = in(&w, "option"), .env = in(&w, "env"),
	                               .home = in(&w, "home"), .self = in(&w, "with/jlmkr"),
	                               .cwd = in(&w, "cwd") };
	finds(&w, &from, "option", LAYOUT_OPTION);
	from.option = NULL;
	finds(&w, &from, "env", LAYOUT_ENV);
	from.env = "";
	finds(&w, &from, "conf", LAYOUT_HOME);
	from.home = in(&w, "other");
	finds(&w, &from, "with", LAYOUT_SELF);
	from.self = in(&w, "jailmaker/jlmkr");
	finds(&w, &from, "jailmaker", LAYOUT_SELF);
	from.self = in(&w, "other/jlmkr");
	finds(&w, &from, "cwd", LAYOUT_CWD);
	from.cwd = in(&w, "jailmaker");
	finds(&w, &from, "jailmaker", LAYOUT_CWD);
	drop(&w);
}

/* As GUIs call it: cd POOL && ./jlmkr. The program's bare name, found in PATH, is another
 * thing. */
TEST(a_program_called_by_its_path_means_the_jails_beside_it)
{
	struct layout_found found = { 0 };
	struct layout_inputs from;
	struct world w;

	make(&w);
	from = (struct layout_inputs){ .env = in(&w, "env"), .home = in(&w, "home"),
	                               .self = in(&w, "with/jlmkr") };
	from.called = in(&w, "with/jlmkr-list");
	finds(&w, &from, "with", LAYOUT_CALLED);
	from.called = in(&w, "cwd/../with/./jlmkr");
	finds(&w, &from, "with", LAYOUT_CALLED);
	from.called = "jlmkr";
	finds(&w, &from, "env", LAYOUT_ENV);
	from.called = in(&w, "jailmaker/jlmkr");
	finds(&w, &from, "env", LAYOUT_ENV);
	from.called = in(&w, "with/jlmkr");
	from.option = in(&w, "option");
	finds(&w, &from, "option", LAYOUT_OPTION);
	CHECK_INT(layout_search(&w.m, &from, &found, NULL), 0);
	CHECK(!found.other);
	drop(&w);
}

static const char *other_of(struct world *w, const struct layout_inputs *from)
{
	struct layout_found found = { 0 };

	CHECK_INT(layout_search(&w->m, from, &found, NULL), 0);
	return found.other ? found.other : "";
}

TEST(two_directories_that_may_be_meant_are_both_named)
{
	struct layout_inputs from = { 0 };
	struct world w;

	make(&w);
	from.self = in(&w, "with/jlmkr");
	from.env = in(&w, "env");
	CHECK_STR(other_of(&w, &from), in(&w, "with"));
	from.env = in(&w, "with/../with");
	CHECK_STR(other_of(&w, &from), "");
	from.env = NULL;
	from.home = in(&w, "home");
	CHECK_STR(other_of(&w, &from), in(&w, "with"));
	from.self = in(&w, "jailmaker/jlmkr");
	CHECK_STR(other_of(&w, &from), "");
	from.called = in(&w, "with/jlmkr");
	CHECK_STR(other_of(&w, &from), in(&w, "conf"));
	from.home = NULL;
	CHECK_STR(other_of(&w, &from), "");
	drop(&w);
}

TEST(where_the_program_is_may_do_as_the_last_resort)
{
	struct layout_inputs from = { .any = true };
	struct world w;

	make(&w);
	from.self = in(&w, "other/jlmkr");
	from.cwd = in(&w, "env");
	finds(&w, &from, "other", LAYOUT_ANY);
	from.cwd = in(&w, "cwd");
	finds(&w, &from, "cwd", LAYOUT_CWD);
	drop(&w);
}

TEST(no_place_at_all_names_them_all)
{
	struct layout_found found = { 0 };
	struct err e = { 0 };
	struct world w;

	make(&w);
	CHECK_INT(layout_search(&w.m, &(struct layout_inputs){ .home = in(&w, "other"),
	                   .self = in(&w, "env/jlmkr"), .cwd = in(&w, "env") }, &found, &e),
	                   -1);
	CHECK(strstr(e.text, "--dir") && strstr(e.text, "JAILMAKER_DIR"));
	CHECK(strstr(e.text, in(&w, "other/" LAYOUT_HOME_CONF)) != NULL);
	CHECK(strstr(e.text, "working directory") != NULL);
	drop(&w);
}

TEST(a_place_that_was_named_must_be_there)
{
	struct layout_found found = { 0 };
	struct err e = { 0 };
	struct world w;

	make(&w);
	CHECK_INT(layout_search(&w.m, &(struct layout_inputs){ .option = in(&w, "none"),
	                   .env = in(&w, "env") }, &found, &e), -1);
	CHECK(strstr(e.text, "(--dir): No such file or directory") != NULL);
	write_text(in(&w, "file"), "");
	CHECK_INT(layout_search(&w.m, &(struct layout_inputs){ .env = in(&w, "file") }, &found,
	                        &e), -1);
	CHECK(strstr(e.text, "(JAILMAKER_DIR) is not a directory") != NULL);
	drop(&w);
}

TEST(links_and_relative_paths_become_absolute)
{
	struct layout_found found = { 0 };
	struct layout_inputs from = { 0 };
	struct world w;
	char *cwd;

	make(&w);
	CHECK_INT(symlink("with", in(&w, "link")), 0);
	from.option = in(&w, "link");
	finds(&w, &from, "with", LAYOUT_OPTION);
	cwd = realpath(".", NULL);
	from.option = ".";
	CHECK_INT(layout_search(&w.m, &from, &found, NULL), 0);
	CHECK_STR(found.dir, cwd);
	free(cwd);
	drop(&w);
}

TEST(a_bad_home_conf_is_told)
{
	struct layout_found found = { 0 };
	struct layout_inputs from = { 0 };
	struct err e = { 0 };
	struct world w;

	make(&w);
	from.home = in(&w, "home");
	write_text(in(&w, "home/" LAYOUT_HOME_CONF), "a=1\na=2\n");
	CHECK_INT(layout_search(&w.m, &from, &found, &e), -1);
	CHECK(strstr(e.text, "jailmaker.conf: line 2: ") != NULL);
	write_text(in(&w, "home/" LAYOUT_HOME_CONF), "jailmaker_dir=/no/such/place\n");
	CHECK_INT(layout_search(&w.m, &from, &found, &e), -1);
	CHECK(strstr(e.text, "/no/such/place (") && strstr(e.text, "jailmaker.conf)"));
	write_text(in(&w, "home/" LAYOUT_HOME_CONF), "# nothing\n");
	from.cwd = in(&w, "cwd");
	finds(&w, &from, "cwd", LAYOUT_CWD);
	drop(&w);
}

TEST(paths_and_hidden_names)
{
	struct arena m = { 0 };

	CHECK_STR(layout_jail(&m, "/mnt/x", "web"), "/mnt/x/jails/web");
	CHECK_STR(layout_jails(&m, "/"), "/jails");
	CHECK_STR(layout_create_name(&m, "web"), ".create-web");
	CHECK_STR(layout_remove_name(&m, "web", 0), ".remove-web");
	CHECK_STR(layout_remove_name(&m, "web", 2), ".remove-web:2");
	arena_free(&m);
}

TEST(home_is_that_of_who_called_sudo)
{
	struct arena m = { 0 };
	const char *home = getenv("HOME"), *user = getenv("SUDO_USER");

	unsetenv("SUDO_USER");
	setenv("HOME", "/home/of/test", 1);
	CHECK_STR(layout_home(&m), "/home/of/test");
	setenv("SUDO_USER", "daemon", 1);
	CHECK_STR(layout_home(&m), geteuid() == 0 ? "/usr/sbin" : "/home/of/test");
	setenv("SUDO_USER", "no such user", 1);
	CHECK_STR(layout_home(&m), "/home/of/test");
	if (home) setenv("HOME", home, 1);
	if (user) setenv("SUDO_USER", user, 1);
	else unsetenv("SUDO_USER");
	arena_free(&m);
}
