#include "lib/ops/import_zfs.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/archive/unpack.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/zfs.h"
#include "lib/disk/zfs_replica.h"
#include "lib/engine/engine.h"
#include "lib/jail/conf_check.h"
#include "lib/jail/jail.h"
#include "lib/jail/layout.h"
#include "lib/ops/arrival.h"
#include "lib/ops/config.h"
#include "lib/ops/copy.h"
#include "lib/ops/foreign_config.h"
#include "lib/ops/import.h"
#include "lib/provision/archive_input.h"
#include "lib/store/incoming.h"
#include "lib/store/snapshot.h"
#include "lib/store/store.h"

/* Both are records of the stream: the first one is checked, the last one kept back. */
enum { ZFS_SAID = 500, HELD = ZFS_BEGIN };

struct landing {
	struct engine *en;
	struct arena *m;
	const struct import_how *how;
	struct archive_input *in;
	const struct stream_head *head;
	const char *name;
	struct store jails;
	struct incoming box;
	struct jail standby;		/* for what is new; else closed */
	struct zfs_replica now;		/* of the standby */
	bool is_open;
	const char *dataset;		/* that receives it */
	struct child zfs;
	unsigned char begin[ZFS_BEGIN], held[HELD];
	size_t begin_n, held_n;
	uint64_t bytes, max;
	bool refused;			/* zfs(8) takes no more; why, it says at its end */
};

static void close_landing(struct landing *l)
{
	child_drop(&l->zfs);
	incoming_close(&l->box);
	store_close(&l->jails);
	jail_close(&l->standby);
}

#define AUTOLANDING __attribute__((cleanup(close_landing))) struct landing

/* -- the stream -- */

static int give(struct landing *l, const void *data, size_t n, struct err *e)
{
	if (!n || write_all(l->zfs.in, data, n, NULL) == 0) return 0;
	l->refused = true;
	return fail(e, ERR_HOST, "zfs receive takes no more");
}

/* Pass on all but the last bytes. */
static int push(struct landing *l, const unsigned char *data, size_t n, struct err *e)
{
	size_t over = l->held_n + n > HELD ? l->held_n + n - HELD : 0;
	size_t old = over < l->held_n ? over : l->held_n;

	if (give(l, l->held, old, e) < 0 || give(l, data, over - old, e) < 0) return -1;
	memmove(l->held, l->held + old, l->held_n - old);
	l->held_n -= old;
	memcpy(l->held + l->held_n, data + (over - old), n - (over - old));
	l->held_n += n - (over - old);
	return 0;
}

static int start_receive(struct landing *l, struct err *e)
{
	const struct zfs_receive how = {
		.dataset = l->dataset, .label = l->head->label, .is_open = l->is_open,
	};
	struct zfs_begin b;

	if (zfs_begin_read(l->begin, l->begin_n, &b, e) < 0) return -1;
	if (b.guid != l->head->guid || b.from != l->head->from)
		return fail(e, ERR_UNTRUSTED, "the stream in it is that of another snapshot");
	return arrival_receive(l->m, &l->box, &how, &l->zfs, e);
}

static int land_bytes(void *arg, const void *data, size_t n, struct err *e)
{
	struct landing *l = arg;
	size_t k = ZFS_BEGIN - l->begin_n < n ? ZFS_BEGIN - l->begin_n : n;

	memcpy(l->begin + l->begin_n, data, k);
	l->begin_n += k;
	if (k && l->begin_n == ZFS_BEGIN && start_receive(l, e) < 0) return -1;
	if ((l->bytes += n) > l->max)
		return fail(e, ERR_INPUT, "the stream is larger than %" PRIu64 " MiB; "
		            "--max-size allows more", l->max >> 20);
	return push(l, data, n, e);
}

static int fail_refused(struct landing *l, const char *said, int status, struct err *e)
{
	const char *changed = arena_printf(
		l->m, "the standby %s has been changed since the last import, which would be "
		"lost: 'jlmkr clone %s NEW' keeps the changes, then remove %s and import "
		"again, from the full stream on", l->name, l->name, l->name);

	return arrival_fail(l->m, said, status, changed, e);
}

