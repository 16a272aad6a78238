#include "lib/ops/copy.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_items.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/copying.h"
#include "lib/ops/remove.h"
#include "lib/ops/source.h"
#include "lib/ops/start.h"
#include "lib/store/snapshot.h"
#include "lib/store/staging.h"
#include "lib/store/store.h"

enum { RECONNECT_TRIES = 3, RECONNECT_MS = 5000 };

/* "handed:1:HOST:NAME"
 *
 * What the mark of a jail that was handed over says, before the name of the other side. TAKEN:
 * that side has it for sure, and what would show it may be gone. */
#define RAN "1:"
#define DID_NOT_RUN "0:"
#define TAKEN "2:"

/* The snapshot of a dataset that is looked into, and what it is cloned as. */
#define LOOK "look-for-move"
#define KIND_LOOK "snapshot:look"

struct moving {
	struct copying c;
	struct engine *en;
	struct jail *jail;
	const struct move_how *how;
	bool ran;
};

static void close_moving(struct moving *v)
{
	copying_close(&v->c);
}

#define AUTOMOVING __attribute__((cleanup(close_moving))) struct moving

/* -- what is in the way -- */

static int look_at_removal(struct moving *v, struct removal *r, struct err *e)
{
	if (v->how->keep) return 0;
	if (jail_refresh(v->jail, e) < 0 || op_remove_look(v->en, v->jail, false, r, e) < 0)
		return fail_in(e, "it could not be removed afterwards");
	jail_leave(v->jail);
	return 0;
}

static int fail_snapshots(const struct moving *v, struct err *e)
{
	return fail(e, ERR_BUSY,
	            "its snapshots would be lost, because they cannot be sent as files: --keep "
	            "keeps them here, 'jlmkr snapshots %s' lists them", v->c.mine.name);
}

static int look_into(const struct store *jails, const char *snapshot, struct err *e)
{
	struct staging w;
	int rc;

	if (staging_begin(jails, LOOK, &w, e) < 0) return -1;
	rc = staging_own(&w, snapshot, e);
	if (rc == 0 && dir_is_empty(w.dir) != 1)
		rc = fail(e, ERR_BUSY, "it has files, and is never mounted, so that they would "
		          "be lost: --keep keeps it here");
	staging_undo(&w);
	staging_close(&w);
	return rc;
}

/* One that is never mounted is there to have others below it, but may have had files before.
 * Its size would not tell of small ones; a clone of it can be mounted. */
static int check_unmounted(struct moving *v, const struct zfs_item *d, struct err *e)
{
	struct arena *m = v->c.m;
	const char *snapshot = arena_printf(m, "%s@" LOOK, d->name);
	AUTOSTORE jails = { .fd = -1 };
	int rc = -1;

	if (v->how->copy.dry_run) return 0;
	if (store_open(m, v->en->host->dir, &jails, e) < 0) return -1;
	/* What a killed run has left is in the way. */
	if (staging_sweep(&jails, e) == 0 && zfs_destroy_one(snapshot, e) == 0 &&
	    zfs_snapshot(snapshot, KIND_LOOK, e) == 0) {
		rc = look_into(&jails, snapshot, e);
		zfs_destroy_one(snapshot, NULL);
	}
	return rc < 0 ? fail_in(e, "the dataset %s", d->name) : 0;
}

static int check_item(struct moving *v, const struct zfs_item *d, struct err *e)
{
	if (d->kind && str_eq(d->kind, KIND_LOOK)) return 0;
	if (zfs_item_is_snapshot(d))
		return fail(e, ERR_BUSY, "the snapshot %s would be lost, because it cannot be "
		            "sent as files: --keep keeps it here", d->name);
	if (source_takes(&v->c.mine, d)) return 0;
	if (str_eq(d->mountpoint, "none")) return check_unmounted(v, d, e);
	return fail(e, ERR_BUSY,
	            "the dataset %s would be lost, because it is not mounted in the root file "
	            "system, whose files are sent: --keep keeps it here", d->name);
}

/* Those below it may have snapshots that the jail has not. */
static int check_below(struct moving *v, struct err *e)
{
	const struct snapshots *s = &v->c.mine;
	struct zfs_items items;

	if (!v->c.here.child) return 0;
	if (zfs_items_read(s->m, s->dataset, &items, e) < 0) return -1;
	for (size_t i = 1; i < items.n; i++)
		if (check_item(v, &items.v[i], e) < 0) return -1;
	return 0;
}

