#include "lib/ops/copying_impl.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/jail/look.h"
#include "lib/jail/standby.h"
#include "lib/ops/clone_zfs.h"
#include "lib/text/letter.h"

enum { MACHINE_ID_MAX = 100 };

/* -- what there is -- */

static const char *prefix_of(struct arena *m, const struct copy_how *how, const char *to)
{
	const char *target = arena_printf(m, "%s:%s", how->peer.machine, to);
	uint32_t hash = 2166136261u;	/* FNV-1a */

	for (; *target; target++)
		hash = (hash ^ (unsigned char)*target) * 16777619u;
	return arena_printf(m, "copy-%08" PRIx32 "-", hash);
}

int copying_look_here(struct copying *c, struct err *e)
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
	return c->mine.dataset && !c->is_marked ? copying_look_here(c, e) : 0;
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
	c->there.is_encrypted = letter_get(l, "encrypted") != NULL;
	c->there.has_own_key = letter_get(l, "ownkey") != NULL;
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
	if (c->here.is_encrypted) letter_add(&ask, "encrypted", "");
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

/* What was received raw takes nothing else, and what was not takes nothing raw. */
static int check_raw(const struct copying *c, struct err *e)
{
	bool raw = c->how->raw, has_standby = c->there.state == THERE_STANDBY && !c->by_tree;

	if (raw && !c->here.is_encrypted)
		return fail(e, ERR_INPUT, "it is not encrypted: copy it without --raw");
	if (raw && (c->by_tree || !c->there.is_open))
		return fail(e, ERR_HOST, "only a stream from OpenZFS to OpenZFS can be raw, of "
		            "a jail without datasets below it");
	if (!has_standby || !c->here.is_encrypted || c->there.has_own_key == raw) return 0;
	return fail(e, ERR_INPUT, raw ? "%s on %s was not sent with --raw: copy it without, or "
	            "remove it there" : "%s on %s has a key of its own: --raw brings up to "
	            "date what was sent with that", c->to, c->peer.shown);
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
	if (!how->dry_run && op_clone_settle_now(en, j, e) < 0) return -1;
	if (open_here(c, e) < 0 || copying_reconnect(c, e) < 0 || check_raw(c, e) < 0)
		return -1;
	if (c->here.is_encrypted && !c->there.is_encrypted && !how->raw)
		out_warn("%s is encrypted here, and what is sent to %s is not encrypted "
		         "there; to encrypt it, use an encrypted dataset there", j->name,
		         c->peer.shown);
	return 0;
}

void copying_close(struct copying *c)
{
	out_progress_end();
	peer_close(&c->peer);
}

/* -- what the other side is told -- */

static int say(struct copying *c, const char *what, struct err *e)
{
	struct str ask = { .m = c->m };
	struct letter answer;

	letter_add(&ask, what, "");
	return peer_ask(&c->peer, &ask, &answer, e);
}

int copying_discard(struct copying *c, struct err *e)
{
	out_note("what %s has of an earlier copy does not fit any more: it begins anew",
	         c->peer.shown);
	return say(c, "discard", e) < 0 ? -1 : look_there(c, e);
}

static int finish(struct copying *c, bool standby, struct err *e)
{
	struct str ask = { .m = c->m };
	struct letter answer;

	letter_add(&ask, "finish", "");
	letter_add(&ask, "jail", c->mine.name);
	letter_add(&ask, "machine", c->machine);
	if (standby) letter_add(&ask, "standby", c->by_tree ? c->id : "");
	if (c->how->raw) letter_add(&ask, "raw", "");
	return peer_ask(&c->peer, &ask, &answer, e);
}

/* Of a tree: that the other side has taken the jail over need not be known any more. */
void copying_tidy(struct copying *c, bool all)
{
	if (!c->by_tree) copying_zfs_tidy(c, all);
	else if (c->id) say(c, "drop", NULL);
}

/* -- a jail of its own, or a standby -- */

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
	if (c->by_tree && c->how->dry_run) return copying_tree_plan(c, e);
	/* Also if all of it is there: of which jail and which moment, is seen by that. */
	if ((c->by_tree ? copying_tree_send(c, e) : copying_zfs_whole(c, e)) < 0) return -1;
	if (c->how->dry_run) return 0;
	out_busy("finishing");
	if (finish(c, false, e) < 0) return give_up_unfit(c, e);
	c->there.has.n = 0;
	copying_tidy(c, true);
	return 0;
}

int copying_standby(struct copying *c, struct err *e)
{
	int rc;

	if (c->there.state == THERE_JAIL)
		return fail(e, ERR_EXISTS,
		            "%s on %s is a jail, not a standby; give another name", c->to,
		            c->peer.shown);
	rc = c->by_tree ? copying_tree_standby(c, e) : copying_zfs_missing(c, e);
	if (rc < 0 || c->how->dry_run) return rc;
	if (c->by_tree) out_busy("finishing");
	/* What a stream adds to a standby is there already. */
	if ((c->by_tree || c->there.state != THERE_STANDBY) && finish(c, true, e) < 0)
		return -1;
	if (look_there(c, e) < 0) return -1;
	if (!c->by_tree) copying_tidy(c, false);
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
	const struct zfs_replica_snap *last = c->by_tree ? NULL : copying_zfs_last(c);

	if (c->there.state != THERE_JAIL && c->there.state != THERE_STANDBY) return false;
	if (c->by_tree) return c->there.id && c->id && str_eq(c->there.id, c->id);
	return last && zfs_replica_find(&c->there.has, last->guid);
}

bool copying_is_taken(const struct copying *c)
{
	return c->there.state == THERE_JAIL && copying_has_last(c);
}
