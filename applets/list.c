/* Lists all jails. systemd and machined tell which of them run, in two round trips for any
 * number of jails; the rest is read from configs and root file systems. */

#include "lib/cli/applet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/name.h"
#include "lib/jail/rootfs.h"
#include "lib/text/json.h"

struct list_args {
	bool json, no_header;
	const char *output;
};

#define OPT_INTO list_args
static const struct opt list_opts[] = {
	OPT_TEXT('o', "output", output, "COLUMNS", "print these columns, separated by commas"),
	OPT_FLAG(0, "no-header", no_header, "omit the headings"),
	OPT_FLAG(0, "json", json, "print JSON, with everything that is known"),
	OPT_END
};

enum { COLUMNS_MAX = 16 };

/* What is known about a jail; a text that is not known is NULL or "". */
struct row {
	const char *name, *path, *state, *os, *version;
	const char *running, *startup, *gpu_intel, *gpu_nvidia;	/* True, False */
	const char *const *addresses;
	const char *broken;		/* why it is incomplete */
	const char *command;		/* what it runs instead of an init */
};

static const char *first_address(struct arena *m, const struct row *r)
{
	if (!r->addresses[0]) return NULL;
	return r->addresses[1] ? arena_printf(m, "%s…", r->addresses[0]) : r->addresses[0];
}

static const struct column {
	const char *name;
	size_t at;		/* in struct row: a text, or the addresses */
	bool usual;
} columns[] = {
	{ "NAME", offsetof(struct row, name), true },
	{ "RUNNING", offsetof(struct row, running), true },
	{ "STARTUP", offsetof(struct row, startup), true },
	{ "GPU_INTEL", offsetof(struct row, gpu_intel), true },
	{ "GPU_NVIDIA", offsetof(struct row, gpu_nvidia), true },
	{ "OS", offsetof(struct row, os), true },
	{ "VERSION", offsetof(struct row, version), true },
	{ "ADDRESSES", offsetof(struct row, addresses), true },
	{ "STATE", offsetof(struct row, state), false },
	{ "PATH", offsetof(struct row, path), false },
	{ "COMMAND", offsetof(struct row, command), false },
};

enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

static const char *cell(struct arena *m, const struct row *r, const struct column *c)
{
	if (c->at == offsetof(struct row, addresses)) return first_address(m, r);
	return *(const char *const *)((const char *)r + c->at);
}

/* -- columns -- */

static int fail_column(struct arena *m, const char *name, struct err *e)
{
	struct str known = { .m = m };

	for (size_t i = 0; i < COLUMN_COUNT; i++)
		str_addf(&known, "%s%s", i ? ", " : "", columns[i].name);
	return fail(e, ERR_USAGE, "there is no column '%s'; there are %s", name,
	            str_text(&known));
}

static const struct column *find_column(const char *name)
{
	for (size_t i = 0; i < COLUMN_COUNT; i++)
		if (!strcasecmp(columns[i].name, name)) return &columns[i];
	return NULL;
}

/* Writes them to `out`, which has room for COLUMNS_MAX; ends with NULL. */
static int choose_columns(struct arena *m, const char *list, const struct column *out[],
                          struct err *e)
{
	size_t n = 0, len;

	for (size_t i = 0; !list && i < COLUMN_COUNT; i++)
		if (columns[i].usual) out[n++] = &columns[i];
	for (; list && n < COLUMNS_MAX - 1; list += len + 1) {
		const char *name = arena_strndup(m, list, len = strcspn(list, ","));

		if (!(out[n++] = find_column(name))) return fail_column(m, name, e);
		if (!list[len]) break;
	}
	out[n] = NULL;
	return 0;
}

/* -- rows -- */

struct listing {
	struct host *host;
	struct running *running;	/* NULL: not known */
	size_t n;
};

static int by_running_name(const void *name, const void *running)
{
	return strcmp(name, ((const struct running *)running)->name);
}

static const char *truth(bool is)
{
	return is ? "True" : "False";
}

static void read_os(struct host *h, struct jail *j, struct row *r)
{
	struct osrel rel;

	if (jail_rootfs(j, NULL) < 0 || rootfs_os(h->m, j->rootfs, &rel, NULL) < 0) return;
	r->os = rel.id;
	r->version = rel.version_id ? rel.version_id : rel.version_codename;
}

/* In one line. */
static const char *command_shown(struct arena *m, const struct conf *c)
{
	struct split words;

	return conf_words(m, &c->init_command, &words, NULL) < 0 ? NULL :
	       words_quoted(m, words.v);
}

/* Faults of a jail are warnings beside the table. */
static void read_conf(struct host *h, struct jail *j, struct row *r)
{
	struct err why = { 0 };
	struct conf c;

	if (j->broken) {
		out_warn("jail %s is incomplete: %s", j->name, j->broken);
	} else if (jail_conf(h->m, j, &c, &why) < 0) {
		out_warn("%s", why.text);
	} else {
		r->startup = truth(c.startup.on);
		r->gpu_intel = truth(c.gpu_intel.on);
		r->gpu_nvidia = truth(c.gpu_nvidia.on);
		if (*c.init_command.text) r->command = command_shown(h->m, &c);
	}
}

