/* Edit a jail's config: on a copy, which takes the config's place when nothing is wrong with
 * it, or when the user says so. */

#include "applets/applet.h"

#include <ctype.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "applets/ask.h"
#include "applets/editor.h"
#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/ops/config.h"

struct edit {
	struct host *host;
	struct arena *m;
	const char *name;
	const char *before;	/* the config as it was */
	const char *copy;	/* path of the copy */
	int dir;		/* the jail's directory */
};

static void show(const struct faults *found)
{
	for (size_t i = 0; i < found->n; i++)
		out_warn("line %u: %s", found->v[i].line, found->v[i].text);
}

/* 'e', 'k' or 'd'. */
static int ask(const struct edit *ed, struct err *e)
{
	const struct ask a = { .m = ed->m, .in = STDIN_FILENO, .out = STDERR_FILENO };

	for (;;) {
		const char *answer = ask_line(&a, "Edit again, keep it all the same, or drop the changes?",
		                              "e/k/d", e);

		if (!answer) return -1;
		if (!*answer) return 'e';
		if (strchr("ekdEKD", *answer)) return tolower((unsigned char)*answer);
	}
}

/* What was wrong before and still is keeps nobody from saving, as long as a start can read
 * it: keys of old releases. 'k' when it may be kept. */
static int judge(const struct edit *ed, const char *text, struct err *e)
{
	struct faults old = { .m = ed->m }, found = { .m = ed->m };
	struct conf c;

	op_config_check(ed->m, ed->before, true, &old);
	op_config_check(ed->m, text, true, &found);
	show(&found);
	if (conf_usable(ed->m, text, &c, NULL) == 0 && !faults_new(&found, &old).n) return 'k';
	return ask(ed, e);
}

static const char *read_copy(const struct edit *ed, struct err *e)
{
	AUTOCLOSE int fd = open(ed->copy, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s", ed->copy), NULL : conf_read(ed->m, fd, e);
}

/* 1 when the config is another one now, 0 when it is not. */
static int edit_until_good(const struct edit *ed, struct err *e)
{
	const char *text;
	int answer;

	do {
		if (editor_run(ed->m, ed->copy, e) < 0 || !(text = read_copy(ed, e))) return -1;
		if (str_eq(text, ed->before)) return 0;
		if ((answer = judge(ed, text, e)) < 0) return -1;
	} while (answer == 'e');
	if (answer == 'd') return 0;
	return op_config_replace(ed->host, ed->name, ed->before, text, e) < 0 ? -1 : 1;
}

/* Nothing that somebody wrote is thrown away by a fault. */
static int edit_copy(const struct edit *ed, struct err *e)
{
	int rc = edit_until_good(ed, e);
	const char *text = rc < 0 ? read_copy(ed, NULL) : ed->before;

	if (!text || (rc < 0 && !str_eq(text, ed->before))) out_note("What you wrote is in %s", ed->copy);
	else unlink(ed->copy);
	return rc;
}

static int edit_begin(struct edit *ed, const char *dir, const char *name, struct err *e)
{
	const char *hidden = arena_printf(ed->m, ".config.edit-%ld", (long)getpid());

	if (!(ed->before = op_config_read(ed->host, name, e))) return -1;
	ed->copy = arena_printf(ed->m, "%s/%s", layout_jail(ed->m, dir, name), hidden);
	return replace_file(ed->dir, hidden, ed->before, strlen(ed->before), 0600, e);
}

static int edit_run(struct host *h, const void *args, char *const *names, struct err *e)
{
	AUTOCLOSE int dir = -1;
	AUTOENGINE struct engine en;
	struct edit ed = { .host = h, .m = h->m, .name = *names };
	int rc;

	(void)args;
	engine_init(&en, h, h->m);
	if (jail_check(h->m, h->dir, *names, e) < 0) return -1;
	if ((dir = ed.dir = jail_open_own(h->dir, *names, e)) < 0) return -1;
	if (edit_begin(&ed, h->dir, *names, e) < 0 || (rc = edit_copy(&ed, e)) < 0) return -1;
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
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = edit_run,
};
