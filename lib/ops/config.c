#include "lib/ops/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/str.h"
#include "lib/disk/mount.h"
#include "lib/engine/engine.h"
#include "lib/jail/conf.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/jail/nspawn.h"

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
	const char *hook = hooked ? arena_printf(m, "%s\n%s", c->pre_start_hook.text, c->run_args.text) : NULL;

	if (c->nspawn_args.line) look_for(m, &c->nspawn_args, hook, found);
	look_for(m, &c->user_args, hook, found);
}

bool op_config_prepares(const struct conf *c)
{
	static const char *const properties[] = { "ExecStartPre", "ExecCondition", "RequiresMountsFor",
		"WantsMountsFor", "Requires", "Wants", "BindsTo", "BindPaths", "BindReadOnlyPaths" };

	for (size_t i = 0; i < sizeof properties / sizeof *properties; i++)
		if (strstr(c->run_args.text, properties[i])) return true;
	return *c->pre_start_hook.text;
}

static int by_line(const void *a, const void *b)
{
	const struct fault *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

void op_config_check(struct arena *m, const char *text, bool here, struct faults *found)
{
	struct split run = { 0 };
	struct conf c;

	conf_check(m, text, &c, found);
	if (word_split(m, c.run_args.text, c.run_args.line, SPLIT_COMMENTS, &run, NULL) == 0)
		engine_check_words(m, &run, found);
	if (here) op_config_missing(m, &c, true, found);
	if (found->n) qsort(found->v, found->n, sizeof *found->v, by_line);
}

/* The jail's lock, and where its config lies: in its directory, usually. */
struct place {
	int lock, dir;
	const char *name;
};

static int open_dir(const char *path, struct err *e)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? fail_sys(e, "open %s", path) : fd;
}

static int follow_link(struct arena *m, struct place *p, struct err *e)
{
	AUTOCLOSE int fd = openat(p->dir, LAYOUT_CONFIG, O_PATH | O_CLOEXEC);
	const char *path, *slash;

	if (fd < 0) return fail_sys(e, "open " LAYOUT_CONFIG);
	if (!(path = mount_fd_path(m, fd, e)))
		return -1;
	slash = strrchr(path, '/');
	p->name = slash + 1;
	close(p->dir);
	p->dir = open_dir(slash == path ? "/" : arena_strndup(m, path, (size_t)(slash - path)), e);
	return p->dir < 0 ? -1 : 0;
}

static void place_close(struct place *p)
{
	if (p->dir >= 0) close(p->dir);
	if (p->lock >= 0) close(p->lock);
}

#define AUTOPLACE __attribute__((cleanup(place_close)))

static int place_open(const struct host *h, const char *name, struct place *p, struct err *e)
{
	struct stat st;

	*p = (struct place){ jail_lock(h->dir, name, e), -1, LAYOUT_CONFIG };
	if (p->lock < 0 || (p->dir = jail_open_own(h->dir, name, e)) < 0) return -1;
	if (fstatat(p->dir, LAYOUT_CONFIG, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return follow_link(h->m, p, e);
	sweep_replaced(p->dir, LAYOUT_CONFIG);
	return 0;
}

static const char *config_path(const struct host *h, const char *name)
{
	return arena_printf(h->m, "%s/" LAYOUT_CONFIG, layout_jail(h->m, h->dir, name));
}

char *op_config_read(const struct host *h, const char *name, struct err *e)
{
	AUTOCLOSE int dir = jail_open_own(h->dir, name, e);

	return dir < 0 ? NULL : conf_read_own(h->m, dir, LAYOUT_CONFIG, config_path(h, name), e);
}

static struct faults find_news(struct arena *m, const char *before, const char *now)
{
	struct faults old = { .m = m }, found = { .m = m };

	op_config_check(m, before, true, &old);
	op_config_check(m, now, true, &found);
	return faults_new(&found, &old);
}

int op_config_change(const struct host *h, const char *name, const struct config_change *changes,
                     size_t n, struct faults *news, struct err *e)
{
	AUTOPLACE struct place p;
	const char *before;
	char *text;

	if (place_open(h, name, &p, e) < 0 ||
	    !(before = conf_read_own(h->m, p.dir, p.name, config_path(h, name), e)))
		return -1;
	text = arena_strdup(h->m, before);
	for (size_t i = 0; text && i < n; i++)
		text = conf_set(h->m, text, changes[i].key, changes[i].value, e);
	if (!text) return -1;
	*news = find_news(h->m, before, text);
	if (str_eq(text, before)) return 0;
	return replace_file(p.dir, p.name, text, strlen(text), 0600, e) < 0 ? -1 : 1;
}

int op_config_replace(const struct host *h, const char *name, const char *before,
                      const char *text, struct err *e)
{
	AUTOPLACE struct place p;
	const char *now;

	if (place_open(h, name, &p, e) < 0 ||
	    !(now = conf_read_own(h->m, p.dir, p.name, config_path(h, name), e)))
		return -1;
	if (!str_eq(now, before)) return fail(e, ERR_BUSY, "the config was changed meanwhile");
	return replace_file(p.dir, p.name, text, strlen(text), 0600, e);
}
