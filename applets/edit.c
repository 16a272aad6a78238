/* Edit a jail's config: on a copy, which takes the config's place when nothing is wrong with
 * it and nothing is missing, or when the user says so. The copy goes when it says nothing that
 * the config does not, or that the user dropped; else it stays, and is named. */

#include "lib/cli/applet.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/cli/ask.h"
#include "lib/cli/editor.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/loss.h"
#include "lib/ops/config.h"

enum { QUICK_MS = 2000 };	/* nobody edits as fast as that */

struct edit {
	struct arena *m;
	struct jail *jail;
	const char *before;	/* the config as it was */
	const char *text;	/* of the copy, as it was read last */
	const char *copy;	/* path of the copy */
	const char *file;	/* its name in the jail's directory */
};

/* -- what was written -- */

static void show(const struct faults *found)
{
	for (size_t i = 0; i < found->n; i++)
		out_warn("line %u: %s", found->v[i].line, found->v[i].text);
}

/* 'e', 'k' or 'd'; just Enter is the preset. */
static int ask(const struct edit *ed, int preset, struct err *e)
{
	const struct ask a = { .m = ed->m, .in = STDIN_FILENO, .out = STDERR_FILENO };

	for (;;) {
		const char *answer = ask_line(&a, "Edit again, keep the new text, or drop it?",
		                              preset == 'k' ? "e/K/d" : "E/k/d", NULL);

		if (!answer && check_signal(e) < 0) return -1;
		if (!answer) return fail(e, ERR_INPUT, "no answer, so the config stays as it was");
		if (!*answer) return preset;
		if (strchr("ekdEKD", *answer)) return tolower((unsigned char)*answer);
	}
}

/* What was wrong before and still is keeps nobody from saving, as long as a start can read
 * it: keys of old releases. 'k' when it may be kept. */
static int judge(const struct edit *ed, struct err *e)
{
	struct faults old = { .m = ed->m }, found = { .m = ed->m };
	struct loss lost = loss_find(ed->m, ed->before, ed->text);
	bool bad;

	op_config_check(ed->m, ed->before, &old);
	bad = !op_config_check(ed->m, ed->text, &found);
	show(&found);
	if (lost.what) out_warn("%s", lost.what);
	bad |= faults_new(&found, &old).n > 0;
	if (!bad && !lost.what) return 'k';
	return ask(ed, bad || lost.is_grave ? 'e' : 'k', e);
}

static const char *read_copy(const struct edit *ed, struct err *e)
{
	return conf_read_file(ed->m, ed->jail->fd, ed->file, ed->copy, e);
}

static int take_copy(struct edit *ed, struct err *e)
{
	if ((ed->text = read_copy(ed, e))) return 0;
	if (e->sys != ENOENT) return -1;
	return fail(e, ERR_HOST, "the editor deleted the file, so the config stays as it was");
}

/* -- the editor -- */

/* One that went into the background, or handed the file to another, has not ended yet. */
static int await_end(const struct edit *ed, int64_t began, struct err *e)
{
	const struct ask a = { .m = ed->m, .in = STDIN_FILENO, .out = STDERR_FILENO };
	bool open = editor_is_open();

	if (!open && now_ms() - began >= QUICK_MS) return 0;
	if (isatty(STDIN_FILENO))
		return ask_line(&a, "Nothing has changed yet. If your editor is still open, save there, "
		                "then press Enter here:", NULL, e) ? 0 : -1;
	if (open) out_note("The editor went into the background; waiting until it ends.");
	return editor_await(e);
}

static int edit_once(struct edit *ed, struct err *e)
{
	int64_t began = now_ms();
	const char *last = ed->text;

	if (editor_run(ed->m, ed->copy, e) < 0 || take_copy(ed, e) < 0) return -1;
	if (!str_eq(ed->text, last)) return 0;
	if (await_end(ed, began, e) < 0) return -1;
	return take_copy(ed, e);
}

/* To go on with an empty text helps nobody. */
static int refill(struct edit *ed, struct err *e)
{
	if (ed->text[strspn(ed->text, " \t\r\n")]) return 0;
	ed->text = ed->before;
	return replace_file(ed->jail->fd, ed->file, ed->text, strlen(ed->text), 0600, e);
}

/* 1 when the config is another one now, 0 when it is not. */
static int edit_until_good(struct edit *ed, struct err *e)
{
	int answer;

	for (;;) {
		if (edit_once(ed, e) < 0) return -1;
		if (str_eq(ed->text, ed->before)) return 0;
		if ((answer = judge(ed, e)) < 0) return -1;
		if (answer != 'e') break;
		if (refill(ed, e) < 0) return -1;
	}
	if (answer == 'd') return 0;
	return op_config_replace(ed->m, ed->jail, ed->before, ed->text, e) < 0 ? -1 : 1;
}

/* Nothing that somebody wrote is thrown away by a fault, or when it was written too late. */
static int edit_copy(struct edit *ed, struct err *e)
{
	int rc = edit_until_good(ed, e);
	const char *done = rc < 0 ? ed->before : ed->text, *text;
	struct err why = { 0 };

	text = read_copy(ed, &why);
	if (text ? str_eq(text, done) && !(rc < 0 && editor_is_open()) : why.sys == ENOENT)
		unlinkat(ed->jail->fd, ed->file, 0);
	else
		out_warn("What you wrote is in %s", ed->copy);	/* not to be missed with --quiet */
	return rc;
}

/* What an earlier one left there is not overwritten. */
static int make_copy(struct edit *ed, struct err *e)
{
	const char *path = ed->jail->path;

	for (int i = 1;; i++) {
		struct err why = { 0 };

		ed->file = arena_printf(ed->m, i > 1 ? ".config.edit-%ld-%d" : ".config.edit-%ld",
		                        (long)getpid(), i);
		ed->copy = arena_printf(ed->m, "%s/%s", path, ed->file);
		if (create_file(ed->jail->fd, ed->file, ed->text, strlen(ed->text), 0600, &why) == 0) return 0;
		if (why.sys != EEXIST) return fail(e, why.kind, "%s: %s", path, why.text);
	}
}

static int edit_begin(struct edit *ed, struct err *e)
{
	if (!(ed->before = op_config_read(ed->m, ed->jail, e))) return -1;
	ed->text = ed->before;
	return make_copy(ed, e);
}

static int edit_run(struct host *h, const void *args, char *const *names, struct err *e)
{
	AUTOENGINE struct engine en;
	AUTOJAIL j = NO_JAIL;
	struct edit ed = { .m = h->m, .jail = &j };
	int rc;

	(void)args;
	engine_init(&en, h, h->m);
	if (jail_open(h->m, h->dir, *names, &j, e) < 0) return -1;
	if (edit_begin(&ed, e) < 0 || (rc = edit_copy(&ed, e)) < 0) return -1;
	if (!rc) out_note("Nothing was changed.");
	else if (jail_runs(engine_state(&en, &j, NULL, NULL)))
		out_note("%s runs with its old config until 'jlmkr restart %s'.", *names, *names);
	return 0;
}

const struct applet edit_applet = {
	.name = "edit",
	.brief = "edit a jail's config",
	.operands = "JAIL",
	.text = "The editor is $VISUAL, $EDITOR, 'editor' or nano, and works on a copy. jlmkr\n"
		"checks the result before it replaces the config, and asks first if the result is\n"
		"empty, cut off or lacks keys that were there. The text from before the last\n"
		"change is kept beside the config as .config.before. A running jail must be\n"
		"restarted to use a change.\n",
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = edit_run,
};
