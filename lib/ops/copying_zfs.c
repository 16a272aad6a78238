/* The jail as streams of ZFS, where both sides have datasets: a snapshot of ours, and those
 * that are missing there. */

#include "lib/ops/copying_impl.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/disk/zfs_snaps.h"
#include "lib/jail/jail.h"
#include "lib/text/letter.h"

/* -- snapshots of ours -- */

static bool is_of_copy(const struct zfs_replica_snap *s)
{
	return s->kind && str_eq(s->kind, KIND_COPY);
}

/* Of an earlier copy to the same place. */
static bool is_ours(const struct copying *c, const struct zfs_replica_snap *s)
{
	return is_of_copy(s) && str_starts(s->label, c->prefix);
}

const struct zfs_replica_snap *copying_zfs_last(const struct copying *c)
{
	const struct zfs_replica_snap *last = NULL;

	for (size_t i = 0; i < c->here.n; i++)
		if (is_ours(c, &c->here.v[i])) last = &c->here.v[i];
	return last;
}

static int lock(struct copying *c, struct err *e)
{
	if (c->locked) return 0;
	if (jail_lock(c->jail, e) < 0) return -1;
	jail_leave(c->jail);
	return 0;
}

static void unlock(struct copying *c)
{
	if (!c->locked) jail_unlock(c->jail);
}

/* The list here is read again: pointers into it are no longer of use. */
static const struct zfs_replica_snap *make_snapshot(struct copying *c, struct err *e)
{
	struct snapshot_how how = { .why = SNAPSHOT_COPY };
	int rc;

	if (lock(c, e) < 0) return NULL;
	rc = snapshot_make_now(&c->mine, c->prefix, &how, e);
	unlock(c);
	if (rc < 0 || copying_look_here(c, e) < 0) return NULL;
	for (size_t i = 0; i < c->here.n; i++)
		if (str_eq(c->here.v[i].label, how.label)) return &c->here.v[i];
	fail(e, ERR_BUSY, "the snapshot %s@%s was deleted meanwhile", c->mine.name, how.label);
	return NULL;
}

static const struct zfs_replica_snap *find_label(struct copying *c, struct err *e)
{
	struct snapshot found;

	for (size_t i = 0; i < c->here.n; i++)
		if (str_eq(c->here.v[i].label, c->how->label)) return &c->here.v[i];
	snapshot_find(&c->mine, c->how->label, &found, e);
	return NULL;
}

static void drop_there(struct copying *c, const char *label)
{
	struct str ask = { .m = c->m };
	struct letter answer;
	struct err why = { 0 };

	letter_add(&ask, "drop", "");
	letter_add(&ask, "label", label);
	if (peer_ask(&c->peer, &ask, &answer, &why) < 0) out_warn("%s", why.text);
}

/* Whether nobody needs it any more; `other`: what the other side has. One of a copy that is not
 * ours, and is on both sides, is what the jail was moved here by. */
static bool is_spent(const struct copying *c, const struct zfs_replica_snap *s,
                     const struct zfs_replica *other, bool all)
{
	const struct zfs_replica_snap *last = copying_zfs_last(c);

	if (is_ours(c, s)) return all || !last || s->guid != last->guid;
	return is_of_copy(s) && zfs_replica_find(other, s->guid) && last &&
	       zfs_replica_find(&c->there.has, last->guid);
}

void copying_zfs_tidy(struct copying *c, bool all)
{
	const struct zfs_replica *has = &c->there.has;

	if (copying_look_here(c, NULL) < 0 || lock(c, NULL) < 0) return;
	for (size_t i = 0; i < c->here.n; i++)
		if (is_spent(c, &c->here.v[i], has, all))
			zfs_snaps_destroy(c->mine.dataset, c->here.v[i].label, NULL);
	unlock(c);
	for (size_t i = 0; i < has->n; i++)
		if (is_spent(c, &has->v[i], &c->here, all))
			drop_there(c, has->v[i].label);
}

/* -- one stream -- */

struct step {
	const struct zfs_replica_snap *snap, *from;	/* from NULL: in full */
	const char *token;
	uint64_t size;
};

/* About as much as the stream has. */
static uint64_t size_between(const struct copying *c, const struct step *s)
{
	uint64_t size = 0;

	if (!s->from) return s->snap->referenced;
	for (size_t i = 0; i < c->here.n; i++)
		if (c->here.v[i].txg > s->from->txg && c->here.v[i].txg <= s->snap->txg)
			size += c->here.v[i].written;
	return size;
}

