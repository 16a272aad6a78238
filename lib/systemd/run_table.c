#include "lib/systemd/run_table.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/nearest.h"
#include "lib/systemd/props/impl.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_options.h"

enum { CGROUP_MAX = 65536 };

static struct arena *arena_of(const struct run_options *o)
{
	return o->properties.m;
}

static int take_description(struct run_options *o, const char *value, struct err *e)
{
	(void)e;
	o->description = arena_strdup(arena_of(o), value);
	return 0;
}

static int take_collect(struct run_options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->collect = true;
	return 0;
}

static int take_run_property(struct run_options *o, const char *value, struct err *e)
{
	if (prop_check(value, e) < 0) return -1;
	words_add(&o->properties, value);
	return 0;
}

static int take_send_sighup(struct run_options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->send_sighup = true;
	return 0;
}

static int take_remain(struct run_options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->remain_after_exit = true;
	return 0;
}

static int take_type(struct run_options *o, const char *value, struct err *e)
{
	(void)e;
	o->service_type = arena_strdup(arena_of(o), value);
	return 0;
}

static int take_uid(struct run_options *o, const char *value, struct err *e)
{
	(void)e;
	o->uid = arena_strdup(arena_of(o), value);
	return 0;
}

static int take_gid(struct run_options *o, const char *value, struct err *e)
{
	(void)e;
	o->gid = arena_strdup(arena_of(o), value);
	return 0;
}

static int take_nice(struct run_options *o, const char *value, struct err *e)
{
	int32_t n;

	if (!text_i32(value, &n) || n < -20 || n > 19)
		return fail(e, ERR_INPUT, "--nice: '%s' is not a number from -20 to 19", value);
	o->nice = n;
	o->nice_set = true;
	return 0;
}

static const char name_letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:-_.\\@";

static bool has_unit_type(const char *name)
{
	static const char *const types[] = {
		".service", ".mount", ".swap", ".socket", ".target", ".device", ".automount",
		".timer", ".path", ".slice", ".scope",
	};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (str_ends(name, types[i]) && strlen(name) > strlen(types[i])) return true;
	return false;
}

/* Characters that a unit's name may not contain are escaped, and the type is appended. */
static void put_slice_together(struct run_options *o)
{
	const char *own = o->slice_name ? o->slice_name : "", *parent = o->slice_parent;
	struct str name = { .m = arena_of(o) };

	if (parent) str_addf(&name, "%s%s", parent, *own ? "-" : "");
	for (; *own; own++) {
		if (strchr(name_letters, *own))
			str_addc(&name, *own);
		else if (*own == '/')
			str_addc(&name, '-');
		else
			str_addf(&name, "\\x%02x", (unsigned char)*own);
	}
	if (name.len && !has_unit_type(name.s)) str_add(&name, ".slice");
	o->slice = name.len ? name.s : NULL;
}

static int take_slice(struct run_options *o, const char *value, struct err *e)
{
	if (*value == '/')
		return fail(e, ERR_INPUT, "--slice: '%s' is a path, not a slice", value);
	o->slice_name = arena_strdup(arena_of(o), value);
	put_slice_together(o);
	return 0;
}

/* The last of the slices that the path of a cgroup begins with, without its type; NULL for the
 * root slice. "/user.slice/user-0.slice/session-1.scope" is in user-0. */
static const char *slice_of(struct arena *m, const char *path)
{
	const char *slice = NULL;

	for (size_t n; *path == '/'; path += n) {
		const char *part;

		path++;
		n = strcspn(path, "/\n");
		part = arena_strndup(m, path, n);
		if (!str_ends(part, ".slice")) break;
		slice = arena_strndup(m, part, n - strlen(".slice"));
	}
	return slice && !str_eq(slice, "-") ? slice : NULL;
}

