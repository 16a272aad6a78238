/* Words are read as getopt_long(3) reads them: `--opt=value`, `--opt value`, `-pX`, `-p X`,
 * `-qG`. Each option has a row in the table: a function that takes it, a reason to refuse it,
 * or neither, and then it is ignored. */

#include "lib/systemd/run_options.h"

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

enum { CGROUP_MAX = 65536 };

struct run_row {
	const char *name;
	char letter;
	bool value;
	int (*take)(struct run_options *o, const char *value, struct err *e);
	const char *refusal;		/* NULL with a NULL `take`: ignored */
};

static struct arena *arena_of(struct run_options *o)
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
	const char *text = fd < 0 ? NULL : read_all(arena_of(o), fd, CGROUP_MAX, NULL, e), *at;

	(void)value;
	if (!text) return fd < 0 ? fail_sys(e, "--slice-inherit: open /proc/self/cgroup") : -1;
	if (!(at = strstr(text, ":name=systemd:"))) at = strstr(text, "0::");
	at = at ? strchr(at, '/') : NULL;
	o->slice_parent = at ? slice_of(arena_of(o), at) : NULL;
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

static const struct run_row *find_run_letter(char letter)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (options[i].letter == letter) return &options[i];
	return NULL;
}

/* A whole name, or the only one that begins so; else NULL, with two that do in `first`. */
static const struct run_row *find_run_name(const char *name, size_t len,
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

static int fail_unknown_option(const char *name, size_t len,
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
	static const char *const names[] = {
		"uid", "gid", "setenv", "working-directory", "pty", "tty", "pipe", "property",
		"nice",
		"description", "slice",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq(names[i], row->name)) return true;
	return false;
}

static int option_take(struct run_options *o, const struct run_row *row, const char *value,
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

/* -- the list -- */

static void append_run_option(struct run_options *o, const struct run_option *option)
{
	o->v = arena_grow(arena_of(o), o->v, o->n, &o->room, sizeof *o->v);
	o->v[o->n++] = *option;
}

static void append_words(struct run_options *o, const struct run_row *row, const char *value,
                         char *const *words, size_t word_count, unsigned line)
{
	struct words copy = { .m = arena_of(o) };

	for (size_t i = 0; i < word_count; i++)
		words_add(&copy, words[i]);
	append_run_option(o, &(struct run_option){
		.row = row,
		.name = row ? row->name : NULL,
		.value = value ? arena_strdup(arena_of(o), value) : NULL,
		.words = words_list(&copy),
		.line = line,
	});
}

/* Skips the next word too if it looks like the value. */
static size_t refuse_words(struct run_options *o, char *const *words, unsigned line,
                           const struct err *why)
{
	bool valued = **words == '-' && !strchr(*words, '=') && words[1] && *words[1] != '-';

	fault_add(&o->faults, &(struct fault){ .line = line, .kind = "systemd-run option",
	          .subject = valued ? arena_printf(arena_of(o), "%s %s", words[0], words[1])
	                            : words[0],
	          .fix = **words == '#' ? FAULT_COMMENT_FIX : NULL },
	          "%s", why->text);
	append_words(o, NULL, NULL, words, 1 + valued, line);
	return 1 + valued;
}

/* A config that names its unit may come from another tool: that costs no start. */
static bool is_ignored(struct run_options *o, const struct run_row *row, const char *value,
                       unsigned line)
{
	if (o->inside || !row || !str_eq(row->name, "unit") || !value) return false;
	fault_add(&o->faults, &(struct fault){ .line = line, .severity = FAULT_WARNING,
	          .kind = "ignored option", .subject = "--unit", .fix = "remove it" },
	          "option --unit of systemd-run is ignored: the name of the unit follows from "
	          "the jail's name");
	return true;
}

/* These functions return the number of words that they took. */
static size_t take_run_long(struct run_options *o, char *const *words, unsigned line)
{
	const char *name = *words + 2, *value;
	size_t len = strcspn(name, "=");
	const struct run_row *first[2] = { NULL, NULL }, *row = find_run_name(name, len, first);
	bool next = row && row->value && !name[len];
	struct err why = { 0 };

	value = next ? words[1] : name[len] ? name + len + 1 : NULL;
	if (is_ignored(o, row, value, line)) return 1 + next;
	if ((row ? option_take(o, row, value, &why)
	         : fail_unknown_option(name, len, first, &why)) < 0)
		return refuse_words(o, words, line, &why);
	append_words(o, row, value, words, 1 + next, line);
	return 1 + next;
}

/* The last option so far has this word, because the letter after it is ignored. */
static void end_word(struct run_options *o, const char *word)
{
	struct words one = { .m = arena_of(o) };

	words_add(&one, word);
	o->v[o->n - 1].words = words_list(&one);
}

/* The last letter's option owns the word; the others have none. */
static size_t take_run_letters(struct run_options *o, char *const *words, unsigned line)
{
	for (const char *s = *words + 1;; s++) {
		const struct run_row *row = find_run_letter(*s);
		bool last = !s[1] || (row && row->value), next = row && row->value && !s[1];
		const char *value = next ? words[1] : row && row->value ? s + 1 : NULL;
		struct err why = { 0 };

		if (is_ignored(o, row, value, line)) {
			if (s > *words + 1)
				end_word(o, arena_strndup(arena_of(o), *words,
				                          (size_t)(s - *words)));
			return 1 + next;
		}
		if (!row) fail(&why, ERR_INPUT, "systemd-run has no option -%c", *s);
		if (!row || option_take(o, row, value, &why) < 0)
			return refuse_words(o, words, line, &why);
		append_words(o, row, value, words, last ? 1 + next : 0, line);
		if (last) return 1 + next;
	}
}

static size_t take_words(struct run_options *o, char *const *words, unsigned line)
{
	struct err why = { 0 };

	if (words[0][0] == '-' && words[0][1] && !str_eq(words[0], "--"))
		return words[0][1] == '-' ? take_run_long(o, words, line) :
		       take_run_letters(o, words, line);
	fail(&why, ERR_INPUT, "'%.100s' is not an option of systemd-run", words[0]);
	return refuse_words(o, words, line, &why);
}

void run_options_init(struct run_options *o, struct arena *m)
{
	*o = (struct run_options){
		.properties.m = m, .environment.m = m, .verbatim = -1, .faults.m = m,
	};
}

void run_options_parse(struct run_options *o, struct arena *m, const struct split *words)
{
	run_options_init(o, m);
	for (size_t i = 0; i < words->n;)
		i += take_words(o, words->v + i, words->lines[i]);
}

size_t run_options_lead(struct run_options *o, struct arena *m, char *const *words)
{
	size_t n = 0;

	run_options_init(o, m);
	o->inside = true;
	while (words[n] && words[n][0] == '-' && words[n][1] && !str_eq(words[n], "--") &&
	       !o->faults.n)
		n += take_words(o, words + n, 0);
	return n;
}

void run_options_put(struct run_options *o, const char *name, const char *value, unsigned line)
{
	char *words[] = { arena_printf(arena_of(o), "--%s=%s", name, value), NULL };

	take_run_long(o, words, line);
}

void run_options_append(struct run_options *o, const struct run_options *more)
{
	for (size_t i = 0; i < more->n; i++) {
		append_run_option(o, &more->v[i]);
		if (more->v[i].row) option_take(o, more->v[i].row, more->v[i].value, NULL);
	}
	faults_add_all(&o->faults, &more->faults);
}

void run_options_alone(struct run_options *one, struct arena *m,
                       const struct run_option *option)
{
	run_options_init(one, m);
	if (option->row) option_take(one, option->row, option->value, NULL);
}

bool run_option_sets(const struct run_option *option, const char *property)
{
	const char *end;

	if (!option->name || !str_eq(option->name, "property")) return false;
	if (!str_starts(option->value, property)) return false;
	end = option->value + strlen(property);
	return *(str_starts(end, "Ex") ? end + 2 : end) == '=';
}

bool run_options_set(const struct run_options *o, const char *property)
{
	return run_options_value(o, property);
}

const char *run_options_value(const struct run_options *o, const char *property)
{
	for (size_t i = o->n; i-- > 0;)
		if (run_option_sets(&o->v[i], property)) return strchr(o->v[i].value, '=') + 1;
	return NULL;
}

void env_put(struct words *env, const char *assignment)
{
	size_t len = strcspn(assignment, "=");

	for (size_t i = 0; i < env->n; i++)
		if (strcspn(env->v[i], "=") == len && !strncmp(env->v[i], assignment, len)) {
			env->v[i] = arena_strdup(env->m, assignment);
			return;
		}
	words_add(env, assignment);
}
