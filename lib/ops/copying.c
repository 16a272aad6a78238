#include "lib/ops/copying.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/size.h"
#include "lib/disk/zfs_snaps.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/look.h"
#include "lib/jail/standby.h"
#include "lib/text/letter.h"

enum { MACHINE_ID_MAX = 100 };

#define KIND_COPY "snapshot:" SNAPSHOT_COPY

/* -- what there is -- */

static const char *prefix_of(struct arena *m, const struct copy_how *how, const char *to)
{
	const char *target = arena_printf(m, "%s:%s", how->peer.machine, to);
	uint32_t hash = 2166136261u;	/* FNV-1a */

	for (; *target; target++)
		hash = (hash ^ (unsigned char)*target) * 16777619u;
	return arena_printf(m, "copy-%08" PRIx32 "-", hash);
}

static int look_here(struct copying *c, struct err *e)
{
	return zfs_replica_read(c->m, c->mine.dataset, c->is_open, &c->here, e);
}

/* Where the mark of a standby that is a tree is. */
static int open_marked(const struct copying *c, struct err *e)
{
	int dir = open(c->jail->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? fail_sys(e, "open %s", c->jail->path) : dir;
}

/* That of a dataset is read with its snapshots. */
static void look_at_mark(struct copying *c)
{
	AUTOCLOSE int dir = open_marked(c, NULL);
	struct standby s;

	if (dir < 0 || !standby_read(c->m, dir, &s)) return;
	c->is_marked = true;
	c->here.kind = s.kind;
	c->here.readonly = true;
	c->id = s.id;
}

/* It stays the same when the jail is renamed or moved. */
static const char *find_machine(struct copying *c)
{
	int rootfs = jail_rootfs(c->jail, NULL);
	char *text = rootfs < 0 ? NULL :
		     look_read(c->m, rootfs, "/etc/machine-id", MACHINE_ID_MAX, NULL);

	if (text) text[strcspn(text, "\n")] = 0;
	return text && letter_is_token(text) ? text : "";
}

static int open_here(struct copying *c, struct err *e)
{
	if (jail_check_own(c->jail, e) < 0) return -1;
	c->mine = (struct snapshots){ .m = c->m, .name = c->jail->name, .path = c->jail->path };
	if (!c->jail->has_linked_rootfs && snapshots_open(c->m, c->jail, &c->mine, e) < 0)
		return -1;
	look_at_mark(c);
	c->machine = find_machine(c);
	c->is_open = c->mine.dataset && zfs_is_open(c->m, c->mine.dir);
	/* An open directory keeps a dataset busy. */
	jail_leave(c->jail);
	c->mine.dir = -1;
	return c->mine.dataset && !c->is_marked ? look_here(c, e) : 0;
}

static int read_snap(struct copying *c, const char *text, struct zfs_replica_snap *s,
                     struct err *e)
{
	const char *first = strchr(text, ' '), *second = first ? strchr(first + 1, ' ') : NULL;

	if (second && letter_is_label(second + 1) &&
	    letter_is_number(arena_strndup(c->m, text, (size_t)(first - text)), &s->guid)) {
		s->label = second + 1;
		s->kind = str_starts(first, " copy ") ? KIND_COPY : NULL;
		return 0;
	}
	return fail(e, ERR_NETWORK, "%s: its list of snapshots makes no sense", c->peer.shown);
}

static int read_state(struct copying *c, const struct letter *l, struct err *e)
{
	static const char *const states[] = { "none", "part", "standby", "jail" };
	const char *state = letter_get(l, "state"), *zfs = letter_get(l, "zfs");

	c->there.is_open = zfs && str_eq(zfs, "open");
	c->there.has_zfs = zfs && strcmp(zfs, "none");
	/* A stream is that of one dataset; a tree has those below it as directories. */
	c->by_tree = !c->mine.dataset || !c->there.has_zfs || c->is_marked || c->here.child;
	c->there.id = letter_get(l, "id");
	c->there.from = letter_get(l, "from");
	c->there.of = letter_get(l, "of");
	c->there.machine = letter_get(l, "machine");
	c->there.self = letter_get(l, "self");
	for (size_t i = 0; state && i < sizeof states / sizeof *states; i++)
		if (str_eq(state, states[i])) return c->there.state = (enum there_state)i, 0;
	return fail(e, ERR_NETWORK, "%s: what it has makes no sense", c->peer.shown);
}

static int look_there(struct copying *c, struct err *e)
{
	struct str ask = { .m = c->m };
	struct zfs_replica *has = &c->there.has;
	struct letter l;

	letter_add(&ask, "look", "");
	letter_add(&ask, "name", c->to);
	letter_add(&ask, "from", copying_sender(c->m));
	if (peer_ask(&c->peer, &ask, &l, e) < 0 || read_state(c, &l, e) < 0) return -1;
	*has = (struct zfs_replica){ .v = arena_array(c->m, l.n + 1, sizeof *has->v) };
	has->token = letter_get(&l, "token");
	if (has->token && !letter_is_token(has->token)) has->token = NULL;
	for (size_t i = 0; i < l.n; i++)
		if (str_eq(l.v[i].key, "snap") &&
		    read_snap(c, l.v[i].value, &has->v[has->n++], e) < 0)
			return -1;
	return 0;
}

int copying_reconnect(struct copying *c, struct err *e)
{
	peer_close(&c->peer);
	if (peer_open(c->m, c->en->host, &c->how->peer, &c->peer, e) < 0) return -1;
	return look_there(c, e);
}

int copying_open(struct copying *c, struct engine *en, struct jail *j,
                 const struct copy_how *how, struct copy_told *told, struct err *e)
{
	*c = (struct copying){
		.en = en, .m = en->m, .jail = j, .how = how, .told = told, .peer = NO_PEER,
		.to = how->to ? how->to : j->name,
	};
	c->prefix = prefix_of(c->m, how, c->to);
	told->to = arena_printf(c->m, "%s:%s", how->peer.machine, c->to);
	told->steps.m = c->m;
	if (open_here(c, e) < 0) return -1;
	return copying_reconnect(c, e);
}

void copying_close(struct copying *c)
{
	out_progress_end();
	peer_close(&c->peer);
}

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

/* The newest snapshot here that was made for this; NULL: none. */
static const struct zfs_replica_snap *last_of_ours(const struct copying *c)
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
	if (rc < 0 || look_here(c, e) < 0) return NULL;
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

static int say(struct copying *c, const char *what, struct err *e)
{
	struct str ask = { .m = c->m };
	struct letter answer;

	letter_add(&ask, what, "");
	return peer_ask(&c->peer, &ask, &answer, e);
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
	const struct zfs_replica_snap *last = last_of_ours(c);

	if (is_ours(c, s)) return all || !last || s->guid != last->guid;
	return is_of_copy(s) && zfs_replica_find(other, s->guid) && last &&
	       zfs_replica_find(&c->there.has, last->guid);
}

/* What is in use is left for the next time. */
void copying_tidy(struct copying *c, bool all)
{
	const struct zfs_replica *has = &c->there.has;

	if (c->by_tree) {
		/* That it has taken the jail over need not be known any more. */
		if (c->id) say(c, "drop", NULL);
		return;
	}
	if (look_here(c, NULL) < 0 || lock(c, NULL) < 0) return;
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
	};
	struct peer_stream stream = {
		.what = "sending", .total = s->size, .limit = c->how->limit,
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

static int finish(struct copying *c, bool standby, struct err *e)
{
	struct str ask = { .m = c->m };
	struct letter answer;

	letter_add(&ask, "finish", "");
	letter_add(&ask, "jail", c->mine.name);
	letter_add(&ask, "machine", c->machine);
	if (standby) letter_add(&ask, "standby", c->by_tree ? c->id : "");
	return peer_ask(&c->peer, &ask, &answer, e);
}

static int discard(struct copying *c, struct err *e)
{
	out_note("what %s has of an earlier copy does not fit any more: it begins anew",
	         c->peer.shown);
	return say(c, "discard", e) < 0 ? -1 : look_there(c, e);
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
		    zfs_token_is_of(c->m, has->token, s->snap->guid, 0, &s->size)) {
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

static int send_whole(struct copying *c, struct err *e)
{
	struct step s = { .snap = NULL };
	int begun = c->there.state == THERE_PART ? find_begun(c, &s) : 0;

	if (begun == 2) return 0;
	if (begun) out_note("going on with %s@%s", c->mine.name, s.snap->label);
	else if (c->there.state == THERE_PART && !c->how->dry_run && discard(c, e) < 0)
		return -1;
	if (!begun && choose_whole(c, &s, e) < 0) return -1;
	tell_step(c, &s);
	return c->how->dry_run ? 0 : send_step(c, &s, e);
}

/* With such a config it never becomes a jail there: the next copy is of what it is then. */
static int give_up_unfit(struct copying *c, const struct err *e)
{
	if (!c->peer.answers || (e->kind != ERR_INPUT && e->kind != ERR_UNTRUSTED)) return -1;
	if (say(c, "discard", NULL) == 0) copying_tidy(c, true);
	c->told->bytes = 0;
	return -1;
}

int copying_another(struct copying *c, struct err *e)
{
	if (c->there.state == THERE_JAIL || c->there.state == THERE_STANDBY)
		return fail(e, ERR_EXISTS, "there is a jail %s on %s already%s", c->to,
		            c->peer.shown, c->there.state == THERE_STANDBY ?
		            ", a standby: --refresh brings it up to date" : "");
	if (c->by_tree && c->how->dry_run) return copying_plan_tree(c, e);
	/* Also if all of it is there: of which jail and which moment, is seen by that. */
	if ((c->by_tree ? copying_send_tree(c, e) : send_whole(c, e)) < 0) return -1;
	if (c->how->dry_run) return 0;
	out_busy("finishing");
	if (finish(c, false, e) < 0) return give_up_unfit(c, e);
	c->there.has.n = 0;
	copying_tidy(c, true);
	return 0;
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
		                     &s.size))
			continue;
		tell_step(c, &s);
		out_note("going on with %s@%s", c->mine.name, s.snap->label);
		if (!c->how->dry_run && send_step(c, &s, e) < 0) return -1;
		*base = s.snap;
		return 0;
	}
	if (c->how->dry_run) return 0;
	if (discard(c, e) < 0) return -1;
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
	if (c->there.state == THERE_JAIL)
		return fail(e, ERR_EXISTS, "%s on %s is a jail and no standby", c->to,
		            c->peer.shown);
	if (c->there.state == THERE_STANDBY && !find_base(c))
		return fail(e, ERR_HOST,
		            "no snapshot of %s is also on %s, to begin with; if %s there can "
		            "go, remove it, and copy again", c->mine.name, c->peer.shown,
		            c->to);
	if (c->there.state == THERE_PART && c->there.has.n && !find_base(c))
		return c->how->dry_run ? 0 : discard(c, e);
	return 0;
}

