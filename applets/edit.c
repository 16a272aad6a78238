/* Edit a jail's config: on a copy, which takes the config's place when it has no new faults and
 * has lost nothing, or when the user says so. Without a user to ask, faults are told and what
 * can be read is taken. The copy is deleted when it says nothing that the config does not, or
 * that the user dropped; else it stays, and is named. One that stayed is deleted after a
 * week. */

#include "lib/cli/applet.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/cli/ask.h"
#include "lib/cli/editor.h"
#include "lib/engine/engine.h"
#include "lib/jail/conf_check.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/loss.h"
#include "lib/nspawn/missing.h"
#include "lib/ops/config.h"

enum {
	QUICK_MS = 2000,	/* nobody edits as fast as that */
	WEEK = 7 * 24 * 60 * 60,
};

struct edit {
	struct arena *m;
	struct jail *jail;
	const char *before;	/* the config as it was, or the default one */
	bool is_new;		/* there is no config yet */
	const char *text;	/* of the copy, as it was read last */
	const char *copy;	/* path of the copy */
	const char *file;	/* its name in the jail's directory */
};

/* -- what was written -- */

/* Whether there is somebody to ask: a terminal, or answers that are waiting to be read. */
static bool can_ask(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	return isatty(STDIN_FILENO) || (poll(&in, 1, 0) == 1 && in.revents & POLLIN);
}

/* 'e', 'k' or 'd'; just Enter is the preset, no answer is `silent`, or a fault if that is 0. */
static int ask_what_now(const struct edit *ed, int preset, int silent, struct err *e)
{
	const struct ask a = { .m = ed->m, .in = STDIN_FILENO, .out = STDERR_FILENO };

	while (can_ask()) {
		const char *answer = ask_line(&a, "Edit again, keep the new text, or drop it?",
		                              preset == 'k' ? "e/K/d" : "E/k/d", NULL);

		if (!answer && check_signal(e) < 0) return -1;
		if (!answer) break;
		if (!*answer) return preset;
		if (strchr("ekdEKD", *answer)) return tolower((unsigned char)*answer);
	}
	if (silent && !isatty(STDIN_FILENO)) return silent;
	return fail(e, ERR_INPUT, "no answer, so the config stays as it was");
}

/* What is not mounted now is no question: it may be there when the jail starts. */
static bool has_questions(const struct faults *news)
{
	for (size_t i = 0; i < news->n; i++)
		if (news->v[i].severity != FAULT_HINT &&
		    !str_eq(news->v[i].kind, NSPAWN_MISSING)) return true;
	return false;
}

/* What was wrong before and still is keeps nobody from saving, as long as a start can read
 * it: keys of old releases. 'k' when it may be kept. */
static int judge_text(const struct edit *ed, struct err *e)
{
	struct loss lost = loss_find(ed->m, ed->before, ed->text);
	struct conf_check old, new;
	struct faults news;
	bool bad;

	conf_check(ed->m, ed->before, &old);
	conf_check(ed->m, ed->text, &new);
	news = faults_new(&new.found, &old.found);
	op_config_tell(&new.found, NULL);
	op_config_hints(&news, NULL);
	if (lost.what) out_warn("%s", lost.what);
	bad = !new.loads || has_questions(&news);
	if (!bad && !lost.what) return 'k';
	return ask_what_now(ed, bad || lost.is_grave ? 'e' : 'k',
	                    new.loads && !lost.what ? 'k' : 0, e);
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
		return ask_line(&a, "Nothing has changed yet. If your editor is still open, "
		                "save there, then press Enter here:", NULL, e) ? 0 : -1;
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
		if (str_eq(ed->text, ed->before) && !ed->is_new) return 0;
		if ((answer = judge_text(ed, e)) < 0) return -1;
		if (answer != 'e') break;
		if (refill(ed, e) < 0) return -1;
	}
	if (answer == 'd') return 0;
	return op_config_replace(ed->m, ed->jail, ed->before, ed->text, e) < 0 ? -1 : 1;
}

