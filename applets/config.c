/* A jail's config for people and scripts: shown, read, changed, checked. */

#include "lib/cli/applet.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/conf_check.h"
#include "lib/jail/jail.h"
#include "lib/ops/config.h"
#include "lib/text/json.h"

struct config_args {
	bool check, json;
	struct words unset;
};

#define OPT_INTO config_args
static const struct opt config_opts[] = {
	OPT_FLAG(0, "check", check, "list mistakes in it, or in a file (- is stdin)"),
	OPT_LIST(0, "unset", unset, "KEY", "remove the key, so that its default is used"),
	OPT_FLAG(0, "json", json, "print JSON, with everything that is known"),
	OPT_END
};

/* -- reading -- */

/* Lines after the first are indented, as in the file: what is printed is a config again. */
static void add_value(struct str *to, const char *key, const char *value)
{
	str_addf(to, "%s=", key);
	for (; *value; value++) {
		str_addc(to, *value);
		if (*value == '\n') str_add(to, "    ");
	}
	str_addc(to, '\n');
}

static int print_all(struct arena *m, const struct conf *c, struct err *e)
{
	struct str text = { .m = m };
	const char *key;

	for (size_t i = 0; (key = conf_key(i)); i++)
		add_value(&text, key, conf_value(c, key, e));
	out_text(str_text(&text));
	return out_flush(e);
}

static int print_json(struct arena *m, const struct conf *c, const char *only, struct err *e)
{
	struct str text = { .m = m };
	struct json_out o = { .to = &text };
	const char *key;

	if (only && !conf_value(c, only, e)) return -1;
	json_object(&o, NULL);
	for (size_t i = 0; (key = conf_key(i)); i++) {
		const char *value = conf_value(c, key, e);

		if (only && strcmp(only, key)) continue;
		if (conf_is_switch(key))
			json_add_bool(&o, key, *value == '1');
		else
			json_add_text(&o, key, value);
	}
	json_end(&o, '}');
	puts(str_text(&text));
	return out_flush(e);
}

static int show_config(struct host *h, const struct config_args *a, struct jail *j,
                       const char *key, struct err *e)
{
	const char *value;
	struct conf c;

	if (jail_conf(h->m, j, &c, e) < 0) return -1;
	if (a->json) return print_json(h->m, &c, key, e);
	if (!key) return print_all(h->m, &c, e);
	if (!(value = conf_value(&c, key, e))) return -1;
	out_text(arena_printf(h->m, "%s\n", value));
	return out_flush(e);
}

/* -- changing -- */

/* "KEY=VALUE", or "KEY+=VALUE" for one more line of a list. */
static int read_change(struct arena *m, const char *word, struct config_change *change,
                       struct err *e)
{
	const char *is = strchr(word, '=');
	size_t n;

	if (!is) return fail(e, ERR_USAGE, "'%s' is not KEY=VALUE", word);
	n = (size_t)(is - word);
	change->add = n && word[n - 1] == '+';
	change->key = arena_strndup(m, word, n - change->add);
	change->value = is + 1;
	return 0;
}

static int change_config(struct host *h, const struct config_args *a, struct jail *j,
                         char *const *words, struct err *e)
{
	AUTOENGINE struct engine en;
	size_t n = 0, room = a->unset.n + 1;
	struct config_change *all;
	struct config_changed now;
	int rc;

	engine_init(&en, h, h->m);
	if (applet_need(h, "config ...", NEEDS_ROOT | NEEDS_OWN_DIR, e) < 0) return -1;
	if (a->json) return fail(e, ERR_USAGE, "--json shows, it does not set");
	for (char *const *w = words; *w; w++)
		room++;
	all = arena_array(h->m, room, sizeof *all);
	for (; *words; words++)
		if (read_change(h->m, *words, &all[n++], e) < 0) return -1;
	for (size_t i = 0; i < a->unset.n; i++)
		all[n++] = (struct config_change){ .key = a->unset.v[i] };
	if ((rc = op_config_change(h->m, j, all, n, true, &now, e)) < 0) return -1;
	op_config_tell(&now.news, arena_printf(h->m, "%s: config", j->name));
	op_config_hints(&now.news, arena_printf(h->m, "%s: config", j->name));
	if (rc == 1) op_config_tell_use(&en, j, now.before, now.now);
	else out_note("Nothing was changed.");
	return 0;
}

/* -- checking -- */

