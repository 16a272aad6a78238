/* What jails take on their disks. */

#include "lib/cli/applet.h"

#include <stdio.h>

#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/cli/batch.h"
#include "lib/jail/jail.h"
#include "lib/store/space.h"
#include "lib/text/json.h"
#include "lib/text/split.h"

struct df_args {
	bool json, no_header;
};

#define OPT_INTO df_args
static const struct opt df_opts[] = {
	OPT_FLAG(0, "no-header", no_header, "omit the headings"),
	OPT_FLAG(0, "json", json, "print JSON, in bytes"),
	OPT_END
};

static const char *const columns[] = {
	"NAME", "USED", "REFERENCED", "SNAPSHOTS", "QUOTA", "AVAILABLE", NULL
};

static void add_object(struct json_out *o, const struct jail *j, const struct space *s)
{
	json_object(o, NULL);
	json_add_text(o, "name", j->name);
	json_add_known(o, "used", s->used);
	json_add_known(o, "referenced", s->referenced);
	json_add_known(o, "snapshots", s->snapshots);
	json_add_known(o, "quota", s->quota ? s->quota : -1);
	json_add_known(o, "available", s->available);
	json_add_text(o, "dataset", s->dataset);
	json_end(o, '}');
}

static int print_df_json(struct arena *m, const struct jail *jails, const struct space *spaces,
                         size_t n, struct err *e)
{
	struct str text = { .m = m };
	struct json_out o = { .to = &text };

	json_array(&o, NULL);
	for (size_t i = 0; i < n; i++)
		add_object(&o, &jails[i], &spaces[i]);
	json_end(&o, ']');
	puts(str_text(&text));
	return out_flush(e);
}

static int print_df_table(struct table *t, const struct jail *jails, const struct space *spaces,
                          size_t n, struct err *e)
{
	struct words directories = { .m = t->m };

	for (size_t i = 0; i < n; i++) {
		const struct space *s = &spaces[i];
		const char *const cells[] = {
			jails[i].name, size_text_known(t->m, s->used),
			size_text_known(t->m, s->referenced),
			size_text_known(t->m, s->snapshots),
			s->quota ? size_text_known(t->m, s->quota) : NULL,
			size_text_known(t->m, s->available),
		};

		table_add(t, cells);
		if (s->used < 0) words_add(&directories, jails[i].path);
	}
	if (table_print(t, e) < 0) return -1;
	if (directories.n)
		out_note("The size of these jails is not known; to count it, run: du -sh %s",
		         words_quoted(t->m, words_list(&directories)));
	return 0;
}

/* Those that are named, or all. */
static struct jail *open_jails(struct host *h, char *const *operands, size_t *n, struct err *e)
{
	const struct selected *chosen;
	struct jail *jails;

	if (!*operands) return jail_find_all(h->m, h->dir, n, e);
	if (!(chosen = batch_select(h, operands, false, n, e))) return NULL;
	jails = arena_array(h->m, *n + 1, sizeof *jails);
	for (size_t i = 0; i < *n; i++) {
		if (jail_open(h->m, h->dir, chosen[i].name, &jails[i], e) < 0) return NULL;
		jail_leave(&jails[i]);
	}
	return jails;
}

static int df_run(struct host *h, const void *args, char *const *operands, struct err *e)
{
	const struct df_args *a = args;
	struct table t = { .m = h->m, .columns = columns, .no_header = a->no_header };
	struct space *spaces;
	struct jail *jails;
	size_t n;

	if (!(jails = open_jails(h, operands, &n, e))) return -1;
	spaces = arena_array(h->m, n + 1, sizeof *spaces);
	if (space_read(h->m, jails, n, spaces, e) < 0) return -1;
	if (a->json) return print_df_json(h->m, jails, spaces, n, e);
	if (!n && !a->no_header) puts("No jails.");
	return n ? print_df_table(&t, jails, spaces, n, e) : out_flush(e);
}

const struct applet df_applet = {
	.name = "df",
	.brief = "show what jails take on their disks",
	.operands = "[JAIL]...",
	.text =
	"USED has all of a jail, REFERENCED its files as they are now, SNAPSHOTS what its\n"
	"snapshots take alone, and AVAILABLE what it may still take. - means not known,\n"
	"or no quota. Names may be patterns.\n"
	"\n"
	"ZFS knows these of a dataset. USED has the datasets below it, too, REFERENCED\n"
	"and SNAPSHOTS are its own. Of a jail that is a directory they are known if it\n"
	"has a quota; for others a note below the table has the command that counts.\n",
	.opts = df_opts,
	.args_size = sizeof(struct df_args),
	.max = -1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = df_run,
};