/* systemd's own hierarchy: the only one, or a named one beside those of version 1. */
static int take_slice_inherit(struct run_options *o, const char *value, struct err *e)
{
	AUTOCLOSE int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
	struct arena *m = arena_of(o);
	const char *text = fd < 0 ? NULL : read_all(m, fd, CGROUP_MAX, NULL, e), *at;

	(void)value;
	if (!text) return fd < 0 ? fail_sys(e, "--slice-inherit: open /proc/self/cgroup") : -1;
	if (!(at = strstr(text, ":name=systemd:"))) at = strstr(text, "0::");
	at = at ? strchr(at, '/') : NULL;
	o->slice_parent = at ? slice_of(m, at) : NULL;
	put_slice_together(o);
	return 0;
}

static const char *current_directory(struct arena *m)
{
	char path[PATH_MAX];

	return getcwd(path, sizeof path) ? arena_strdup(m, path) : NULL;
}

/* "/" is the default of a unit, so it is left out. */
static int take_directory(struct run_options *o, const char *value, struct err *e)
{
	struct arena *m = arena_of(o);
	const char *base = *value && *value != '/' ? current_directory(m) : "";
	char *path;

	if (!base)
		return fail_sys(e, "--working-directory: '%s' in the current directory", value);
	path = path_simplify(arena_printf(m, *base ? "%s/%s" : "%s%s", base, value));
	o->working_directory = *path && !str_eq(path, "/") ? path : NULL;
	return 0;
}

static int take_same_directory(struct run_options *o, const char *value, struct err *e)
{
	(void)value;
	o->working_directory = current_directory(arena_of(o));
	return o->working_directory ? 0 : fail_sys(e, "--same-dir: the current directory");
}

static bool env_name_is_valid(const char *s, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";

	if (!len || !strchr(letters, *s)) return false;
	for (size_t i = 1; i < len; i++)
		if (!strchr(letters, s[i]) && !(s[i] >= '0' && s[i] <= '9')) return false;
	return true;
}

static int take_env(struct run_options *o, const char *value, struct err *e)
{
	size_t len = strcspn(value, "=");
	const char *ours;

	if (!env_name_is_valid(value, len))
		return fail(e, ERR_INPUT, "--setenv: '%.*s' is not the name of a variable",
		            (int)len, value);
	if (value[len]) {
		env_put(&o->environment, value);
		return 0;
	}
	ours = getenv(value);
	env_put(&o->environment, arena_printf(arena_of(o), "%s=%s", value, ours ? ours : ""));
	return 0;
}

static int take_expand(struct run_options *o, const char *value, struct err *e)
{
	bool expand;

	if (!text_bool(value, &expand))
		return fail(e, ERR_INPUT, "--expand-environment: '%s' is not yes or no", value);
	o->verbatim = !expand;
	return 0;
}

static int take_pty(struct run_options *o, const char *value, struct err *e)
{
	(void)value, (void)e;
	o->pty = true;
	return 0;
}

#define HOST "a jail is a unit of the host's systemd"
#define SERVICE "a jail is a service"
#define STDIO "a jail does not use our terminal; its output goes to the journal"

