/* Lists the snapshots of one jail or of all. */

#include "lib/cli/applet.h"

#include <stdio.h>
#include <time.h>

#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/jail/jail.h"
#include "lib/store/snapshot.h"
#include "lib/text/json.h"

struct snapshots_args {
	bool json, no_header;
};

#define OPT_INTO snapshots_args
static const struct opt snapshots_opts[] = {
	OPT_FLAG(0, "no-header", no_header, "omit the headings"),
	OPT_FLAG(0, "json", json, "print JSON"),
	OPT_END
};

static const char *const columns[] = {
	"JAIL", "LABEL", "MADE", "USED", "REFERENCED", "WHY", "HOLDS", "CLONES", NULL
};

/* What is printed. */
struct output {
	struct arena *m;
	struct table table;
	struct str text;
	struct json_out json;
	size_t n;
};

static const char *time_text(struct arena *m, int64_t at)
{
	enum { ROOM = 40 };
	char *text = arena_alloc(m, ROOM);
	time_t seconds = (time_t)at;
	struct tm tm;

	if (gmtime_r(&seconds, &tm)) strftime(text, ROOM, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return text;
}

static void add_row(struct output *o, const char *jail, const struct snapshot *s)
{
	struct arena *m = o->m;
	const char *const cells[] = {
		jail, s->label, time_text(m, s->made), size_text_known(m, s->used),
		size_text_known(m, s->referenced), s->why ? s->why : "other",
		s->holds ? arena_printf(m, "%jd", (intmax_t)s->holds) : NULL,
		words_join(m, s->clones, ","),
	};

	table_add(&o->table, cells);
}

static void add_object(struct json_out *o, const char *jail, const struct snapshot *s)
{
	json_object(o, NULL);
	json_add_text(o, "jail", jail);
	json_add_text(o, "label", s->label);
	json_add_int(o, "made", s->made);
	json_add_known(o, "used", s->used);
	json_add_known(o, "referenced", s->referenced);
	json_add_text(o, "why", s->why);
	json_add_int(o, "holds", s->holds);
	json_array(o, "clones");
	for (char *const *clone = s->clones; *clone; clone++)
		json_add_text(o, NULL, *clone);
	json_end(o, ']');
	json_end(o, '}');
}

static int add_jail(struct output *o, struct jail *j, struct err *e)
{
	struct snapshots s;
	struct snapshot *all;
	size_t n;

	if (snapshots_open(o->m, j, &s, e) < 0 || !(all = snapshots_list(&s, &n, e))) return -1;
	for (size_t i = 0; i < n; i++) {
		add_row(o, j->name, &all[i]);
		add_object(&o->json, j->name, &all[i]);
	}
	o->n += n;
	return 0;
}

static int add_one(struct host *h, struct output *o, const char *name, struct err *e)
{
	AUTOJAIL j = NO_JAIL;

	return jail_open(h->m, h->dir, name, &j, e) < 0 ? -1 : add_jail(o, &j, e);
}

/* A jail that cannot be read is warned of; the others are listed. */
static int add_all(struct host *h, struct output *o, struct err *e)
{
	struct jail *all;
	size_t n;

	if (!(all = jail_find_all(h->m, h->dir, &n, e))) return -1;
	for (size_t i = 0; i < n; i++) {
		struct err why = { 0 };

		if (add_jail(o, &all[i], &why) < 0 && why.kind == ERR_INTERRUPTED) {
			*e = why;
			return -1;
		}
		if (why.kind) out_warn("%s", why.text);
		jail_close(&all[i]);
	}
	return 0;
}

static int print_output(struct output *o, const struct snapshots_args *a, struct err *e)
{
	if (a->json) {
		puts(str_text(&o->text));
		return out_flush(e);
	}
	if (o->n) return table_print(&o->table, e);
	if (!a->no_header) puts("No snapshots.");
	return out_flush(e);
}

static int snapshots_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct snapshots_args *a = args;
	struct output o = {
		.m = h->m, .text.m = h->m,
		.table = { .m = h->m, .columns = columns, .no_header = a->no_header },
	};

	o.json.to = &o.text;
	json_array(&o.json, NULL);
	if ((*operands ? add_one(h, &o, *operands, e) : add_all(h, &o, e)) < 0) return -1;
	json_end(&o.json, ']');
	return print_output(&o, a, e);
}

const struct applet snapshots_applet = {
	.name = "snapshots",
	.brief = "list the snapshots of jails",
	.operands = "[JAIL]",
	.text =
	"The oldest first. MADE is in UTC. USED is what deleting the snapshot would free,\n"
	"REFERENCED the size of all that is in it; of a directory, USED is not known. WHY\n"
	"is other for a snapshot that jlmkr has not made, such as those of the periodic\n"
	"tasks of the NAS. HOLDS are those of zfs-hold(8), CLONES datasets that need the\n"
	"snapshot. JSON has the time in seconds since 1970, sizes in bytes, and null for\n"
	"other.\n",
	.opts = snapshots_opts,
	.args_size = sizeof(struct snapshots_args),
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = snapshots_run,
};
