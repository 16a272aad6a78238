/* Edit a jail's config: on a copy, which takes the config's place when nothing is wrong with
 * it, or when the user says so. */

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
#include "lib/ops/config.h"

struct edit {
	struct host *host;
	struct arena *m;
	const char *name;
	const char *before;	/* the config as it was */
	const char *copy;	/* path of the copy */
	int dir;		/* the jail's directory */
};

/* No answer drops the changes. */
static int ask(const struct faults *found)
{
	char line[64];

	for (size_t i = 0; i < found->n; i++)
		fprintf(stderr, "line %u: %s\n", found->v[i].line, found->v[i].text);
	fputs("Edit again, keep it all the same, or drop the changes? [e/k/d] ", stderr);
	if (!fgets(line, sizeof line, stdin)) return 'd';
	return line[0] == 'k' || line[0] == 'd' ? line[0] : 'e';
}

/* What was wrong before, and still is, keeps nobody from saving: keys of old releases. */
static bool is_worse(const struct edit *ed, const struct faults *found)
{
	struct faults old = { .m = ed->m };

	op_config_check(ed->m, ed->before, &old);
	for (size_t i = 0; i < found->n; i++) {
		size_t k = 0;

		while (k < old.n && strcmp(old.v[k].text, found->v[i].text))
			k++;
		if (k == old.n) return true;
	}
	return false;
}

static int save(const struct edit *ed, const char *text, struct err *e)
{
	if (op_config_replace(ed->host, ed->name, ed->before, text, e) < 0) {
		out_note("What you wrote is in %s", ed->copy);
		return -1;
	}
	unlink(ed->copy);
	return 1;
}

static const char *read_copy(const struct edit *ed, struct err *e)
{
	AUTOCLOSE int fd = open(ed->copy, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s", ed->copy), NULL : conf_read(ed->m, fd, e);
}

/* 1 when the config is another one now, 0 when it is not. */
static int edit_until_good(const struct edit *ed, struct err *e)
{
	int answer = 'e';

	while (answer == 'e') {
		struct faults found = { .m = ed->m };
		const char *text;

		if (editor_run(ed->m, ed->copy, e) < 0 || !(text = read_copy(ed, e))) {
			unlink(ed->copy);
			return -1;
		}
		if (!strcmp(text, ed->before)) break;
		op_config_check(ed->m, text, &found);
		if (!is_worse(ed, &found) || (answer = ask(&found)) == 'k') return save(ed, text, e);
	}
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
	struct edit ed = { .host = h, .m = h->m, .name = *names };
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