static int receive(struct landing *l, struct err *e)
{
	struct err why = { 0 };
	char said[ZFS_SAID];
	int rc, status;

	l->max = l->how->max_size ? l->how->max_size : UNPACK_BYTES_MAX;
	rc = archive_input_unstream(l->en->host, l->in, l->how->sha256, land_bytes, l, &why);
	if (rc == 0 && (l->begin_n < ZFS_BEGIN || !zfs_is_end(l->held)))
		rc = fail(&why, ERR_UNTRUSTED, "the stream in it does not end as one does");
	if (rc == 0) give(l, l->held, l->held_n, NULL);
	out_busy("receiving");
	status = l->zfs.pid ? child_end(&l->zfs, said, sizeof said) : 0;
	out_progress_end();
	if (l->refused && !status)
		rc = fail(&why, ERR_UNTRUSTED, "there is data behind the end of the stream");
	else if (l->refused || (rc == 0 && status))
		rc = fail_refused(l, said, status, &why);
	if (rc < 0 && e) *e = why;
	return rc < 0 ? fail_in(e, "archive %s", word_shown(l->m, l->in->from)) : 0;
}

/* Whoever looks at the snapshots sees which one the next stream has to begin with. */
static void mark_received(const struct landing *l)
{
	if (l->in->is_export)
		zfs_set_kind(arena_printf(l->m, "%s@%s", l->dataset, l->head->label),
		             "snapshot:" SNAPSHOT_ASKED, NULL);
}

/* -- a jail of its own, or a new standby -- */

static int heed_config(const struct landing *l, const char *text, struct err *e)
{
	struct conf_check check;

	conf_check(l->m, text, &check);
	op_config_tell(&check.found, LAYOUT_CONFIG);
	/* What this machine lacks it may get. */
	return check.loads ? 0 : conf_check_fail(&check, "the config in the archive", e);
}

static int open_place(struct landing *l, struct err *e)
{
	if (arrival_open_store(l->m, l->en->host->dir, &l->jails, &l->is_open, e) < 0)
		return -1;
	if (!l->jails.dataset)
		return fail(e, ERR_HOST, "%s is no ZFS dataset, and a stream can only make "
		            "jails in one; a file of 'jlmkr export' without --format=zfs makes "
		            "one anywhere", l->jails.path);
	if (incoming_open(&l->jails, l->name, &l->box, e) < 0) return -1;
	if (!l->box.box) return 0;
	out_note("Deleting %s, which an interrupted import or copy of %s left", l->box.box,
	         l->name);
	return incoming_drop(&l->box, e);
}

/* Of a stream alone, the config is known only now. */
static const char *learn_config(struct landing *l, struct err *e)
{
	AUTOCLOSE int dir = incoming_mount(&l->box, false, e);
	const char *text;

	if (dir < 0) return NULL;
	text = arrival_read_config(l->m, dir, "the config in the stream", e);
	if (!text) return NULL;
	foreign_config_show(l->m, text);
	foreign_config_warn(l->m, text);
	return heed_config(l, text, e) < 0 ? NULL : text;
}

static int become_jail(struct landing *l, struct err *e)
{
	struct arrival a = {
		.m = l->m, .box = &l->box, .is_open = l->is_open, .config = l->in->config,
		.jail = str_eq(l->head->jail, l->name) ? NULL : l->head->jail,
		.shown = l->head->jail,
	};

	if (!a.config && !(a.config = learn_config(l, e))) return -1;
	if (!l->how->standby) return arrival_own(&a, e);
	mark_received(l);
	return arrival_standby(&a, e);
}

static int receive_jail(struct landing *l, struct err *e)
{
	if (incoming_begin(&l->box, e) < 0) return -1;
	l->dataset = l->box.dataset;
	if (receive(l, e) < 0) return -1;
	return check_signal(e) < 0 ? -1 : become_jail(l, e);
}

static int land_jail(struct landing *l, struct err *e)
{
	struct err late = { 0 };

	if (open_place(l, e) < 0 || op_create_check(l->en->host, l->name, e) < 0) return -1;
	/* What it leaves then, the next command for that name finishes. */
	if (receive_jail(l, e) == 0) return incoming_finish(&l->box, e);
	signal_forget();
	if (incoming_drop(&l->box, &late) < 0)
		out_warn("%s is still there; 'jlmkr remove %s' deletes it: %s", l->box.box,
		         l->name, late.text);
	return -1;
}

