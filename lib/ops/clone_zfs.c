#include "lib/ops/clone_zfs.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/disk/lock.h"
#include "lib/disk/passes.h"
#include "lib/disk/tree.h"
#include "lib/disk/zfs_below.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/standby.h"
#include "lib/ops/clone.h"
#include "lib/ops/second.h"
#include "lib/store/clone.h"
#include "lib/store/rollback.h"
#include "lib/store/snapshot.h"
#include "lib/store/store.h"

static const char *label_of(const struct clone_note *note)
{
	return strchr(note->origin, '@') + 1;
}

/* -- what is left to do once it has its name -- */

/* What came with the dataset, and is not for another jail to go on with. */
static int drop_unfinished(const struct clone *c, struct err *e)
{
	int dir = c->dir;

	if (rollback_is_begun(dir))
		return fail(e, ERR_INPUT, "the snapshot %s is from the middle of a rollback: "
		            "clone another one", c->note.origin);
	if (passes_settle(dir, e) < 0) return -1;
	standby_forget(dir);
	passes_forget_list(dir);
	return passes_delete(dir, e) < 0 ? -1 : standby_end(dir, false, e);
}

static int complete(const struct clone *c, const struct zfs_below *below, struct err *e)
{
	const struct second second = {
		.from = c->note.from, .to = c->name, .shown = c->note.from,
	};

	if (clone_below(c, below, e) < 0 || drop_unfinished(c, e) < 0) return -1;
	if (second_renew(c->jails->m, c->dir, &second, e) < 0) return -1;
	/* A sync of jails/ could write that the note is gone, and nothing of this. */
	if (tree_sync(c->dir, e) < 0) return -1;
	clone_forget(c->jails, c->name);
	return 0;
}

/* -- its origin -- */

/* A snapshot that an earlier clone was made from, and that none needs any more. ZFS refuses to
 * destroy it if something outside of the store is a clone of it. */
static void drop_unused(const struct snapshots *of, const struct store *jails,
                        const char *label)
{
	static char *const none[] = { NULL };
	const struct snapshot old = { .label = label, .clones = none };
	const char *name = arena_printf(of->m, "%s@%s", of->dataset, label);

	if (!store_has_clone(jails, name)) snapshot_drop(of, &old, NULL);
}

static int make_origin(const struct snapshots *of, const struct store *jails,
                       const struct words *earlier, const char **label, struct err *e)
{
	struct snapshot_how how = { .why = SNAPSHOT_CLONE };

	for (size_t i = 0; i < earlier->n; i++)
		drop_unused(of, jails, earlier->v[i]);
	if (snapshot_make_now(of, "clone-", &how, e) < 0) return -1;
	*label = how.label;
	return 0;
}

/* -- all of it -- */

/* The usual case is one command: only if that fails is the snapshot looked for. */
static int begin(const struct snapshots *of, const struct store *jails,
                 const struct clone_how *how, const struct clone_note *note, struct clone *c,
                 struct err *e)
{
	struct snapshot found;

	if (clone_begin(jails, how->to, note, c, e) == 0) return 0;
	if (how->label && snapshot_find(of, how->label, &found, NULL) < 0)
		snapshot_find(of, how->label, &found, e);
	return -1;
}

static int clone_of_label(const struct snapshots *of, const struct store *jails,
                          const struct clone_how *how, const char *label, bool has_below,
                          struct err *e)
{
	const struct clone_note note = { of->name, arena_printf(of->m, "%s@%s", of->dataset,
	                                                        label) };
	AUTOCLONE c = NO_CLONE;
	struct zfs_below below = { .n = 0 };
	AUTOLOCK int lock = -1;

	if (has_below && (zfs_below_read(of->m, of->dataset, label, &below, e) < 0 ||
	                  zfs_below_check_clone(&below, e) < 0))
		return -1;
	if ((lock = jail_lock_name(how->to, e)) < 0) return -1;
	if (begin(of, jails, how, &note, &c, e) < 0) return -1;
	if (complete(&c, &below, e) == 0) return 0;
	clone_undo(&c);
	return -1;
}

int clone_zfs(struct engine *en, const struct snapshots *of, const struct store *jails,
              const struct clone_how *how, const char **label, struct err *e)
{
	struct words earlier = { .m = en->m };
	bool has_below = snapshot_zfs_look(of, jails->listed, SNAPSHOT_CLONE, &earlier);

	*label = how->label;
	if (!how->label && make_origin(of, jails, &earlier, label, e) < 0) return -1;
	if (clone_of_label(of, jails, how, *label, has_below, e) == 0) return 0;
	if (!how->label) snapshot_delete(of, *label, NULL);
	return -1;
}

/* -- one that was interrupted -- */

/* With the lock of its name. */
static int complete_found(struct clone *c, struct err *e)
{
	struct arena *m = c->jails->m;
	const char *of = arena_strndup(m, c->note.origin, strcspn(c->note.origin, "@"));
	struct zfs_below below;

	out_verbose("finishing %s, a clone of %s@%s that was interrupted", c->name,
	            c->note.from, label_of(&c->note));
	if (zfs_below_read(m, of, label_of(&c->note), &below, e) < 0) return -1;
	second_sweep(c->dir);
	return complete(c, &below, e);
}

static int settle(const struct store *jails, const char *name, struct clone *c, struct err *e)
{
	int rc = clone_find(jails, name, c, e);

	if (rc > 0 && complete_found(c, e) < 0) rc = -1;
	return rc < 0 ? fail_in(e, "finishing %s, a clone of %s", name, c->note.from) : rc;
}

int clone_zfs_resume(struct arena *m, const struct store *jails, const char *name,
                     const char **from, const char **label, struct err *e)
{
	AUTOCLONE c = NO_CLONE;
	AUTOLOCK int lock = -1;
	int rc;

	if (!clone_is_begun(m, jails->fd, name, &c.note)) return 0;
	/* Who makes it has this lock. */
	if ((lock = jail_lock_name(name, e)) < 0) return -1;
	if ((rc = settle(jails, name, &c, e)) <= 0) return rc;
	*from = c.note.from;
	*label = label_of(&c.note);
	return 1;
}

int op_clone_settle(struct engine *en, struct jail *j, struct err *e)
{
	AUTOSTORE jails = { .fd = -1 };
	AUTOCLONE c = NO_CLONE;

	if (!clone_is_begun(en->m, j->jails, j->name, &c.note) ||
	    jail_runs(engine_state(en, j, NULL, NULL)))
		return 0;
	if (jail_check_own(j, e) < 0 || store_look(en->m, en->host->dir, &jails, e) < 0)
		return -1;
	return settle(&jails, j->name, &c, e) < 0 ? -1 : 0;
}

int op_clone_settle_now(struct engine *en, struct jail *j, struct err *e)
{
	struct clone_note note;
	int rc;

	if (jail_dir(j, NULL) < 0 || !clone_is_begun(en->m, j->jails, j->name, &note)) return 0;
	if (jail_lock(j, e) < 0) return -1;
	rc = op_clone_settle(en, j, e);
	jail_unlock(j);
	return rc;
}
