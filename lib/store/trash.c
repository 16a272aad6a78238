#include "lib/store/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/store/removal_impl.h"

int trash_goes_on(const struct trash *t, struct err *e)
{
	const char *name = t->r->name;

	return fail_in(e, "%s is gone, but not all of its files; 'jlmkr remove %s' continues",
	               name, name);
}

/* A read-only file system need not be mounted read-only: zfs-fuse has such datasets. */
int trash_try(const struct store *s, const char *name, struct err *e)
{
	struct hidden h;
	int rc = 0;

	if (hidden_new(s->m, HIDDEN_REMOVE, name, &h, e) < 0) return -1;
	if (mkdirat(s->fd, h.entry, 0700) == 0) unlinkat(s->fd, h.entry, AT_REMOVEDIR);
	else if (errno == EROFS || errno == EPERM || errno == EACCES)
		rc = fail_sys(e, "%s", s->path);
	hidden_done(&h);
	return rc;
}

static int throw_away(struct trash *t, struct err *e)
{
	const struct removal_ops *ops = t->r->ops;
	int rc = ops->hide(t, e);

	if (rc < 0) return -1;
	return rc ? ops->empty(t, e) : ops->destroy(t, e);
}

int trash_jail(const struct store *s, const struct removal *r, struct err *e)
{
	struct trash t = { .store = s, .r = r, .all = -1, .apart = { .m = s->m } };
	int rc = -1;

	if (hidden_new(s->m, HIDDEN_REMOVE, r->name, &t.hidden, e) < 0) return -1;
	if ((t.all = store_lock(s, e)) >= 0) rc = throw_away(&t, e);
	if (t.all >= 0) close(t.all);
	hidden_done(&t.hidden);
	return rc;
}

static bool is_there(const struct store *s, const struct removal *r)
{
	struct stat st;

	return fstatat(s->fd, r->name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == r->dev &&
	       st.st_ino == r->ino;
}

/* Of a dataset its own list tells whether it is the same. */
int trash_in_place(const struct store *s, const struct removal *r, struct err *e)
{
	struct trash t = { .store = s, .r = r, .all = -1, .apart = { .m = s->m } };
	int rc = -1;

	if ((t.all = store_lock(s, e)) < 0) return -1;
	if (r->dataset || is_there(s, r)) rc = r->ops->destroy(&t, e);
	else removal_changed(r, "another directory has its name", e);
	if (t.all >= 0) close(t.all);
	return rc;
}
