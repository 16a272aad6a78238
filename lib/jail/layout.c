#include "lib/jail/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/text/ini.h"

enum { HOME_CONF_MAX = 64 * 1024 };

static const char create_mark[] = ".create-", remove_mark[] = ".remove-";

static bool given(const char *s)
{
	return s && *s;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A place that the user named must be there. */
static int take_named(struct arena *m, const char *path, const char *named_by,
                      enum layout_rule rule, struct layout_found *out, struct err *e)
{
	char real[PATH_MAX];

	if (!realpath(path, real))
		return fail_sys(e, "the jailmaker directory %s (%s)", path, named_by);
	if (!is_dir(real))
		return fail(e, ERR_INPUT, "the jailmaker directory %s (%s) is not a directory",
		            path, named_by);
	out->dir = arena_strdup(m, real);
	out->rule = rule;
	return 0;
}

/* A place where nobody promised anything: false when it does not look like one. */
static bool take_likely(struct arena *m, const char *path, enum layout_rule rule,
                       struct layout_found *out)
{
	char real[PATH_MAX];

	if (!realpath(path, real) || !is_dir(real)) return false;
	if (!str_ends(real, "/jailmaker") && !is_dir(layout_jails(m, real))) return false;
	out->dir = arena_strdup(m, real);
	out->rule = rule;
	return true;
}

/* What a key of jailmaker.conf says, "" when there is no such file or key. */
static const char *home_value(struct arena *m, const char *file, const char *key, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int fd = open_file(AT_FDCWD, file, file, &why);
	const struct ini_entry *entry;
	struct ini ini;
	char *text;
	size_t len;

	if (fd < 0 && (why.sys == ENOENT || why.sys == ENOTDIR)) return "";
	if (fd < 0) return fail(e, why.kind, "%s", why.text), NULL;
	if (!(text = read_all(m, fd, HOME_CONF_MAX, &len, e)))
		return fail_in(e, "%s", file), NULL;
	ini_parse(m, text, len, &ini);
	if (faults_fail(&ini.faults, e) < 0) return fail_in(e, "%s", file), NULL;
	entry = ini_find(&ini, key);
	return entry && entry->value ? entry->value : "";
}

/* 1: found. */
static int search_home(struct arena *m, const char *home, struct layout_found *out,
                       struct err *e)
{
	const char *file, *dir;

	if (!given(home)) return 0;
	file = arena_printf(m, "%s/" LAYOUT_HOME_CONF, home);
	if (!(dir = home_value(m, file, "jailmaker_dir", e))) return -1;
	if (!*dir) return 0;
	return take_named(m, dir, file, LAYOUT_HOME, out, e) < 0 ? -1 : 1;
}

static bool search_self(struct arena *m, const char *self, struct layout_found *out)
{
	const char *slash = given(self) ? strrchr(self, '/') : NULL, *dir;

	if (!slash) return false;
	dir = arena_strndup(m, self, slash == self ? 1 : (size_t)(slash - self));
	return take_likely(m, dir, LAYOUT_SELF, out);
}

int layout_search(struct arena *m, const struct layout_inputs *in, struct layout_found *out,
                  struct err *e)
{
	int got;

	if (given(in->option)) return take_named(m, in->option, "--dir", LAYOUT_OPTION, out, e);
	if (given(in->env)) return take_named(m, in->env, "JAILMAKER_DIR", LAYOUT_ENV, out, e);
	if ((got = search_home(m, in->home, out, e))) return got > 0 ? 0 : -1;
	if (search_self(m, in->self, out)) return 0;
	if (take_likely(m, given(in->cwd) ? in->cwd : ".", LAYOUT_CWD, out)) return 0;
	return fail(e, ERR_INPUT, "where is the jailmaker directory? Name it by --dir DIR, by "
	            "JAILMAKER_DIR in the environment, or by a line jailmaker_dir=DIR in %s/"
	            LAYOUT_HOME_CONF "; neither the directory of this program nor the working "
	            "directory is called jailmaker or holds jails/",
	            given(in->home) ? in->home : "~");
}

const char *layout_find(struct arena *m, const struct layout_inputs *in, struct err *e)
{
	struct layout_found found = { 0 };

	return layout_search(m, in, &found, e) < 0 ? NULL : found.dir;
}

const char *layout_home(struct arena *m)
{
	const char *user = geteuid() == 0 ? getenv("SUDO_USER") : NULL, *home = getenv("HOME");
	const struct passwd *pw = NULL;

	if (given(user)) pw = getpwnam(user);
	else if (!given(home)) pw = getpwuid(geteuid());
	if (pw) home = pw->pw_dir;
	return given(home) ? arena_strdup(m, home) : NULL;
}

const char *layout_home_value(struct arena *m, const char *home, const char *key,
                              struct err *e)
{
	if (!given(home)) return "";
	return home_value(m, arena_printf(m, "%s/" LAYOUT_HOME_CONF, home), key, e);
}

char *layout_jails(struct arena *m, const char *dir)
{
	return arena_printf(m, "%s/" LAYOUT_JAILS, str_eq(dir, "/") ? "" : dir);
}

char *layout_jail(struct arena *m, const char *dir, const char *name)
{
	return arena_printf(m, "%s/%s", layout_jails(m, dir), name);
}

char *layout_create_name(struct arena *m, const char *name)
{
	return arena_printf(m, "%s%s", create_mark, name);
}

char *layout_remove_name(struct arena *m, const char *name, unsigned n)
{
	return n ? arena_printf(m, "%s%s:%u", remove_mark, name, n)
	         : arena_printf(m, "%s%s", remove_mark, name);
}
