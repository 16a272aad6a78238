#include "lib/jail/conf_check.h"

#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/run.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/jail/command.h"
#include "lib/nspawn/missing.h"
#include "lib/text/ini.h"

enum { HELP_MS = 2000, HELP_MAX = 256 * 1024, HOSTNAME_LENGTH = 64 };

/* -- what the machine lacks -- */

/* What is run before systemd-nspawn, and so may make what is missing. */
static const char *makers_text(struct arena *m, const struct conf_check *k)
{
	struct words all = { .m = m };

	words_add(&all, k->conf.pre_start_hook.text);
	for (size_t i = 0; i < k->options.run.n; i++)
		words_add_all(&all, k->options.run.v[i].words);
	return words_join(m, words_list(&all), "\n");
}

const char *conf_check_maker(const struct conf_check *k)
{
	static const char *const properties[] = {
		"ExecStartPre", "ExecCondition", "RequiresMountsFor", "WantsMountsFor",
		"Requires", "Wants", "BindsTo", "BindPaths", "BindReadOnlyPaths",
	};

	if (*k->conf.pre_start_hook.text) return "the pre_start_hook";
	for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
		if (run_options_set(&k->options.run, properties[i])) return "its unit";
	return NULL;
}

bool conf_check_retries(const struct conf_check *k)
{
	const char *restart = run_options_value(&k->options.run, "Restart");

	return restart && *restart && !str_eq(restart, "no");
}

/* The defaults are what every jail has, whatever this machine is. */
void conf_check_missing(const struct conf_check *k, struct faults *found)
{
	if (k->conf.nspawn_args.line) nspawn_missing(&k->options.nspawn, found);
	nspawn_missing(&k->options.user, found);
	faults_sort(found);
}

/* What a hook names it may make, so nothing is said of it. What it does not name is no reason
 * not to try, if there is a hook, or if systemd tries again until it is there. */
static void add_missing(struct arena *m, struct conf_check *k)
{
	const char *makers = makers_text(m, k), *maker = conf_check_maker(k);
	struct faults missing = { .m = m };

	conf_check_missing(k, &missing);
	for (size_t i = 0; i < missing.n; i++) {
		struct fault f = missing.v[i];

		if (strstr(makers, f.subject)) continue;
		if (maker || conf_check_retries(k)) f.severity = FAULT_WARNING;
		if (!maker && conf_check_retries(k))
			f.fix = "systemd tries again, as Restart= says";
		fault_add(&k->found, &f, "%s%s%s%s", f.text, maker ? ", unless " : "",
		          maker ? maker : "", maker ? " makes it" : "");
	}
}

/* -- options -- */

/* Whether nspawn's own help has the option: a word of it, not the beginning of a longer one. */
static bool has_option(const char *help, const char *option)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
	size_t n = strlen(option);

	for (const char *at = help; (at = strstr(at, option)); at += n)
		if ((at == help || !strchr(letters, at[-1])) &&
		    (!at[n] || !strchr(letters, at[n]))) return true;
	return false;
}

/* Whether nspawn would take what our table says it would not. */
static bool is_taken(struct arena *m, const char *help, const struct fault *f)
{
	const char *option = f->subject;

	if (str_eq(f->kind, NSPAWN_UNKNOWN)) return has_option(help, option);
	if (!str_starts(option, "--") || !str_ends(f->text, "takes no value")) return false;
	return strstr(help, arena_printf(m, "%s=", option)) ||
	       strstr(help, arena_printf(m, "%s[=", option));
}

static const char *nspawn_help(struct arena *m)
{
	const char *path = run_find(m, "systemd-nspawn", NULL);
	char *argv[] = { (char *)path, "--help", NULL };

	return path ? run_strange(m, argv, HELP_MAX, deadline_in(HELP_MS), NULL) : NULL;
}

/* Our table may be older than this machine's nspawn. Where that cannot be asked, it stays a
 * warning. */
