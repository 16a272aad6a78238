#include "lib/jail/command.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"
#include "lib/jail/conf.h"
#include "lib/jail/conf_options.h"
#include "lib/jail/init.h"
#include "lib/jail/look.h"
#include "lib/systemd/props/props.h"
#include "lib/text/passwd.h"

#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum { LIST_MAX = 1024 * 1024, NSPAWN_NOBODY = 65535 };

bool command_is_wanted(const struct conf_options *o)
{
	return o->command.n;
}

int command_stop_signal(const char *text)
{
	return *text ? signal_number(text) : SIGTERM;
}

bool command_env_is_taken(const char *assignment)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";
	size_t n = strspn(assignment, letters);

	if (!n || assignment[n] != '=' || strchr("0123456789", *assignment)) return false;
	for (const char *p = assignment + n; *p; p++)
		if (((unsigned char)*p < ' ' && !strchr("\t\n", *p)) || *p == 0x7f)
			return false;
	return utf8_valid(assignment, strlen(assignment));
}

/* -- places -- */

static bool is_mount(const char *name)
{
	return str_starts(name, "bind") || strstr(name, "overlay") || str_eq(name, "tmpfs");
}

/* Whether the options put another root, or something over the path: its first folder is named
 * by a mount. */
static bool is_covered_by(struct arena *m, const struct nspawn_options *o, const char *path)
{
	static char *const others[] = {
		"image", "template", "volatile", "ephemeral", "root-hash", NULL,
	};
	const char *top = arena_strndup(m, path, 1 + strcspn(path + 1, "/"));

	for (size_t i = 0; i < o->n; i++) {
		const char *value = o->v[i].value ? o->v[i].value : "";

		if (words_have(others, o->v[i].name)) return true;
		if (is_mount(o->v[i].name) && (strstr(value, top) || str_ends(value, ":/")))
			return true;
	}
	return false;
}

static bool is_covered(struct arena *m, const struct conf_options *o, const char *path)
{
	return is_covered_by(m, &o->nspawn, path) || is_covered_by(m, &o->user, path);
}

static bool is_not_there(const struct err *e)
{
	return e->sys == ENOENT || e->sys == ENOTDIR || e->sys == ELOOP;
}

static int find_directory(struct arena *m, const struct conf *c, const struct conf_options *o,
                          int rootfs, struct command *out, struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int fd = -1;
	struct stat st;

	out->directory = *c->init_directory.text ? c->init_directory.text : "/";
	if (is_covered(m, o, out->directory)) return 0;
	fd = look_at(rootfs, out->directory, 0, &why);
	if (fd < 0 ? !is_not_there(&why) : fstat(fd, &st) < 0 || S_ISDIR(st.st_mode)) return 0;
	return fail(e, ERR_HOST, "its init_directory %s %s", out->directory,
	            fd < 0 ? "does not exist in it" : "is not a directory");
}

/* -- the program -- */

static const char *path_of(const struct conf_options *o)
{
	const char *path = USUAL_PATH;

	for (size_t i = 0; i < o->env.n; i++)
		if (str_starts(o->env.v[i], "PATH=")) path = o->env.v[i] + strlen("PATH=");
	return path;
}

static bool is_program(int rootfs, const char *path)
{
	AUTOCLOSE int fd = look_at(rootfs, path, 0, NULL);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

/* As execvp(3), inside of the root file system. */
static const char *search(struct arena *m, const struct conf_options *o, int rootfs,
                          const char *name, struct err *e)
{
	const char *path = path_of(o);

	for (size_t n; *path; path += n + (path[n] == ':')) {
		const char *file;

		n = strcspn(path, ":");
		file = arena_printf(m, "%.*s%s%s", (int)n, path,
		                    n && path[n - 1] == '/' ? "" : "/", name);
		if (*path == '/' && is_program(rootfs, file)) return file;
	}
	fail(e, ERR_HOST, "it has no program '%s' to run: its init_command names one that is "
	     "not in %s", name, path_of(o));
	return NULL;
}

static int find_program(struct arena *m, const struct conf_options *o, int rootfs,
                        struct command *out, struct err *e)
{
	struct words argv = { .m = m };
	const char *word = o->command.v[0], *place = word, *fault;

	if (!strchr(word, '/')) {
		if (!is_covered(m, o, "/usr") && !is_covered(m, o, "/bin") &&
		    !(place = word = search(m, o, rootfs, word, e)))
			return -1;
	} else if (*word != '/') {
		place = arena_printf(m, "%s/%s", out->directory, word);
	}
	words_add(&argv, word);
	words_add_all(&argv, o->command.v + 1);
	out->argv = words_list(&argv);
	if (*place != '/' || is_covered(m, o, place)) return 0;
	fault = program_fault(m, rootfs, place);
	return fault ? fail(e, ERR_HOST, "its init_command cannot be run: %s", fault) : 0;
}

/* -- the user -- */

static char *read_accounts(struct arena *m, int rootfs, const char *path)
{
	char *text = look_read(m, rootfs, path, LIST_MAX, NULL);

	return text ? text : arena_strdup(m, "");
}

/* Without a group of its own, those of passwd(5) and group(5): a number that is in neither is
 * in group 0, as with Docker. */
static int find_user(struct arena *m, const char *user, bool with_groups, int rootfs,
                     struct command *out, struct err *e)
{
	struct passwd_line line = { .home = "/" };
	bool known = passwd_find(read_accounts(m, rootfs, "/etc/passwd"), user, &line);

	if (!known && !str_eq(user, "root") && !passwd_id(user, &line.uid))
		return fail(e, ERR_HOST, "its init_user '%s' is not in its /etc/passwd", user);
	out->uid = line.uid;
	out->gid = known ? line.gid : 0;
	out->home = known && *line.home == '/' ? line.home : line.uid ? "/" : "/root";
	if (known && with_groups && line.uid)
		out->group_count = groups_with(read_accounts(m, rootfs, "/etc/group"),
		                               line.name, out->groups, COMMAND_GROUPS);
	return 0;
}

static int find_group(struct arena *m, const char *group, int rootfs, struct command *out,
                      struct err *e)
{
	if (group_find(read_accounts(m, rootfs, "/etc/group"), group, &out->gid) ||
	    passwd_id(group, &out->gid)) return 0;
	return fail(e, ERR_HOST, "the group '%s' of its init_user is not in its /etc/group",
	            group);
}

static int find_ids(struct arena *m, const struct conf *c, int rootfs, struct command *out,
                    struct err *e)
{
	const char *text = c->init_user.text, *colon = strchr(text, ':');
	const char *user = colon ? arena_strndup(m, text, (size_t)(colon - text)) : text;
	const char *group = colon ? colon + 1 : "";

	out->home = "/root";
	if (*user && find_user(m, user, !*group, rootfs, out, e) < 0) return -1;
	if (*group && find_group(m, group, rootfs, out, e) < 0) return -1;
	out->is_root = !out->uid && !out->gid;
	if (out->uid != NSPAWN_NOBODY && out->gid != NSPAWN_NOBODY) return 0;
	return fail(e, ERR_HOST, "systemd-nspawn runs nothing as number %d, as its init_user "
	            "says", NSPAWN_NOBODY);
}

int command_find(struct arena *m, const struct conf *c, const struct conf_options *o,
                 int rootfs, struct command *out, struct err *e)
{
	*out = (struct command){ .stop_signal = command_stop_signal(c->stop_signal.text) };
	if (find_directory(m, c, o, rootfs, out, e) < 0) return -1;
	if (find_program(m, o, rootfs, out, e) < 0) return -1;
	return find_ids(m, c, rootfs, out, e);
}