/* A warning, not to be missed with --quiet. The path stands at the end of its line. */
static void tell_of_copy(const struct edit *ed)
{
	const char *config = arena_printf(ed->m, "%s/" LAYOUT_CONFIG, ed->jail->path);
	char *const use[] = { "cp", (char *)ed->copy, (char *)config, NULL };
	char *const drop[] = { "rm", (char *)ed->copy, NULL };

	out_note("'%s' uses it, '%s' drops it; the first edit after a week deletes it.",
	         words_quoted(ed->m, use), words_quoted(ed->m, drop));
	out_warn("What you wrote is in %s", ed->copy);
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
		tell_of_copy(ed);
	return rc;
}

#define COPY ".config.edit-"

/* "PID" or "PID-N" behind the name; 0 for anything else. */
static pid_t copy_owner(const char *name)
{
	char *end;
	long pid;

	if (!str_starts(name, COPY) || !isdigit((unsigned char)name[sizeof COPY - 1])) return 0;
	pid = strtol(name + sizeof COPY - 1, &end, 10);
	if (*end == '-' && isdigit((unsigned char)end[1])) strtol(end + 1, &end, 10);
	return *end || pid <= 0 || pid > INT_MAX ? 0 : (pid_t)pid;
}

/* A copy that was given up: no edit of that number runs. */
static bool is_given_up(int dir, const char *name, struct stat *st)
{
	pid_t owner = copy_owner(name);

	return owner && (kill(owner, 0) < 0 && errno == ESRCH) &&
	       fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st->st_mode);
}

/* Copies of edits that were given up: deleted after a week, until then named. */
static void sweep_copies(const struct edit *ed)
{
	AUTODIR DIR *dir = dir_names(ed->jail->fd);
	const struct dirent *entry;
	struct stat st;

	if (!dir) return;
	while ((entry = readdir(dir))) {
		if (!is_given_up(ed->jail->fd, entry->d_name, &st)) continue;
		if (time(NULL) - st.st_mtime > WEEK)
			unlinkat(ed->jail->fd, entry->d_name, 0);
		else
			out_note("An earlier edit left %s/%s", ed->jail->path, entry->d_name);
	}
}

/* What an earlier one left there is not overwritten. */
static int make_copy(struct edit *ed, struct err *e)
{
	const char *path = ed->jail->path;

	for (int i = 1;; i++) {
		struct err why = { 0 };

		ed->file = arena_printf(ed->m, i > 1 ? COPY "%ld-%d" : COPY "%ld",
		                        (long)getpid(), i);
		ed->copy = arena_printf(ed->m, "%s/%s", path, ed->file);
		if (create_file(ed->jail->fd, ed->file, ed->text, strlen(ed->text), 0600,
		                &why) == 0) return 0;
		if (why.sys != EEXIST) return fail(e, why.kind, "%s: %s", path, why.text);
	}
}

static int edit_begin(struct edit *ed, struct err *e)
{
	if (!(ed->before = op_config_read(ed->m, ed->jail, &ed->is_new, e))) return -1;
	if (ed->is_new) out_note("%s has no config: this is the default one", ed->jail->name);
	ed->text = ed->before;
	sweep_copies(ed);
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
	else op_config_tell_use(&en, &j, ed.before, ed.text);
	return 0;
}

const struct applet edit_applet = {
	.name = "edit",
	.brief = "edit a jail's config",
	.operands = "JAIL",
	.text =
	"The editor is $VISUAL, $EDITOR, 'editor' or nano, and works on a copy. jlmkr\n"
	"checks the result before it replaces the config, and asks first if the result is\n"
	"empty, cut off or lacks keys that were there. The text from before the last\n"
	"change is kept beside the config as .config.before. A jail without a config gets\n"
	"the default one to begin with.\n"
	"\n"
	"Without a terminal nothing is asked: a config that can be read is saved, with a\n"
	"warning for each mistake, unless it is empty, cut off or lacks keys. A text that\n"
	"was not saved is kept beside the config as .config.edit-NUMBER for a week.\n",
	.min = 1,
	.max = 1,
	.needs = NEEDS_DIR | NEEDS_ROOT | NEEDS_OWN_DIR,
	.run = edit_run,
};