static void tell_step(struct copying *c, const struct step *s)
{
	char size[SIZE_ROOM];
	const char *about = arena_printf(c->m, ", about %s", size_text(s->size, size));
	const char *rest = s->token ? ", the rest of it" : "";

	if (!s->size) about = "";
	if (s->from)
		words_addf(&c->told->steps, "%s@%s, from %s on%s%s", c->mine.name,
		           s->snap->label, s->from->label, rest, about);
	else
		words_addf(&c->told->steps, "%s@%s, in full%s%s", c->mine.name, s->snap->label,
		           rest, about);
}

static int send_step(struct copying *c, const struct step *s, struct err *e)
{
	const struct zfs_send how = {
		.dataset = c->mine.dataset, .label = s->snap->label, .token = s->token,
		.from = s->from ? s->from->label : NULL, .is_open = c->is_open,
		.raw = c->how->raw,
	};
	struct peer_stream stream = {
		.what = "sending", .total = s->size, .limit = c->how->limit,
		.raw = c->how->raw,
	};
	AUTOCHILD zfs = NO_CHILD;
	struct str ask = { .m = c->m };
	int rc;

	letter_add(&ask, "receive", "");
	letter_add(&ask, "label", s->snap->label);
	letter_add_number(&ask, "guid", s->snap->guid);
	letter_add_number(&ask, "from", s->from ? s->from->guid : 0);
	/* A jail of its own does not keep it. */
	if (c->how->refresh && s->snap->kind && str_starts(s->snap->kind, "snapshot:"))
		letter_add(&ask, "why", strchr(s->snap->kind, ':') + 1);
	if (zfs_send_start(c->m, &how, &zfs, e) < 0) return -1;
	rc = peer_send(&c->peer, &ask, &zfs, ZFS_BEGIN, &stream, e);
	c->told->bytes += stream.done;
	return rc;
}

/* -- a jail of its own -- */

static bool may_be_sent(const struct copying *c, const struct zfs_replica_snap *s)
{
	return c->how->label ? str_eq(s->label, c->how->label) : is_ours(c, s);
}

/* Go on with what an earlier run has begun: 1, and 2 if all of it is there. */
static int find_begun(struct copying *c, struct step *s)
{
	const struct zfs_replica *has = &c->there.has;

	for (size_t i = c->here.n; i-- > 0;) {
		s->snap = &c->here.v[i];
		if (!may_be_sent(c, s->snap)) continue;
		if (has->n == 1 && has->v[0].guid == s->snap->guid && !has->token) return 2;
		if (!has->n && has->token && c->is_open &&
		    zfs_token_is_of(c->m, has->token, s->snap->guid, 0, false, &s->size)) {
			s->token = has->token;
			return 1;
		}
	}
	s->snap = NULL;
	return 0;
}

static int choose_whole(struct copying *c, struct step *s, struct err *e)
{
	static const struct zfs_replica_snap now = { .label = "(now)" };

	if (c->how->label) s->snap = find_label(c, e);
	else s->snap = c->how->dry_run ? &now : make_snapshot(c, e);
	if (!s->snap) return -1;
	s->size = s->snap == &now ? c->here.referenced : s->snap->referenced;
	return 0;
}

int copying_zfs_whole(struct copying *c, struct err *e)
{
	struct step s = { .snap = NULL };
	int begun = c->there.state == THERE_PART ? find_begun(c, &s) : 0;

	if (begun == 2) return 0;
	if (begun) out_note("going on with %s@%s", c->mine.name, s.snap->label);
	else if (c->there.state == THERE_PART && !c->how->dry_run && copying_discard(c, e) < 0)
		return -1;
	if (!begun && choose_whole(c, &s, e) < 0) return -1;
	tell_step(c, &s);
	return c->how->dry_run ? 0 : send_step(c, &s, e);
}

/* -- a standby -- */

/* The newest snapshot that both have; NULL: none. */
static const struct zfs_replica_snap *find_base(const struct copying *c)
{
	for (size_t i = c->here.n; i-- > 0;)
		if (zfs_replica_find(&c->there.has, c->here.v[i].guid)) return &c->here.v[i];
	return NULL;
}

static bool is_taken_there(const struct copying *c, const struct zfs_replica_snap *s)
{
	for (size_t i = 0; i < c->there.has.n; i++)
		if (str_eq(c->there.has.v[i].label, s->label)) return true;
	return false;
}

