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

static bool is_given(const char *s)
{
	return s && *s;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* A place that the user has named must exist. */
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

/* A place that nobody has named: false if it does not look like a jailmaker directory. */
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

/* The value of a key of jailmaker.conf; "" if there is no such file or key. */
static const char *home_value(struct arena *m, const char *file, const char *key, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int fd = open_file(AT_FDCWD, file, file, &why);
	const struct ini_entry *entry;
	struct ini ini;
	char *text;
	size_t len;

	if (fd < 0 && (why.sys == ENOENT || why.sys == ENOTDIR)) return "";
	if (fd < 0) return fail_as(e, &why), NULL;
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

	if (!is_given(home)) return 0;
	file = arena_printf(m, "%s/" LAYOUT_HOME_CONF, home);
	if (!(dir = home_value(m, file, "jailmaker_dir", e))) return -1;
	if (!*dir) return 0;
	return take_named(m, dir, file, LAYOUT_HOME, out, e) < 0 ? -1 : 1;
}

/* The folder of a path; NULL if the path has no slash. */
static const char *folder_of(struct arena *m, const char *path)
{
	const char *slash = is_given(path) ? strrchr(path, '/') : NULL;

	return slash ? arena_strndup(m, path, slash == path ? 1 : (size_t)(slash - path))
	             : NULL;
}

/* A directory that has jails/, with links resolved; else NULL. */
static const char *with_jails(struct arena *m, const char *dir)
{
	char real[PATH_MAX];

	return dir && realpath(dir, real) && is_dir(layout_jails(m, real))
	               ? arena_strdup(m, real)
	               : NULL;
}

/* What the user has set once, for all calls. 1: found. */
static int search_settings(struct arena *m, const struct layout_inputs *in,
                           struct layout_found *out, struct err *e)
{
	if (!is_given(in->env)) return search_home(m, in->home, out, e);
	return take_named(m, in->env, "JAILMAKER_DIR", LAYOUT_ENV, out, e) < 0 ? -1 : 1;
}

/* Whoever types a path to the program means the jails that are beside it, as with a copy of the
 * Python tool there; under the program's bare name the settings count. */
static bool search_called(struct arena *m, const struct layout_inputs *in,
                          struct layout_found *out)
{
	struct layout_found set = { 0 };
	const char *dir = with_jails(m, folder_of(m, in->called));

	if (!dir) return false;
	*out = (struct layout_found){ .dir = dir, .rule = LAYOUT_CALLED };
	if (search_settings(m, in, &set, NULL) > 0 && !str_eq(set.dir, dir))
		out->other = set.dir;
	return true;
}

static bool take_any(struct arena *m, const char *dir, struct layout_found *out)
{
	return dir && take_named(m, dir, "where this program is", LAYOUT_ANY, out, NULL) == 0;
}

int layout_search(struct arena *m, const struct layout_inputs *in, struct layout_found *out,
                  struct err *e)
{
	const char *folder = folder_of(m, in->self), *own;
	int got;

	if (is_given(in->option))
		return take_named(m, in->option, "--dir", LAYOUT_OPTION, out, e);
	if (search_called(m, in, out)) return 0;
	if ((got = search_settings(m, in, out, e)) < 0) return -1;
	if (got) {
		own = with_jails(m, folder);
		if (own && !str_eq(own, out->dir)) out->other = own;
		return 0;
	}
	if (folder && take_likely(m, folder, LAYOUT_SELF, out)) return 0;
	if (take_likely(m, is_given(in->cwd) ? in->cwd : ".", LAYOUT_CWD, out)) return 0;
	if (in->any && take_any(m, folder, out)) return 0;
	return fail(e, ERR_INPUT, "where is the jailmaker directory? Name it by --dir DIR, by "
	            "JAILMAKER_DIR in the environment, or by a line jailmaker_dir=DIR in %s/"
	            LAYOUT_HOME_CONF "; neither the directory of this program nor the working "
	            "directory is called jailmaker or holds jails/",
	            is_given(in->home) ? in->home : "~");
}

const char *layout_home(struct arena *m)
{
	const char *user = geteuid() == 0 ? getenv("SUDO_USER") : NULL, *home = getenv("HOME");
	const struct passwd *pw = NULL;

	if (is_given(user)) pw = getpwnam(user);
	else if (!is_given(home)) pw = getpwuid(geteuid());
	if (pw) home = pw->pw_dir;
	return is_given(home) ? arena_strdup(m, home) : NULL;
}

const char *layout_home_value(struct arena *m, const char *home, const char *key,
                              struct err *e)
{
	if (!is_given(home)) return "";
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