static int check_labels(struct moving *v, struct err *e)
{
	const char *label = copying_lost(&v->c);

	if (!label) return 0;
	return fail(e, ERR_BUSY,
	            "the snapshot %s@%s would be lost, because it cannot be sent any more to "
	            "be one of %s on %s: --keep keeps it here", v->c.mine.name, label, v->c.to,
	            v->c.peer.shown);
}

/* What does not arrive would be removed with the jail. */
static int check_lost(struct moving *v, struct err *e)
{
	struct snapshots s;
	size_t n;

	if (v->how->keep) return 0;
	if (!v->c.by_tree) return check_labels(v, e);
	if (snapshots_open(v->c.m, v->jail, &s, e) < 0 || !snapshots_list(&s, &n, e)) return -1;
	jail_leave(v->jail);
	return n ? fail_snapshots(v, e) : check_below(v, e);
}

static int check(struct moving *v, struct err *e)
{
	AUTOREMOVAL r = { .dir = -1 };

	if (v->jail->is_link)
		return fail(e, ERR_INPUT, "it is a link to %s: move only takes jails that are "
		            "in jails/", v->c.mine.path);
	if (v->c.here.readonly)
		return fail(e, ERR_INPUT, "it is read-only, as a standby is: the jail that it "
		            "is a copy of can be moved");
	if (v->c.there.state == THERE_JAIL)
		return fail(e, ERR_EXISTS, "there is a jail %s on %s already", v->c.to,
		            v->c.peer.shown);
	if (check_lost(v, e) < 0) return -1;
	return look_at_removal(v, &r, e);
}

/* -- handing over -- */

static int start_again(struct moving *v)
{
	struct err why = { 0 };

	signal_forget();
	jail_unlock(v->jail);
	if (v->ran && op_start(v->en, v->jail, &why) < 0)
		out_warn("%s was stopped, and is not started again: %s", v->c.mine.name,
		         why.text);
	return -1;
}

/* The other side does not have it, and it is what it was. */
static int have_back(struct moving *v)
{
	struct err why = { 0 };

	if (copying_unmark(&v->c, &why) < 0)
		out_warn("%s is still read-only: %s; 'jlmkr promote %s' ends that",
		         v->c.mine.name, why.text, v->c.mine.name);
	return start_again(v);
}

static int ask_to_take(struct moving *v, struct err *e)
{
	struct str ask = { .m = v->c.m };
	struct letter answer;

	letter_add(&ask, "takeover", "");
	if (v->ran) letter_add(&ask, "start", "");
	return peer_ask(&v->c.peer, &ask, &answer, e);
}

/* It is there, whatever became of its start. */
static int ask_once_more(struct moving *v, struct err *e)
{
	if (ask_to_take(v, e) == 0) return 0;
	return fail_in(e, "%s is on %s now; 'jlmkr promote %s' takes it back, if it is sure "
	               "not to run there", v->c.mine.name, v->c.peer.shown, v->c.mine.name);
}

/* The connection was cut before the answer came. */
static int ask_again(struct moving *v, struct err *e)
{
	struct copying *c = &v->c;
	struct err why = { 0 };

	signal_forget();
	out_note("asking %s whether it has taken over %s", c->peer.shown, c->to);
	for (int i = 0; copying_reconnect(c, &why) < 0; i++) {
		if (i == RECONNECT_TRIES || why.kind == ERR_INTERRUPTED)
			return fail(e, ERR_NETWORK,
			            "%s; whether %s has taken it over is not known, so it "
			            "cannot be started here: give the same command again, or "
			            "'jlmkr promote %s' if it is sure not to run there",
			            why.text, c->peer.shown, c->mine.name);
		wait_fds(NULL, 0, deadline_in(RECONNECT_MS), NULL);
	}
	if (copying_is_taken(c)) return ask_once_more(v, e);
	fail(e, ERR_NETWORK, "the connection to %s was cut while it was handed over",
	     c->peer.shown);
	return have_back(v);
}

static int set_handed(struct moving *v, const char *how, struct err *e)
{
	const char *mark = arena_printf(v->c.m, ZFS_HANDED "%s%s", how, v->c.told->to);

	return copying_mark(&v->c, mark, e);
}

