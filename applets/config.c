/* A jail's config for people and scripts: shown, read, changed, checked. */

#include "lib/cli/applet.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
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

static int show(struct host *h, const struct config_args *a, struct jail *j, const char *key,
                struct err *e)
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

static void tell_what_now(struct host *h, const struct jail *j)
{
	AUTOENGINE struct engine en;

	engine_init(&en, h, h->m);
	if (jail_runs(engine_state(&en, j, NULL, NULL)))
		out_note("%s runs with its old config until 'jlmkr restart %s'.", j->name, j->name);
}

static int change(struct host *h, const struct config_args *a, struct jail *j,
                  char *const *words, struct err *e)
{
	size_t n = 0, room = a->unset.n + 1;
	struct config_change *all;
	struct faults news = { .m = h->m };
	int rc;

	if (applet_need(h, "config ...", NEEDS_ROOT | NEEDS_OWN_DIR, e) < 0) return -1;
	if (a->json) return fail(e, ERR_USAGE, "--json shows, it does not set");
	for (char *const *w = words; *w; w++)
		room++;
	all = arena_array(h->m, room, sizeof *all);
	for (; *words; words++) {
		char *is = strchr(*words, '=');

		if (!is) return fail(e, ERR_USAGE, "'%s' is not KEY=VALUE", *words);
		all[n++] = (struct config_change){ arena_strndup(h->m, *words, (size_t)(is - *words)), is + 1 };
	}
	for (size_t i = 0; i < a->unset.n; i++)
		all[n++] = (struct config_change){ a->unset.v[i], NULL };
	if ((rc = op_config_change(h->m, j, all, n, &news, e)) < 0) return -1;
	for (size_t i = 0; i < news.n; i++)
		out_warn("%s: config: line %u: %s", j->name, news.v[i].line, news.v[i].text);
	if (rc == 1) tell_what_now(h, j);
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

static void print_problems_json(struct arena *m, const struct faults *found)
{
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_array(&o, NULL);
	for (size_t i = 0; i < found->n; i++) {
		json_object(&o, NULL);
		json_add_int(&o, "line", found->v[i].line);
		json_add_text(&o, "problem", found->v[i].text);
		json_end(&o, '}');
	}
	json_end(&o, ']');
	puts(str_text(&text));
}

static int check(struct host *h, const struct config_args *a, const char *operand, struct err *e)
{
	const char *path = str_eq(operand, "-") ? operand : find_file(h, operand, e), *text;
	struct faults found = { .m = h->m };

	if (!path || !(text = conf_read_named(h->m, path, e))) return -1;
	op_config_check(h->m, text, &found);
	if (a->json)
		print_problems_json(h->m, &found);
	else
		for (size_t i = 0; i < found.n; i++)
			out_line("%s:%u: %s", path, found.v[i].line, found.v[i].text);
	if (out_flush(e) < 0) return -1;
	if (!found.n) out_note("%s: no problems", path);
	return found.n != 0;
}

static int config_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct config_args *a = args;
	const char *name = operands[0];
	AUTOJAIL j = NO_JAIL;

	if (a->check) {
		if (operands[1] || a->unset.n) return fail(e, ERR_USAGE, "--check takes one jail or file");
		return check(h, a, name, e);
	}
	if (applet_need(h, "config", NEEDS_DIR, e) < 0 ||
	    jail_open(h->m, h->dir, name, &j, e) < 0)
		return -1;
	if (a->unset.n || (operands[1] && strchr(operands[1], '=')))
		return change(h, a, &j, operands + 1, e);
	if (operands[1] && operands[2]) return fail(e, ERR_USAGE, "one KEY, or any number of KEY=VALUE");
	return show(h, a, &j, operands[1], e);
}

const struct applet config_applet = {
	.name = "config",
	.brief = "show, change or check a jail's config",
	.operands = "JAIL [KEY | KEY=VALUE...]",
	.text = "Without a key, print all effective values, including defaults; with a key, print\n"
		"its value alone. KEY=VALUE sets it and leaves the rest of the file as it is,\n"
		"including comments. A config that cannot be read is refused; jlmkr warns about\n"
		"anything that looks wrong. The text from before the last change is kept beside\n"
		"the config as .config.before. A running jail must be restarted to use a change.\n"
		"\n"
		"--check prints one line for each problem, FILE:LINE: PROBLEM, and exits with 1\n"
		"if there are any: unknown keys, unclosed quotes, anything that systemd-run or\n"
		"systemd-nspawn would refuse, directories and interfaces that do not exist.\n",
	.opts = config_opts,
	.args_size = sizeof(struct config_args),
	.min = 1,
	.max = -1,
	.needs = MAY_USE_DIR,
	.run = config_run,
};