static void ask_nspawn(struct arena *m, struct faults *found)
{
	const char *help = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < found->n; i++) {
		struct fault *f = &found->v[i];

		if (str_eq(f->kind, NSPAWN_UNKNOWN) || str_eq(f->kind, NSPAWN_VALUE)) {
			if (!help && !(help = nspawn_help(m))) help = "";
			if (is_taken(m, help, f)) continue;
			if (*help) f->severity = FAULT_ERROR;
		}
		found->v[kept++] = *f;
	}
	found->n = kept;
}

static bool keeps_unit(const struct conf_options *o)
{
	for (size_t i = 0; i < o->nspawn.n; i++)
		if (str_eq(o->nspawn.v[i].name, "keep-unit")) return true;
	for (size_t i = 0; i < o->user.n; i++)
		if (str_eq(o->user.v[i].name, "keep-unit")) return true;
	return false;
}

/* The unit is systemd-run's, so nspawn makes none that could have properties. */
static void check_properties(const struct nspawn_options *o, struct faults *found)
{
	for (size_t i = 0; i < o->n; i++) {
		const char *value = o->v[i].value;

		if (!str_eq(o->v[i].name, "property")) continue;
		fault_add(found, &(struct fault){
			.line = o->v[i].line, .severity = FAULT_WARNING, .kind = "no effect",
			.subject = value,
			.fix = arena_printf(found->m,
			                    "write systemd_run_user_args=--property=%s", value),
		}, "--property=%s has no effect here with --keep-unit", value);
	}
}

static bool has_dollar(const char *word)
{
	return strstr(word, "$$") || strstr(word, "${");
}

static void check_dollars(const struct split *words, struct faults *found)
{
	for (size_t i = 0; i < words->n; i++)
		if (has_dollar(words->v[i]))
			fault_add(found, &(struct fault){ .line = words->lines[i],
			                                  .severity = FAULT_HINT,
			          .kind = "dollar", .subject = words->v[i] },
			          "%s: jlmkr hands '$' on as it is; the Python tool had "
			          "systemd expand '$$' and '${NAME}'", words->v[i]);
}

/* Without these a jail that works today may not start, stop or reboot. */
static void check_lost_defaults(const struct conf_check *k, struct faults *found)
{
	static const char *const wanted[][2] = {
		{ "Delegate", "yes" }, { "KillMode", "mixed" }, { "Type", "notify" },
		{ "SuccessExitStatus", "133" },
	};
	const struct run_options *run = &k->options.run;
	struct words lost = { .m = found->m };
	const char *list;

	if (!k->conf.run_args.line || faults_first_error(&run->faults)) return;
	if (k->options.unread[CONF_RUN_ARGS].fault.text) return;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
		if (!run_options_set(run, wanted[i][0]) &&
		    !(str_eq(wanted[i][0], "Type") && run->service_type))
			words_addf(&lost, "--property=%s=%s", wanted[i][0], wanted[i][1]);
	list = words_join(found->m, words_list(&lost), " ");
	if (lost.n)
		fault_add(found, &(struct fault){ .line = k->conf.run_args.line,
		                                  .severity = FAULT_WARNING,
		          .kind = "lost defaults", .subject = list,
		          .fix = "keep the defaults, and write your own options to "
		          "systemd_run_user_args" },
		          "systemd_run_default_args lacks %s, which jails need", list);
}

static void check_options(struct arena *m, struct conf_check *k)
{
	const struct conf_options *o = &k->options;

	conf_options_check(o, &k->found);
	ask_nspawn(m, &k->found);
	nspawn_check_binds(&o->nspawn, &k->found);
	nspawn_check_binds(&o->user, &k->found);
	if (keeps_unit(o)) {
		check_properties(&o->nspawn, &k->found);
		check_properties(&o->user, &k->found);
	}
	if (o->run.verbatim != 0) {
		check_dollars(&o->nspawn.words, &k->found);
		check_dollars(&o->user.words, &k->found);
	}
	check_lost_defaults(k, &k->found);
}

/* -- hooks -- */