const char *copying_lost(const struct copying *c)
{
	const struct zfs_replica_snap *base = find_base(c);

	for (size_t i = 0; i < c->here.n; i++) {
		const struct zfs_replica_snap *s = &c->here.v[i];

		if (is_of_copy(s) || zfs_replica_find(&c->there.has, s->guid)) continue;
		if ((base && s->txg < base->txg) || is_taken_there(c, s)) return s->label;
	}
	return NULL;
}

/* Each snapshot that is not there, up to `last`. Those of other copies are of no use there. */
static bool is_wanted(const struct copying *c, const struct zfs_replica_snap *s,
                      const struct zfs_replica_snap *base, const struct zfs_replica_snap *last)
{
	if ((base && s->txg <= base->txg) || s->txg > last->txg) return false;
	if (s == last) return true;
	if (is_of_copy(s)) return false;
	if (!is_taken_there(c, s)) return true;
	out_warn("%s has another snapshot %s@%s: ours is not sent", c->peer.shown, c->to,
	         s->label);
	return false;
}

/* A stream that was cut comes first. */
static int resume(struct copying *c, const struct zfs_replica_snap **base, struct err *e)
{
	struct step s = { .from = *base, .token = c->there.has.token };

	if (!s.token) return 0;
	for (size_t i = c->here.n; c->is_open && i-- > 0;) {
		s.snap = &c->here.v[i];
		if (*base && s.snap->txg <= (*base)->txg) break;
		if (!zfs_token_is_of(c->m, s.token, s.snap->guid, *base ? (*base)->guid : 0,
		                     c->how->raw, &s.size))
			continue;
		tell_step(c, &s);
		out_note("going on with %s@%s", c->mine.name, s.snap->label);
		if (!c->how->dry_run && send_step(c, &s, e) < 0) return -1;
		*base = s.snap;
		return 0;
	}
	if (c->how->dry_run) return 0;
	if (copying_discard(c, e) < 0) return -1;
	*base = find_base(c);
	return 0;
}

static int send_all(struct copying *c, const struct zfs_replica_snap *base,
                    const struct zfs_replica_snap *last, struct err *e)
{
	struct step s = { .from = base };

	for (size_t i = 0; i < c->here.n; i++) {
		s.snap = &c->here.v[i];
		if (!is_wanted(c, s.snap, s.from, last)) continue;
		s.size = size_between(c, &s);
		tell_step(c, &s);
		if (!c->how->dry_run && send_step(c, &s, e) < 0) return -1;
		s.from = s.snap;
	}
	return 0;
}

/* As the jail is now, which has no snapshot yet. */
static int plan_now(struct copying *c, const struct zfs_replica_snap *base, struct err *e)
{
	struct zfs_replica_snap now = {
		.label = "(now)", .txg = UINT64_MAX, .referenced = c->here.referenced,
		.written = c->here.written,
	};

	c->here.v = memcpy(arena_array(c->m, c->here.n + 1, sizeof now), c->here.v,
	                   c->here.n * sizeof now);
	c->here.v[c->here.n++] = now;
	return send_all(c, base, &c->here.v[c->here.n - 1], e);
}

static int check_there(struct copying *c, struct err *e)
{
	if (c->there.state == THERE_STANDBY && !find_base(c))
		return fail(e, ERR_HOST,
		            "no snapshot of %s is also on %s, to begin with; if %s there can "
		            "go, remove it, and copy again", c->mine.name, c->peer.shown,
		            c->to);
	if (c->there.state == THERE_PART && c->there.has.n &&
	    (!find_base(c) || c->there.has_own_key != c->how->raw))
		return c->how->dry_run ? 0 : copying_discard(c, e);
	return 0;
}

int copying_zfs_missing(struct copying *c, struct err *e)
{
	const struct zfs_replica_snap *last = NULL, *base;
	uint64_t guid;

	if (check_there(c, e) < 0) return -1;
	/* Not what somebody else has made since: ours tells later who has the jail. */
	if (c->how->label) last = find_label(c, e);
	else if (!c->how->dry_run) last = make_snapshot(c, e);
	if (!last && (c->how->label || !c->how->dry_run)) return -1;
	base = find_base(c);
	guid = base ? base->guid : 0;
	if (resume(c, &base, e) < 0) return -1;
	if (!last) return plan_now(c, base, e);
	if (last->guid == guid)
		out_note("%s has %s@%s already", c->peer.shown, c->mine.name, last->label);
	return send_all(c, base, last, e);
}