/* A jail by its name, anything with a slash and what is no jail by its path. */
static const char *find_file(struct host *h, const char *operand, struct err *e)
{
	struct err why = { .kind = ERR_MISSING };
	bool is_name = !strchr(operand, '/');
	AUTOJAIL j = NO_JAIL;

	if (is_name && h->dir && jail_open(h->m, h->dir, operand, &j, &why) == 0)
		return jail_config_path(h->m, &j);
	if (access(operand, F_OK) == 0) return operand;
	if (is_name && !h->dir && applet_need(h, "config", NEEDS_DIR, e) < 0) return NULL;
	if (why.kind == ERR_MISSING)
		fail(e, ERR_MISSING, "there is neither a jail nor a file '%s'", operand);
	else if (e)
		*e = why;
	return NULL;
}

static const char *severity_name(enum severity s)
{
	return s == FAULT_ERROR ? "error" : s == FAULT_WARNING ? "warning" : "hint";
}

static void print_problems_json(struct arena *m, const struct faults *found)
{
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_array(&o, NULL);
	for (size_t i = 0; i < found->n; i++) {
		json_object(&o, NULL);
		json_add_int(&o, "line", found->v[i].line);
		json_add_text(&o, "problem", found->v[i].text);
		json_add_text(&o, "severity", severity_name(found->v[i].severity));
		json_add_text(&o, "kind", found->v[i].kind);
		if (found->v[i].fix) json_add_text(&o, "fix", found->v[i].fix);
		json_end(&o, '}');
	}
	json_end(&o, ']');
	puts(str_text(&text));
}

static void print_problems(const char *path, const struct faults *found)
{
	for (size_t i = 0; i < found->n; i++) {
		const struct fault *f = &found->v[i];

		out_line("%s:%u: %s%s%s%s", path, f->line,
		         f->severity == FAULT_HINT ? "hint: " : "", f->text,
		         f->fix ? "; " : "", f->fix ? f->fix : "");
	}
}

/* Hints are no problems. */
static bool has_problems(const struct faults *found)
{
	for (size_t i = 0; i < found->n; i++)
		if (found->v[i].severity != FAULT_HINT) return true;
	return false;
}

static int check_config(struct host *h, const struct config_args *a, const char *operand,
                        struct err *e)
{
	const char *path = str_eq(operand, "-") ? operand : find_file(h, operand, e), *text;
	struct conf_check k;

	if (!path || !(text = conf_read_named(h->m, path, e))) return -1;
	conf_check(h->m, text, &k);
	if (a->json)
		print_problems_json(h->m, &k.found);
	else
		print_problems(path, &k.found);
	if (out_flush(e) < 0) return -1;
	if (has_problems(&k.found)) return 1;
	out_note("%s: no problems", path);
	return 0;
}

static int config_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct config_args *a = args;
	const char *name = operands[0];
	AUTOJAIL j = NO_JAIL;

	if (a->check) {
		if (operands[1] || a->unset.n)
			return fail(e, ERR_USAGE, "--check takes one jail or file");
		return check_config(h, a, name, e);
	}
	if (applet_need(h, "config", NEEDS_DIR, e) < 0 ||
	    jail_open(h->m, h->dir, name, &j, e) < 0)
		return -1;
	if (a->unset.n || (operands[1] && strchr(operands[1], '=')))
		return change_config(h, a, &j, operands + 1, e);
	if (operands[1] && operands[2])
		return fail(e, ERR_USAGE, "one KEY, or any number of KEY=VALUE");
	return show_config(h, a, &j, operands[1], e);
}

static void print_keys(struct arena *m)
{
	printf("\nKeys and their defaults:\n\n%s", conf_help(m));
}

const struct applet config_applet = {
	.name = "config",
	.brief = "show, change or check a jail's config",
	.operands = "JAIL [KEY | KEY=VALUE... | KEY+=VALUE...]",
	.text =
	"Without a key, print all effective values, including defaults; with a key, print\n"
	"its value alone. KEY=VALUE sets it and leaves the rest of the file as it is,\n"
	"including comments; KEY+=VALUE adds a line to a list of arguments. A config that\n"
	"cannot be read is refused; jlmkr warns about anything that looks wrong. The text\n"
	"from before the last change is kept beside the config as .config.before.\n"
	"\n"
	"--check prints one line for each problem, FILE:LINE: PROBLEM, and exits with 1\n"
	"if there are any: unknown keys, unclosed quotes, anything that systemd-run or\n"
	"systemd-nspawn would refuse, directories and interfaces that do not exist. Lines\n"
	"with 'hint:' are no problems. With --json: line, problem, severity, kind, fix.\n",
	.more = print_keys,
	.opts = config_opts,
	.args_size = sizeof(struct config_args),
	.min = 1,
	.max = -1,
	.needs = MAY_USE_DIR,
	.run = config_run,
};