static const struct run_row options[] = {
	{ "property", 'p', true, take_run_property, NULL },
	{ "setenv", 'E', true, take_env, NULL },
	{ "collect", 'G', false, take_collect, NULL },
	{ "slice", 0, true, take_slice, NULL },
	{ "uid", 0, true, take_uid, NULL },
	{ "gid", 0, true, take_gid, NULL },
	{ "nice", 0, true, take_nice, NULL },
	{ "working-directory", 0, true, take_directory, NULL },
	{ "same-dir", 'd', false, take_same_directory, NULL },
	{ "description", 0, true, take_description, NULL },
	{ "service-type", 0, true, take_type, NULL },
	{ "remain-after-exit", 'r', false, take_remain, NULL },
	{ "send-sighup", 0, false, take_send_sighup, NULL },
	{ "expand-environment", 0, true, take_expand, NULL },
	{ "quiet", 'q', false, NULL, NULL },
	{ "system", 0, false, NULL, NULL },
	{ "no-ask-password", 0, false, NULL, NULL },
	{ "no-block", 0, false, NULL, NULL },
	{ "unit", 'u', true, NULL, NULL },
	{ "scope", 0, false, NULL, SERVICE },
	{ "user", 0, false, NULL, HOST },
	{ "host", 'H', true, NULL, HOST },
	{ "machine", 'M', true, NULL, HOST },
	{ "wait", 0, false, NULL, "start does not wait for the jail to end" },
	{ "pty", 't', false, take_pty, STDIO },
	{ "tty", 0, false, take_pty, STDIO },
	{ "pipe", 'P', false, NULL, STDIO },
	{ "shell", 'S', false, NULL, STDIO },
	{ "slice-inherit", 0, false, take_slice_inherit, NULL },
	{ "job-mode", 0, true, NULL, "start never replaces another job" },
	{ "ignore-failure", 0, false, NULL, "jlmkr reports a jail that fails" },
	{ "background", 0, true, NULL, STDIO },
	{ "json", 0, true, NULL, "jlmkr does not print what systemd-run prints" },
	{ "on-active", 0, true, NULL, SERVICE },
	{ "on-boot", 0, true, NULL, SERVICE },
	{ "on-startup", 0, true, NULL, SERVICE },
	{ "on-unit-active", 0, true, NULL, SERVICE },
	{ "on-unit-inactive", 0, true, NULL, SERVICE },
	{ "on-calendar", 0, true, NULL, SERVICE },
	{ "on-timezone-change", 0, false, NULL, SERVICE },
	{ "on-clock-change", 0, false, NULL, SERVICE },
	{ "timer-property", 0, true, NULL, SERVICE },
	{ "path-property", 0, true, NULL, SERVICE },
	{ "socket-property", 0, true, NULL, SERVICE },
	{ "help", 'h', false, NULL, "it would start nothing" },
	{ "version", 0, false, NULL, "it would start nothing" },
};

#define OPTIONS (sizeof options / sizeof options[0])

const struct run_row *run_row_by_letter(char letter)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (options[i].letter == letter) return &options[i];
	return NULL;
}

const struct run_row *run_row_by_name(const char *name, size_t len,
                                      const struct run_row *first[2])
{
	size_t count = 0;

	for (const struct run_row *row = options; row < options + OPTIONS; row++) {
		if (!len || strncmp(row->name, name, len)) continue;
		if (!row->name[len]) return row;
		if (count < 2) first[count] = row;
		count++;
	}
	return count == 1 ? first[0] : NULL;
}

int run_row_fail_unknown(const char *name, size_t len,
                         const struct run_row *const first[2], struct err *e)
{
	char given[64];
	struct nearest near = { .word = given };

	if (len >= sizeof given) len = sizeof given - 1;
	memcpy(given, name, len);
	given[len] = 0;
	if (first[0])
		return fail(e, ERR_INPUT,
		            "option --%s of systemd-run is ambiguous: --%s or --%s",
		            given, first[0]->name, first[1]->name);
	for (size_t i = 0; i < OPTIONS; i++)
		nearest_offer(&near, options[i].name);
	if (near.best)
		return fail(e, ERR_INPUT, "systemd-run has no option --%s; did you mean --%s?",
		            given, near.best);
	return fail(e, ERR_INPUT, "systemd-run has no option --%s", given);
}

/* What a command in a jail can have; the pipes it has anyway. */
static bool is_for_inside(const struct run_row *row)
{
	static char *const names[] = {
		"uid", "gid", "setenv", "working-directory", "pty", "tty", "pipe", "property",
		"nice", "description", "slice", NULL,
	};

	return words_have(names, row->name);
}

int run_row_take(struct run_options *o, const struct run_row *row, const char *value,
                 struct err *e)
{
	if (o->inside && !is_for_inside(row))
		return fail(e, ERR_INPUT, "option --%s of systemd-run cannot be used here",
		            row->name);
	if (!o->inside && row->refusal)
		return fail(e, ERR_INPUT, "option --%s of systemd-run has no place here: %s",
		            row->name, row->refusal);
	if (row->value && !value)
		return fail(e, ERR_INPUT, "option --%s of systemd-run needs a value",
		            row->name);
	if (!row->value && value)
		return fail(e, ERR_INPUT, "option --%s of systemd-run takes no value",
		            row->name);
	return row->take ? row->take(o, value, e) : 0;
}