/* Words that only a shell understands. */
static bool is_of_shell(const char *word)
{
	static char *const words[] = { "|", "||", "&", "&&", ";", "<", "2>&1", NULL };

	return words_have(words, word) || *word == '>' || str_starts(word, "2>") ||
	       str_starts(word, "&>");
}

static void warn_of_hook(const struct conf_text *hook, const char *fix, struct faults *found,
                         const char *why)
{
	fault_add(found, &(struct fault){ .line = hook->line, .severity = FAULT_WARNING,
	          .kind = "hook without a shell", .subject = hook->key, .fix = fix }, "%s: %s",
	          hook->key, why);
}

/* A quoted '>' is part of a longer word: of `sh -c '...'`. */
static void check_hook_words(struct arena *m, const struct conf_text *hook,
                             struct faults *found)
{
	static const char fix[] =
		"begin with #!/bin/sh, and the commands in indented lines below";
	struct split words;

	if (strchr(hook->text, '\n'))
		return warn_of_hook(hook, fix, found,
		                    "several lines without '#!' are one command");
	if (word_split(m, hook->text, 1, SPLIT_PLAIN, &words, NULL) < 0) return;
	for (size_t i = 1; i < words.n; i++) {
		if (is_of_shell(words.v[i]))
			return warn_of_hook(hook, fix, found,
			                    arena_printf(m, "no shell reads this, so '%s' is "
			                                 "an argument", words.v[i]));
		if (*words.v[i] == '#')
			return warn_of_hook(hook, FAULT_COMMENT_FIX, found,
			                    arena_printf(m, "'%s' is an argument", words.v[i]));
	}
}

/* What a hook runs: an interpreter, or the program of a command without its prefixes; NULL
 * where systemd finds it in some other way. */
static const char *hook_program(struct arena *m, const char *text, bool *may_fail)
{
	*may_fail = false;
	if (str_starts(text, "#!"))
		text += 2 + strspn(text + 2, " \t");
	else
		for (; *text && strchr("-@:+!|", *text); text++)
			*may_fail |= *text == '-';
	if (!strchr(text, '/') || strchr("\"'", *text)) return NULL;
	text = arena_strndup(m, text, strcspn(text, " \t\r\n"));
	return strchr(text, '/') && !strpbrk(text, "%$\\") ? text : NULL;
}

static void check_hook_program(struct arena *m, const struct conf_check *k,
                               const struct conf_text *hook, struct faults *found)
{
	bool may_fail, script = str_starts(hook->text, "#!"),
		last = hook == &k->conf.post_stop_hook;
	const char *program = hook_program(m, hook->text, &may_fail);
	struct fault what = { .line = hook->line, .kind = "hook's program",
	                      .subject = hook->key };

	if (!program) return;
	if (*program != '/') {
		fault_add(found, &what,
		          "%s=%s: systemd refuses it: '%s' is not an absolute path", hook->key,
		          hook->text, program);
		return;
	}
	if (access(program, F_OK) == 0) return;
	if (hook != &k->conf.pre_start_hook && strstr(makers_text(m, k), program)) return;
	if (may_fail || last || run_options_set(&k->options.run, "ExecStartPre") ||
	    run_options_set(&k->options.run, "RequiresMountsFor"))
		what.severity = FAULT_WARNING;
	fault_add(found, &what, script ?
	          "%s: its interpreter %s does not exist" : "%s: there is no %s",
	          hook->key, program);
}

static void check_hook(struct arena *m, struct conf_check *k, const struct conf_text *hook)
{
	if (!*hook->text) return;
	if (!str_starts(hook->text, "#!")) check_hook_words(m, hook, &k->found);
	check_hook_program(m, k, hook, &k->found);
}

/* -- texts -- */