/* -- what is new, for a standby -- */

static int open_standby(struct landing *l, struct err *e)
{
	if (jail_open(l->m, l->en->host->dir, l->name, &l->standby, e) < 0) {
		if (e->kind != ERR_MISSING) return -1;
		return fail(e, ERR_MISSING, "the stream has only what is new since a snapshot, "
		            "and there is no %s to add that to; import the full stream first, "
		            "with --standby", l->name);
	}
	if (jail_dir(&l->standby, e) < 0) return -1;
	if (op_is_standby(l->m, &l->standby)) return 0;
	return fail(e, ERR_EXISTS, "the stream has only what is new since a snapshot, and can "
	            "only be added to a standby, but %s is a jail; 'jlmkr import --standby' "
	            "makes a standby of the full stream", l->name);
}

static const char *base_shown(const struct landing *l)
{
	const struct stream_head *h = l->head;

	return *h->base ? h->base : arena_printf(l->m, "with the guid %" PRIu64, h->from);
}

static int check_label(const struct landing *l, struct err *e)
{
	for (size_t i = 0; i < l->now.n; i++)
		if (str_eq(l->now.v[i].label, l->head->label))
			return fail(e, ERR_EXISTS, "the standby %s has another snapshot %s; "
			            "'jlmkr snapshot --delete %s@%s' deletes that", l->name,
			            l->head->label, l->name, l->head->label);
	return 0;
}

/* 1: it is there already. */
static int check_fits(const struct landing *l, struct err *e)
{
	const struct zfs_replica *now = &l->now;
	const char *newest = now->n ? now->v[now->n - 1].label : NULL;

	if (zfs_replica_find(now, l->head->guid)) return 1;
	if (!newest)
		return fail(e, ERR_INPUT, "the standby %s has no snapshot any more: remove it, "
		            "and import the full stream", l->name);
	if (now->v[now->n - 1].guid == l->head->from) return check_label(l, e);
	if (!zfs_replica_find(now, l->head->from))
		return fail(e, ERR_INPUT, "the stream begins with the snapshot %s, which the "
		            "standby %s does not have; its newest is %s: import what was "
		            "exported from that one on first", base_shown(l), l->name, newest);
	return fail(e, ERR_INPUT, "the stream begins with the snapshot %s, and the standby %s "
	            "has newer ones, up to %s: import what was exported from that one on",
	            base_shown(l), l->name, newest);
}

static int look_at_standby(struct landing *l, struct err *e)
{
	l->dataset = arrival_find_jail(&l->jails, l->name, l->is_open, &l->now, e);
	if (!l->dataset) return -1;
	if (arrival_is_standby(&l->now)) return check_fits(l, e);
	return fail(e, ERR_EXISTS, "%s was handed over to another machine, and is no standby "
	            "that a stream can be added to", l->name);
}

/* Before it is received: a change that the user has to look at. */
static int tell_change(struct landing *l, struct err *e)
{
	const char *before = jail_conf_own_text(l->m, &l->standby, NULL);

	if (!l->in->config || (before && str_eq(before, l->in->config))) return 0;
	foreign_config_show(l->m, l->in->config);
	foreign_config_warn(l->m, l->in->config);
	return heed_config(l, l->in->config, e);
}

/* zfs-fuse cannot open a snapshot, and the kernel shows what it knows until a new mount. */
static int open_received(struct landing *l, struct err *e)
{
	struct err why = { 0 };
	struct snapshots s;
	int dir;

	if (snapshots_open(l->m, &l->standby, &s, e) < 0) return -1;
	dir = snapshot_open_files(&s, l->head->label, &why);
	if (dir >= 0 || why.sys != ENOENT)
		return dir < 0 ? fail_as(e, &why) : dir;
	jail_leave(&l->standby);
	if (zfs_unmount(l->dataset, e) < 0 || zfs_mount(l->dataset, e) < 0) return -1;
	return store_open_entry(&l->jails, l->name, e);
}