static int hand_over(struct moving *v, struct err *e)
{
	struct copying *c = &v->c;

	out_busy("handing over");
	if (set_handed(v, v->ran ? RAN : DID_NOT_RUN, e) < 0) return have_back(v);
	/* It cannot be started here any more. The other side may be this machine, too. */
	jail_unlock(v->jail);
	c->locked = false;
	if (ask_to_take(v, e) == 0) return 0;
	if (e->kind == ERR_INTERRUPTED || !c->peer.answers) return ask_again(v, e);
	return have_back(v);
}

/* -- the steps -- */

static int stop_here(struct moving *v, struct err *e)
{
	const struct stop_how how = { .timeout = v->how->timeout };

	if (jail_lock(v->jail, e) < 0) return -1;
	jail_leave(v->jail);
	v->c.locked = true;
	return v->ran && engine_stop(v->en, v->jail, &how, e) < 0 ? -1 : 0;
}

static int copy_all(struct moving *v, struct err *e)
{
	struct copying *c = &v->c;

	c->is_draft = true;
	if (v->ran && copying_standby(c, e) < 0) return -1;
	c->is_draft = false;
	if (stop_here(v, e) < 0 || copying_standby(c, e) < 0) return start_again(v);
	return hand_over(v, e);
}

/* Copies of the jail there can bring it up to date. */
static int keep_here(struct moving *v, struct err *e)
{
	if (copying_mark(&v->c, ZFS_STANDBY, e) < 0)
		return fail_in(e, "it is on %s now, and cannot be started here",
		               v->c.peer.shown);
	copying_tidy(&v->c, false);
	return 0;
}

static int remove_here(struct moving *v, struct err *e)
{
	AUTOREMOVAL r = { .dir = -1 };
	struct copying *c = &v->c;

	if (v->how->keep) return keep_here(v, e);
	if (set_handed(v, TAKEN, e) == 0) {
		copying_tidy(c, true);
		if (look_at_removal(v, &r, e) == 0 &&
		    op_remove(v->en, v->jail, false, &r, v->how->timeout, e) == 0)
			return 0;
	}
	return fail_in(e, "it is on %s now, and stays here as its standby", c->peer.shown);
}

/* An earlier move was cut while it handed the jail over. */
static int go_on(struct moving *v, struct err *e)
{
	struct copying *c = &v->c;
	const char *rest = c->here.kind + strlen(ZFS_HANDED);

	if (strcmp(rest + strlen(RAN), c->told->to))
		return fail(e, ERR_BUSY, "it was handed over to %s", rest + strlen(RAN));
	if (str_starts(rest, TAKEN)) return 0;
	v->ran = str_starts(rest, RAN);
	if (!copying_has_last(c))
		return fail(e, ERR_HOST,
		            "it was to be handed over, but %s does not have it; 'jlmkr promote "
		            "%s' makes it a jail here again", c->peer.shown, c->mine.name);
	return ask_to_take(v, e);
}

static int plan(struct moving *v, struct err *e)
{
	if (copying_standby(&v->c, e) < 0) return -1;
	if (v->ran) words_add(&v->c.told->steps, "then stop it, and send what has changed");
	words_addf(&v->c.told->steps, "then hand it over%s%s",
	           v->ran ? ", start it there" : "",
	           v->how->keep ? ", and keep it here as a standby" : ", and remove it here");
	return 0;
}

int op_move(struct engine *en, struct jail *j, const struct move_how *how,
            struct copy_told *told, struct err *e)
{
	AUTOMOVING v = { .en = en, .jail = j, .how = how, .c.peer = NO_PEER };
	int rc;

	if (copying_open(&v.c, en, j, &how->copy, told, e) < 0) return -1;
	v.c.strict = !how->keep;
	if (v.c.here.kind && str_starts(v.c.here.kind, ZFS_HANDED) && v.c.here.readonly) {
		rc = go_on(&v, e);
	} else {
		if (check(&v, e) < 0) return -1;
		v.ran = jail_runs(engine_state(en, j, NULL, NULL));
		if (how->copy.dry_run) return plan(&v, e);
		rc = copy_all(&v, e);
	}
	return rc < 0 ? -1 : remove_here(&v, e);
}
