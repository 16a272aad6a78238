#include "lib/ops/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/lock.h"
#include "lib/engine/engine.h"
#include "lib/jail/conf.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/nspawn.h"

enum { LOCK_WAIT_MS = 10000 };

static void look_for(struct arena *m, const struct conf_text *t, const char *hook,
                     struct faults *found)
{
	struct split words = { 0 };

	if (word_split(m, t->text, t->line, SPLIT_COMMENTS, &words, NULL) == 0)
		nspawn_missing(&words, hook, found);
}

/* The defaults are what every jail has, whatever this machine is. */
void op_config_missing(struct arena *m, const struct conf *c, bool hooked, struct faults *found)
{
	const char *hook = hooked ? c->pre_start_hook.text : NULL;

	if (c->nspawn_args.line) look_for(m, &c->nspawn_args, hook, found);
	look_for(m, &c->user_args, hook, found);
}

static int by_line(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

void op_config_check(struct arena *m, const char *text, struct faults *found)
{
	struct split run = { 0 };
	struct conf c;

	conf_check(m, text, &c, found);
	if (word_split(m, c.run_args.text, c.run_args.line, SPLIT_COMMENTS, &run, NULL) == 0)
		engine_check_words(m, &run, found);
	op_config_missing(m, &c, true, found);
	if (found->n) qsort(found->v, found->n, sizeof *found->v, by_line);
}

static int lock(const struct host *h, const char *name, struct err *e)
{
	AUTOCLOSE int dir = jail_open(h->dir, name, e);

	if (dir < 0 || lock_take(dir, deadline_in(LOCK_WAIT_MS), name, e) < 0) return -1;
	return take_fd(&dir);
}

static char *read_config(const struct host *h, int dir, struct err *e)
{
	AUTOCLOSE int fd = openat(dir, LAYOUT_CONFIG, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) return fail_sys(e, "open " LAYOUT_CONFIG), NULL;
	return conf_read(h->m, fd, e);
}

int op_config_change(const struct host *h, const char *name, const struct config_change *changes,
                     size_t n, struct err *e)
{
	AUTOCLOSE int dir = lock(h, name, e);
	const char *before = dir < 0 ? NULL : read_config(h, dir, e);
	char *text = before ? arena_strdup(h->m, before) : NULL;

	for (size_t i = 0; text && i < n; i++)
		text = conf_set(h->m, text, changes[i].key, changes[i].value, e);
	if (!text) return -1;
	if (!strcmp(text, before)) return 0;
	return replace_file(dir, LAYOUT_CONFIG, text, strlen(text), 0600, e) < 0 ? -1 : 1;
}

int op_config_replace(const struct host *h, const char *name, const char *before,
                      const char *text, struct err *e)
{
	AUTOCLOSE int dir = lock(h, name, e);
	const char *now = dir < 0 ? NULL : read_config(h, dir, e);

	if (!now) return -1;
	if (strcmp(now, before)) return fail(e, ERR_BUSY, "the config was changed meanwhile");
	return replace_file(dir, LAYOUT_CONFIG, text, strlen(text), 0600, e);
}