static int check_received(struct landing *l, struct err *e)
{
	AUTOCLOSE int dir = open_received(l, e);
	const char *text;

	if (dir < 0 || arrival_check_stream(dir, l->name, e) < 0) return -1;
	text = arrival_read_config(l->m, dir, "the config in the stream", e);
	if (!text) return -1;
	if (!l->in->config) return foreign_config_warn(l->m, text), heed_config(l, text, e);
	return str_eq(text, l->in->config) ? 0 :
	       fail(e, ERR_UNTRUSTED, "the stream has another config than the one that comes "
	            "before it");
}

/* What came was whole for zfs(8), and lies: about its config, or with a second end. */
static int undo_increment(struct landing *l)
{
	const char *base = l->now.v[l->now.n - 1].label;
	struct err late = { 0 };

	signal_forget();
	jail_leave(&l->standby);
	if (!zfs_exists(arena_printf(l->m, "%s@%s", l->dataset, l->head->label))) return -1;
	if (zfs_rollback(l->dataset, base, true, &late) < 0)
		out_warn("%s is not rolled back to %s: %s", l->name, base, late.text);
	return -1;
}

static int add_to_standby(struct landing *l, struct err *e)
{
	/* A stream that was cut in the middle of a copy would be in the way. */
	if (l->now.token && zfs_receive_forget(l->dataset, e) < 0) return -1;
	if (tell_change(l, e) < 0) return -1;
	jail_leave(&l->standby);
	if (receive(l, e) < 0 || check_received(l, e) < 0) return undo_increment(l);
	mark_received(l);
	out_note("%s has the snapshot %s now", l->name, l->head->label);
	return 0;
}

/* Nobody may promote it meanwhile. */
static int land_increment(struct landing *l, struct err *e)
{
	int rc;

	if (open_standby(l, e) < 0 || jail_lock(&l->standby, e) < 0) return -1;
	if (jail_check_own(&l->standby, e) < 0 || open_place(l, e) < 0) return -1;
	if ((rc = look_at_standby(l, e)) < 0) return -1;
	if (!rc) return add_to_standby(l, e);
	out_note("%s has the snapshot %s already", l->name, l->head->label);
	return 0;
}

/* -- all of it -- */

static int plan(struct landing *l, struct create_plan *out, struct err *e)
{
	struct store jails;

	store_foresee(l->m, l->en->host->dir, &jails);
	*out = (struct create_plan){
		.path = layout_jail(l->m, l->en->host->dir, l->name),
		.dataset = store_dataset(&jails, l->name),
		.config = l->in->config ? l->in->config : "# in the stream, not known yet\n",
	};
	if (!out->dataset)
		return fail(e, ERR_HOST, "%s/" LAYOUT_JAILS " is not a ZFS dataset, and a "
		            "stream can only make jails in one", l->en->host->dir);
	if (l->in->config && heed_config(l, l->in->config, e) < 0) return -1;
	if (!l->head->from) return op_create_check(l->en->host, l->name, e);
	if (open_standby(l, e) < 0) return -1;
	l->is_open = zfs_is_open(l->m, jail_dir(&l->standby, e));
	if (zfs_replica_read(l->m, out->dataset, l->is_open, &l->now, e) < 0) return -1;
	return check_fits(l, e) < 0 ? -1 : 0;
}

static int check_how(const struct landing *l, struct err *e)
{
	if (l->how->max_files)
		return fail(e, ERR_USAGE, "--max-files: the files in a stream are not counted");
	if (l->how->standby && l->head->from)
		return fail(e, ERR_USAGE, "--standby is for the full stream: this one has only "
		            "what is new since a snapshot");
	return 0;
}

int import_zfs(struct engine *en, const struct import_how *how, struct archive_input *in,
               struct import_done *done, struct err *e)
{
	AUTOLANDING l = {
		.en = en, .m = en->m, .how = how, .in = in, .head = &in->stream,
		.name = done->name, .jails.fd = -1, .standby = NO_JAIL, .zfs = NO_CHILD,
	};

	done->is_standby = how->standby || in->stream.from;
	done->startable = !done->is_standby;
	done->is_old = in->stream.from;
	if (check_how(&l, e) < 0) return -1;
	if (how->dry_run) return plan(&l, &done->plan, e);
	if (in->stream.from) return land_increment(&l, e);
	if (in->config && heed_config(&l, in->config, e) < 0) return -1;
	return land_jail(&l, e);
}