static void fill_row(const struct listing *l, struct jail *j, struct row *r)
{
	static const char *const none[] = { NULL };
	const struct running *up = l->n ? bsearch(j->name, l->running, l->n, sizeof *up,
	                                          by_running_name) : NULL;

	*r = (struct row){
		.name = j->name, .path = j->path, .addresses = none, .broken = j->broken,
	};
	if (l->running) r->running = truth(up && up->runs);
	if (l->running) r->state = up ? up->state : "inactive";
	if (up) r->addresses = up->addresses;
	if (up && up->machine)
		out_note("%s was renamed and runs as the machine %s; 'systemctl stop %s' "
		         "ends it", j->name, up->machine, name_unit(l->host->m, up->machine));
	if (up && up->elsewhere)
		out_note("The %s that runs is another jail, in %s", j->name, up->elsewhere);
	read_conf(l->host, j, r);
	read_os(l->host, j, r);
	jail_leave(j);
}

/* A running jail whose directory was deleted is not in the list of directories. */
static void warn_of_lost(const struct host *h, const struct running *r)
{
	const char *jails = arena_printf(h->m, "%s/jails/", h->dir);

	if (r->elsewhere && str_starts(r->elsewhere, jails) &&
	    str_ends(r->elsewhere, " (deleted)"))
		out_warn("%s runs, but its directory is gone: 'systemctl stop %s' ends it",
		         r->name, name_unit(h->m, r->name));
}

/* -- output -- */

static int print_list_table(struct arena *m, const struct column *const chosen[],
                            bool no_header, const struct row *rows, size_t n, struct err *e)
{
	const char *names[COLUMNS_MAX] = { 0 }, *cells[COLUMNS_MAX];
	struct table t = { .m = m, .columns = names, .no_header = no_header };

	for (size_t k = 0; chosen[k]; k++)
		names[k] = chosen[k]->name;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; chosen[k]; k++)
			cells[k] = cell(m, &rows[i], chosen[k]);
		table_add(&t, cells);
	}
	return table_print(&t, e);
}

static void add_truth(struct json_out *o, const char *key, const char *truth)
{
	if (truth) json_add_bool(o, key, str_eq(truth, "True"));
	else json_add_null(o, key);
}

static void add_known(struct json_out *o, const char *key, const char *text)
{
	json_add_text(o, key, text && *text ? text : NULL);
}

static void add_jail_object(struct json_out *o, const struct row *r)
{
	json_object(o, NULL);
	json_add_text(o, "name", r->name);
	add_truth(o, "running", r->running);
	add_truth(o, "startup", r->startup);
	add_truth(o, "gpu_intel", r->gpu_intel);
	add_truth(o, "gpu_nvidia", r->gpu_nvidia);
	add_known(o, "os", r->os);
	add_known(o, "version", r->version);
	json_array(o, "addresses");
	for (const char *const *address = r->addresses; *address; address++)
		json_add_text(o, NULL, *address);
	json_end(o, ']');
	add_known(o, "state", r->state);
	json_add_text(o, "path", r->path);
	json_add_text(o, "broken", r->broken);
	add_known(o, "command", r->command);
	json_end(o, '}');
}

static int print_list_json(struct arena *m, const struct row *rows, size_t n, struct err *e)
{
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_array(&o, NULL);
	for (size_t i = 0; i < n; i++)
		add_jail_object(&o, &rows[i]);
	json_end(&o, ']');
	puts(str_text(&text));
	return out_flush(e);
}

static int list_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct list_args *a = args;
	const struct column *chosen[COLUMNS_MAX];
	struct listing l = { .host = h };
	AUTOENGINE struct engine en;
	struct jail *jails;
	struct row *rows;
	size_t n;

	(void)operands;
	engine_init(&en, h, h->m);
	if (choose_columns(h->m, a->output, chosen, e) < 0) return -1;
	if (!(jails = jail_find_all(h->m, h->dir, &n, e))) return -1;
	if (!(l.running = engine_list(&en, jails, n, &l.n, e))) {
		if (check_signal(e) < 0) return -1;
		if (n) out_warn("cannot tell which jails run: %s", e->text);
	}
	for (size_t i = 0; l.running && i < l.n; i++)
		warn_of_lost(h, &l.running[i]);
	if (!n && !a->json) {
		if (!a->no_header) puts("No jails.");
		return out_flush(e);
	}
	rows = arena_array(h->m, n + 1, sizeof *rows);
	for (size_t i = 0; i < n; i++)
		fill_row(&l, &jails[i], &rows[i]);
	if (a->json) return print_list_json(h->m, rows, n, e);
	return print_list_table(h->m, chosen, a->no_header, rows, n, e);
}

const struct applet list_applet = {
	.name = "list",
	.brief = "show all jails",
	.operands = "",
	.text =
	"- means not known; … after an address means that there are more. --output has\n"
	"more columns: PATH; STATE, the state of the unit, with its name if it is not the\n"
	"jail's own; and COMMAND, what a jail runs instead of an init. JSON has the names\n"
	"in lower case, all addresses, and in 'broken' the reason why one is incomplete.\n",
	.opts = list_opts,
	.args_size = sizeof(struct list_args),
	.max = 0,
	.needs = NEEDS_DIR | PROGRAM_DIR_WILL_DO,
	.run = list_run,
};
