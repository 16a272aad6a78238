/* Edit a jail's config: on a copy, which takes the config's place only when it can
 * be read. */

#include "applets/applet.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "applets/editor.h"
#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"

struct edit {
	struct arena *m;
	const char *before;	/* the config as it was */
	const char *copy;	/* path of the copy */
	int dir;		/* the jail's directory */
};

/* No answer drops the changes. */
static int ask(const struct err *why)
{
	char line[64];

	fprintf(stderr, "%s\nEdit again, keep it all the same, or drop the changes? [e/k/d] ",
	        why->text);
	if (!fgets(line, sizeof line, stdin)) return 'd';
	return line[0] == 'k' || line[0] == 'd' ? line[0] : 'e';
}

static int save(const struct edit *ed, const char *text, struct err *e)
{
	const char *now = read_file(ed->m, ed->dir, LAYOUT_CONFIG, CONF_MAX, NULL, e);

	if (!now) return -1;
	if (strcmp(now, ed->before))
		return fail(e, ERR_BUSY, "the config was changed meanwhile; yours is in %s", ed->copy);
	if (replace_file(ed->dir, LAYOUT_CONFIG, text, strlen(text), 0600, e) < 0) return -1;
	unlink(ed->copy);
	return 1;
}

/* 1 when the config is another one now, 0 when it is not. */
static int edit_until_good(const struct edit *ed, struct err *e)
{
	struct err why = { 0 };
	struct conf c;
	const char *text;
	int answer = 'e';

	while (answer == 'e') {
		if (editor_run(ed->m, ed->copy, e) < 0) break;
		text = read_file(ed->m, AT_FDCWD, ed->copy, CONF_MAX, NULL, e);
		if (!text) break;
		if (!strcmp(text, ed->before)) goto unchanged;
		if (conf_parse(ed->m, text, &c, &why) == 0) return save(ed, text, e);
		if ((answer = ask(&why)) == 'k') return save(ed, text, e);
		if (answer == 'd') goto unchanged;
	}
	unlink(ed->copy);
	return -1;
unchanged:
	unlink(ed->copy);
	return 0;
}

static int edit_begin(struct edit *ed, const char *dir, const char *name, struct err *e)
{
	const char *hidden = arena_printf(ed->m, ".config.edit-%ld", (long)getpid());

	ed->before = read_file(ed->m, ed->dir, LAYOUT_CONFIG, CONF_MAX, NULL, e);
	if (!ed->before) return -1;
	ed->copy = arena_printf(ed->m, "%s/%s", layout_jail(ed->m, dir, name), hidden);
	return replace_file(ed->dir, hidden, ed->before, strlen(ed->before), 0600, e);
}

static int edit_run(struct host *h, const void *args, char *const *names, struct err *e)
{
	AUTOCLOSE int dir = -1;
	AUTOENGINE struct engine en;
	struct edit ed = { .m = h->m };
	int rc;

	(void)args;
	engine_init(&en, h, h->m);
	if (jail_check(h->m, h->dir, *names, e) < 0) return -1;
	if ((dir = ed.dir = jail_open(h->dir, *names, e)) < 0) return -1;
	if (edit_begin(&ed, h->dir, *names, e) < 0 || (rc = edit_until_good(&ed, e)) < 0) return -1;
	if (!rc) out_note("Nothing was changed.");
	else if (engine_runs(&en, *names, NULL) == 1)
		out_note("%s runs with its old config until 'jlmkr restart %s'.", *names, *names);
	return 0;
}

const struct applet edit_applet = {
	.name = "edit",
	.brief = "edit a jail's config",
	.operands = "JAIL",
	.text = "The editor is $VISUAL, $EDITOR, 'editor' or nano. The result is checked before it\n"
		"takes the config's place. A jail that runs has to be restarted.\n",
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT,
	.run = edit_run,
};