static int send_missing(struct copying *c, struct err *e)
{
	const struct zfs_replica_snap *last = NULL, *base;
	uint64_t guid;

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

static int set_id(struct copying *c, struct err *e)
{
	uint64_t n[2];

	if (c->id) return 0;
	if (getrandom(n, sizeof n, 0) != sizeof n) return fail_sys(e, "getrandom");
	c->id = arena_printf(c->m, "%016" PRIx64 "%016" PRIx64, n[0], n[1]);
	return 0;
}

/* By its name, or, if it was renamed or moved, as a machine. */
static bool is_of_another(const struct copying *c)
{
	const struct there *t = &c->there;

	if (!t->of || !*t->of || !t->from || !t->machine) return false;
	if (str_eq(t->of, c->mine.name) && str_eq(t->from, copying_sender(c->m))) return false;
	return !*c->machine || strcmp(t->machine, c->machine);
}

/* A standby of one kind is not brought up to date by the other one. */
static int check_tree(const struct copying *c, struct err *e)
{
	if (c->there.state == THERE_JAIL)
		return fail(e, ERR_EXISTS, "%s on %s is a jail and no standby", c->to,
		            c->peer.shown);
	if (c->there.state == THERE_STANDBY && is_of_another(c))
		return fail(e, ERR_EXISTS,
		            "%s on %s is a standby of another jail, which is called %s; if it "
		            "can go, remove it, and copy again", c->to, c->peer.shown,
		            c->there.of);
	if (c->there.state != THERE_STANDBY || c->there.id) return 0;
	return fail(e, ERR_HOST, "%s on %s has come as a stream of ZFS, and this is not "
	            "possible any more; if %s there can go, remove it, and copy again", c->to,
	            c->peer.shown, c->to);
}

static int standby_tree(struct copying *c, struct err *e)
{
	if (check_tree(c, e) < 0) return -1;
	if (c->how->dry_run) return copying_plan_tree(c, e);
	if (set_id(c, e) < 0 || copying_send_tree(c, e) < 0) return -1;
	out_busy("finishing");
	return finish(c, true, e) < 0 ? -1 : look_there(c, e);
}

int copying_standby(struct copying *c, struct err *e)
{
	if (c->by_tree) return standby_tree(c, e);
	if (check_there(c, e) < 0 || send_missing(c, e) < 0) return -1;
	if (c->how->dry_run) return 0;
	if (c->there.state != THERE_STANDBY && finish(c, true, e) < 0) return -1;
	if (look_there(c, e) < 0) return -1;
	copying_tidy(c, false);
	return 0;
}

/* -- moved -- */

int copying_mark(struct copying *c, const char *kind, struct err *e)
{
	const struct standby mark = {
		.kind = kind, .id = c->id, .from = c->there.self ? c->there.self : "",
		.of = c->to, .machine = c->machine,
	};
	AUTOCLOSE int dir = -1;

	if (!c->by_tree) return zfs_set_standby(c->mine.dataset, kind, e);
	return (dir = open_marked(c, e)) < 0 ? -1 : standby_set(dir, &mark, e);
}

int copying_unmark(struct copying *c, struct err *e)
{
	AUTOCLOSE int dir = -1;

	if (!c->by_tree) return zfs_end_standby(c->mine.dataset, e);
	return (dir = open_marked(c, e)) < 0 ? -1 : standby_end(dir, false, e);
}

bool copying_has_last(const struct copying *c)
{
	const struct zfs_replica_snap *last = c->by_tree ? NULL : last_of_ours(c);

	if (c->there.state != THERE_JAIL && c->there.state != THERE_STANDBY) return false;
	if (c->by_tree) return c->there.id && c->id && str_eq(c->there.id, c->id);
	return last && zfs_replica_find(&c->there.has, last->guid);
}

bool copying_is_taken(const struct copying *c)
{
	return c->there.state == THERE_JAIL && copying_has_last(c);
}