int conf_check_hostname(const char *name, struct err *e)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

	if (*name && strlen(name) <= HOSTNAME_LENGTH && strspn(name, letters) == strlen(name) &&
	    !strchr("-.", *name) && !strchr("-.", name[strlen(name) - 1]) &&
	    !strstr(name, "..") &&
	    !strstr(name, ".-") && !strstr(name, "-."))
		return 0;
	return fail(e, ERR_INPUT,
	            "hostname '%s' must be at most %d letters, digits, '-' and '.', with no "
	            "'-' or '.' at the beginning or end of a part", name, HOSTNAME_LENGTH);
}

static void check_words(struct conf_check *k)
{
	const struct conf_text *const texts[] = { &k->conf.distro, &k->conf.release };
	const struct conf_text *name = &k->conf.hostname;
	struct err why = { 0 };

	for (size_t i = 0; i < 2; i++)
		if (strstr(texts[i]->text, " #") || strstr(texts[i]->text, "\t#"))
			fault_add(&k->found, &(struct fault){ .line = texts[i]->line,
			                                      .severity = FAULT_WARNING,
			          .kind = "comment", .subject = texts[i]->key,
			          .fix = FAULT_COMMENT_FIX },
			          "the value of %s is '%s'", texts[i]->key, texts[i]->text);
	if (*name->text && conf_check_hostname(name->text, &why) < 0)
		fault_add(&k->found, &(struct fault){ .line = name->line, .kind = "hostname",
		          .subject = name->text,
		          .fix = strchr(name->text, '#') ? FAULT_COMMENT_FIX : NULL },
		          "%s", why.text);
}

/* -- a command instead of an init -- */

static void fault_of(struct conf_check *k, const struct conf_text *t, bool is_error,
                     const char *kind, const char *text)
{
	fault_add(&k->found, &(struct fault){
		.line = t->line, .severity = is_error ? FAULT_ERROR : FAULT_WARNING,
		.kind = kind, .subject = t->key,
	}, "%s", text);
}

static void check_environment(struct conf_check *k)
{
	const struct split *env = &k->options.env;

	for (size_t i = 0; i < env->n; i++)
		if (!command_env_is_taken(env->v[i]))
			fault_add(&k->found, &(struct fault){
				.line = env->lines[i], .severity = FAULT_WARNING,
				.kind = "bad variable", .subject = env->v[i],
			}, "init_env: %s is left out: %s", env->v[i],
			   strchr(env->v[i], '=') ? "systemd-nspawn takes names of letters, "
			                            "digits and '_' only" : "it has no '='");
}

/* What has an effect on a command only. */
static void check_without_command(struct arena *m, struct conf_check *k)
{
	const struct conf *c = &k->conf;
	const struct conf_text *const texts[] = {
		&c->init_env, &c->init_user, &c->init_directory, &c->stop_signal,
	};

	for (size_t i = 0; i < 4; i++)
		if (*texts[i]->text)
			fault_of(k, texts[i], false, "no command",
			         arena_printf(m, "%s has no effect without an init_command",
			                      texts[i]->key));
}

static void check_command(struct arena *m, struct conf_check *k)
{
	const struct conf *c = &k->conf;
	const struct nspawn_options *user = &k->options.user;

	if (!command_is_wanted(&k->options)) return check_without_command(m, k);
	check_environment(k);
	if (*c->init_directory.text && *c->init_directory.text != '/')
		fault_of(k, &c->init_directory, true, "bad value",
		         "init_directory must be an absolute path");
	if (command_stop_signal(c->stop_signal.text) < 0)
		fault_of(k, &c->stop_signal, true, "bad value",
		         arena_printf(m, "stop_signal: there is no signal '%s'",
		                      c->stop_signal.text));
	if (*c->initial_setup.text)
		fault_of(k, &c->initial_setup, false, "no systemd",
		         "initial_setup is not run in a jail that has an init_command");
	if (user->end)
		fault_of(k, &c->user_args, true, "end of the options",
		         arena_printf(m, "systemd_nspawn_user_args: '%s' would be run instead "
		                      "of the init_command", user->end));
}

