#include "lib/store/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/store/clone.h"
#include "lib/store/incoming.h"
#include "lib/store/store_impl.h"

/* -- leftovers of killed runs -- */

void store_warn_unmarked(const char *what)
{
	out_warn("%s has the name of an unfinished jail, but was not made by jlmkr: left alone",
	         what);
}

static int sweep_kind(const struct store *s, const struct store_ops *ops, struct err *e)
{
	struct words found = { .m = s->m };

	if (ops->list(s, &found, e) < 0) return -1;
	for (size_t i = 0; i < found.n; i++) {
		struct hidden h;

		clone_sweep(s, found.v[i]);
		if (!hidden_parse(s->m, found.v[i], &h) || hidden_lock(&h, h.entry, NULL) < 0)
			continue;
		if (h.kind == HIDDEN_RECEIVE) incoming_sweep(s, &h);
		else ops->sweep(s, &h);
		hidden_done(&h);
		if (check_signal(e) < 0) return -1;
	}
	return 0;
}

int staging_sweep(const struct store *s, struct err *e)
{
	if (s->ops != &store_dir && sweep_kind(s, s->ops, e) < 0) return -1;
	return sweep_kind(s, &store_dir, e);
}

static bool is_rest_of(const struct store *s, const char *entry, const char *name)
{
	struct hidden h;

	return hidden_parse(s->m, entry, &h) && h.kind == HIDDEN_REMOVE && str_eq(h.name, name);
}

static bool has_rest(const struct store *s, const struct store_ops *ops, const char *name)
{
	struct words found = { .m = s->m };

	if (ops->list(s, &found, NULL) < 0) return false;
	for (size_t i = 0; i < found.n; i++)
		if (is_rest_of(s, found.v[i], name)) return true;
	return false;
}

bool staging_has_rest(const struct store *s, const char *name)
{
	return has_rest(s, &store_dir, name) ||
	       (s->ops != &store_dir && has_rest(s, s->ops, name));
}

/* -- a jail that is being created -- */

static int make_hidden(struct staging *w, struct err *e)
{
	const struct store *s = w->jails;

	if (mkdirat(s->fd, w->hidden.entry, 0700) < 0)
		return fail_sys(e, "create %s", w->hidden.entry);
	w->dir = store_open_entry(s, w->hidden.entry, e);
	if (w->dir >= 0 && s->ops->mark(&w->hidden, w->dir, e) == 0) return 0;
	store_remove_point(s, w->hidden.entry, NULL);
	return -1;
}

/* A killed run can have it still for a moment: until the process that unpacks is gone, too. */
enum { NAME_MS = 2000 };

int staging_begin(const struct store *s, const char *name, struct staging *w, struct err *e)
{
	AUTOCLOSE int all = -1;

	*w = (struct staging){
		.jails = s, .name = name, .dir = -1, .alone = -1, .hidden = { .lock = -1 },
	};
	/* Before the lock of the store, which whoever has the name may still need. */
	if ((w->alone = hidden_lock_name(s->fd, name, deadline_in(NAME_MS), e)) < 0) return -1;
	if ((all = store_lock(s, e)) >= 0 && store_check_entry(s, name, e) == 0 &&
	    store_check_name(s, name, e) == 0 &&
	    hidden_new(s->m, HIDDEN_CREATE, name, &w->hidden, e) == 0 && make_hidden(w, e) == 0)
		return 0;
	staging_close(w);
	return -1;
}

int staging_own(struct staging *w, const char *origin, struct err *e)
{
	return w->jails->ops->own(w, origin, e);
}

int staging_finish(struct staging *w, struct err *e)
{
	const struct store *s = w->jails;
	AUTOCLOSE int all = -1;

	if (s->ops->sync(w, e) < 0) return -1;
	if ((all = store_lock(s, e)) < 0 || store_check_entry(s, w->name, e) < 0) return -1;
	return s->ops->finish(w, e);
}

/* The signal that brought us here must not stop the clean-up. A second one does. */
void staging_undo(struct staging *w)
{
	struct err why = { 0 };

	signal_forget();
	if (w->dir >= 0) close(take_fd(&w->dir));
	if (w->jails->ops->undo(w, &why) == 0) hidden_done(&w->hidden);
	else out_warn("the unfinished jail %s is still there; the next create deletes it: %s",
	              w->name, why.text);
}

void staging_close(struct staging *w)
{
	if (w->dir >= 0) close(take_fd(&w->dir));
	hidden_done(&w->hidden);
	hidden_unlock_name(&w->alone);
}
