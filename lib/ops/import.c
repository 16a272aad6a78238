#include "lib/ops/import.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/conf.h"
#include "lib/provision/archive_input.h"

static bool has_line(const char *text, const char *line, size_t n)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") == n && !memcmp(text, line, n)) return true;
	return false;
}

/* What the owner has to look at: its lines that the default config does not have. */
static void show_config(struct arena *m, const char *text)
{
	const char *usual = conf_default_text(m);
	struct str shown = { .m = m };

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		size_t blanks = strspn(text, " \t");

		n = strcspn(text, "\n");
		if (n == blanks || text[blanks] == '#' || has_line(usual, text, n)) continue;
		str_addn(&shown, text, n);
		str_addc(&shown, '\n');
	}
	out_note("Its config differs from the default in %s",
	         shown.len ? "these lines:" : "nothing");
	out_quote(str_text(&shown));
}

static void add_hook(struct words *found, const struct conf_text *hook)
{
	if (*hook->text) words_addf(found, "%s (line %u)", hook->key, hook->line);
}

/* Whoever gives away an archive decides about these, too. */
static void warn_of_hooks(struct arena *m, const char *text)
{
	struct words found = { .m = m };
	struct conf c;

	if (conf_parse(m, text, &c, NULL) < 0) return;
	add_hook(&found, &c.pre_start_hook);
	add_hook(&found, &c.post_start_hook);
	add_hook(&found, &c.post_stop_hook);
	if (found.n)
		out_warn("its config has programs that run on this machine as root: %s",
		         words_join(m, words_list(&found), ", "));
}

static void tell_of(struct arena *m, const struct archive_input *in, bool dry_run)
{
	if (!in->is_export) return;
	out_note("The archive is an export of the jail %s", in->jail);
	if (!dry_run) show_config(m, in->config);
	warn_of_hooks(m, in->config);
}

static int open_input(struct host *h, const struct import_how *how, struct archive_input *in,
                      struct err *e)
{
	if (archive_input_open(h->m, how->from, in, e) < 0) return -1;
	if (archive_input_look(h, in, how->sha256, e) < 0)
		return fail_in(e, "archive %s", word_shown(h->m, how->from));
	if (how->name || in->is_export) return 0;
	return fail(e, ERR_USAGE, "%s is not an export of a jail: give the new jail a name",
	            word_shown(h->m, how->from));
}

int op_import(struct engine *en, const struct import_how *how, struct import_done *done,
              struct err *e)
{
	AUTOARCHIVE in = NO_ARCHIVE;
	struct create_how create = {
		.archive = how->from, .input = &in, .sha256 = how->sha256,
		.max_size = how->max_size, .max_files = how->max_files,
	};

	if (open_input(en->host, how, &in, e) < 0) return -1;
	done->name = create.name = how->name ? how->name : in.jail;
	create.template_text = in.config;
	create.template_name = "the config in the archive";
	create.exported = in.is_export ? in.jail : NULL;
	tell_of(en->m, &in, how->dry_run);
	return how->dry_run ? op_create_plan(en, &create, &done->plan, e) :
	       op_create(en, &create, &done->startable, e);
}

int op_import_verify(struct host *h, const char *from, struct err *e)
{
	AUTOARCHIVE in = NO_ARCHIVE;

	if (archive_input_open(h->m, from, &in, e) < 0) return -1;
	return archive_input_verify(h, &in, e);
}