static void check_limit(struct conf_check *k, const struct conf_text *t)
{
	struct err why = { 0 };

	if (conf_text_check(t, &why) == 0) return;
	fault_add(&k->found, &(struct fault){ .line = t->line, .severity = FAULT_WARNING,
	          .kind = "bad value", .subject = t->key,
	          .fix = strchr(t->text, '#') ? FAULT_COMMENT_FIX : NULL }, "%s", why.text);
}

/* They matter to no start. */
static void check_limits(struct conf_check *k)
{
	check_limit(k, &k->conf.snapshot_keep);
	check_limit(k, &k->conf.quota);
	check_limit(k, &k->conf.image_volumes);
}

/* Where an indented line belongs to: the entry, or NULL for a comment. */
static const struct ini_entry *entry_around(const struct ini *ini, size_t at)
{
	for (size_t i = 0; i < ini->n; i++)
		if (ini->v[i].start < at && at < ini->v[i].end) return &ini->v[i];
	return NULL;
}

static bool begins_entry(const struct ini *ini, unsigned line)
{
	for (size_t i = 0; i < ini->n; i++)
		if (ini->v[i].line == line) return true;
	return false;
}

/* A script assigns variables; a command of several lines may, to those that are called like
 * it. */
static bool is_variable(const struct ini_entry *entry, const char *key)
{
	static char *const usual[] = { "hostname", "distro", "release", NULL };

	if (!entry || !entry->value) return false;
	if (str_starts(entry->value, "#!")) return true;
	if (!words_have(usual, key)) return false;
	return str_eq(entry->key, "initial_setup") || str_ends(entry->key, "_hook");
}

/* "  startup=1" under a comment or a value is more of that. */
static void check_indented(struct arena *m, const struct ini *ini, const char *text,
                           const char *line, unsigned number, struct faults *found)
{
	const char *word = line + strspn(line, " \t"), *key;
	size_t n = strcspn(word, "=:\r\n");

	if (word == line || (word[n] != '=' && word[n] != ':') || begins_entry(ini, number))
		return;
	while (n && strchr(" \t", word[n - 1]))
		n--;
	key = arena_strndup(m, word, n);
	if (!conf_has_key(key) || is_variable(entry_around(ini, (size_t)(word - text)), key))
		return;
	fault_add(found, &(struct fault){ .line = number, .severity = FAULT_WARNING,
	                                  .kind = "indented key",
	          .subject = key, .fix = "remove the blanks before it" },
	          "the line is indented, so it is not read as the key '%s'", key);
}

static void check_lines(struct arena *m, const char *text, struct faults *found)
{
	unsigned number = 1;
	struct ini ini;

	ini_parse(m, text, strlen(text), &ini);
	for (const char *line = text; *line; number++) {
		check_indented(m, &ini, text, line, number, found);
		line += strcspn(line, "\r\n");
		line += (line[0] == '\r' && line[1] == '\n') + !!*line;
	}
}

/* -- the whole -- */

void conf_check(struct arena *m, const char *text, struct conf_check *k)
{
	*k = (struct conf_check){ .found = { .m = m } };
	k->loads = conf_read_all(m, text, &k->conf, &k->found);
	conf_options_read(m, &k->conf, &k->options);
	k->loads &= conf_options_fail(&k->options, NULL) == 0;
	check_options(m, k);
	check_hook(m, k, &k->conf.pre_start_hook);
	check_hook(m, k, &k->conf.post_start_hook);
	check_hook(m, k, &k->conf.post_stop_hook);
	check_words(k);
	check_command(m, k);
	check_limits(k);
	check_lines(m, text, &k->found);
	add_missing(m, k);
	faults_sort(&k->found);
}

int conf_check_fail(const struct conf_check *k, const char *path, struct err *e)
{
	const struct fault *first = faults_first_error(&k->found);

	if (!first) return 0;
	fail(e, str_eq(first->kind, NSPAWN_MISSING) ? ERR_HOST : ERR_INPUT, "%s",
	     fault_sentence(k->found.m, first));
	return fail_in(e, "%s", path);
}
