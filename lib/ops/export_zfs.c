#include "lib/ops/export_zfs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/archive/pack.h"
#include "lib/archive/pieces.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/zfs.h"
#include "lib/provision/stream_head.h"
#include "lib/store/snapshot.h"

enum { ZFS_SAID = 500 };

/* -- what is sent -- */

static const struct zfs_replica_snap *find_snap(const struct export_zfs *x, const char *label)
{
	for (size_t i = 0; i < x->now.n; i++)
		if (str_eq(x->now.v[i].label, label)) return &x->now.v[i];
	return NULL;
}

/* ... with the label that was probably meant. */
static int fail_missing(const struct export_zfs *x, const char *label, struct err *e)
{
	struct snapshot none;

	if (snapshot_find(x->of, label, &none, e) < 0) return -1;
	return fail(e, ERR_BUSY, "the snapshots of %s change just now", x->of->name);
}

int export_zfs_look(struct export_zfs *x, const struct snapshots *of, const char *from,
                    bool makes, struct err *e)
{
	if (!of->dataset)
		return fail(e, ERR_HOST, "it is not a ZFS dataset, and only one of these can "
		            "be exported as a stream; leave out --format and "
		            "--incremental-from");
	*x = (struct export_zfs){ .m = of->m, .of = of };
	x->is_open = zfs_is_open(x->m, of->dir);
	if (zfs_replica_read(x->m, of->dataset, x->is_open, &x->now, e) < 0) return -1;
	if (x->now.child)
		return fail(e, ERR_INPUT, "the dataset %s is below that of the jail, and a "
		            "stream has the jail's own only; leave out --format and "
		            "--incremental-from", x->now.child);
	if (makes && x->now.readonly && zfs_kind_is_standby(x->now.kind))
		return fail(e, ERR_INPUT, "it is a standby, and only a snapshot that it has "
		            "already can be exported as a stream: %s@LABEL", of->name);
	return !from || find_snap(x, from) ? 0 : fail_missing(x, from, e);
}

int export_zfs_choose(struct export_zfs *x, const char *label, const char *from, struct err *e)
{
	/* One that was made just now is not in the list. */
	if (!find_snap(x, label) &&
	    zfs_replica_read(x->m, x->of->dataset, x->is_open, &x->now, e) < 0)
		return -1;
	if (!(x->snap = find_snap(x, label))) return fail_missing(x, label, e);
	if (!from) return 0;
	if (!(x->from = find_snap(x, from))) return fail_missing(x, from, e);
	if (x->from->txg < x->snap->txg) return 0;
	return fail(e, ERR_INPUT, "the snapshot %s is not newer than %s", label, from);
}

const char *export_zfs_head(const struct export_zfs *x)
{
	return stream_head_text(x->m, &(struct stream_head){
		.version = JLMKR_VERSION, .jail = x->of->name, .label = x->snap->label,
		.base = x->from ? x->from->label : NULL, .guid = x->snap->guid,
		.from = x->from ? x->from->guid : 0,
	});
}

/* -- its pieces -- */

static int fill_piece(int from, char *piece, size_t *n, struct err *e)
{
	for (*n = 0; *n < PIECES_EACH;) {
		ssize_t got;

		if (wait_fd(from, POLLIN, NO_DEADLINE, e) < 0) return -1;
		got = read(from, piece + *n, PIECES_EACH - *n);
		if (got < 0 && errno == EINTR) continue;
		if (got < 0) return fail_sys(e, "read the stream");
		if (!got) break;
		*n += (size_t)got;
	}
	return 0;
}

/* A snapshot may have been replaced by another one of its label. */
static int check_begin(const struct export_zfs *x, const char *piece, size_t n, struct err *e)
{
	struct zfs_begin b;

	if (zfs_begin_read((const unsigned char *)piece, n, &b, e) < 0) return -1;
	if (b.guid == x->snap->guid && b.from == (x->from ? x->from->guid : 0)) return 0;
	return fail(e, ERR_BUSY, "the snapshot %s@%s was replaced meanwhile", x->of->name,
	            x->snap->label);
}

static int add_piece(struct pack *p, uint32_t number, const char *piece, size_t n,
                     time_t when, struct err *e)
{
	char name[PIECES_NAME];

	if (number > PIECES_MAX) return fail(e, ERR_INPUT, "the stream is too long");
	pieces_name(number, name);
	return pack_file(p, name, piece, n, when, e);
}

static int add_pieces(struct export_zfs *x, struct pack *p, struct child *zfs,
                      time_t when, struct err *e)
{
	char *piece = arena_alloc(x->m, PIECES_EACH);
	uint64_t total = x->from ? x->snap->written : x->snap->referenced, done = 0;
	size_t n;

	for (uint32_t number = 1;; number++) {
		if (fill_piece(zfs->out, piece, &n, e) < 0) return -1;
		if (!n) return 0;
		if (number == 1 && check_begin(x, piece, n, e) < 0) return -1;
		if (add_piece(p, number, piece, n, when, e) < 0) return -1;
		done += n;
		out_progress("exporting", done, done > total ? 0 : total);
		if (n < PIECES_EACH) return 0;
	}
}

int export_zfs_add(struct export_zfs *x, struct pack *p, time_t when, struct err *e)
{
	const struct zfs_send how = {
		.dataset = x->of->dataset, .label = x->snap->label, .is_open = x->is_open,
		.from = x->from ? x->from->label : NULL,
	};
	AUTOCHILD zfs = NO_CHILD;
	struct err why = { 0 };
	char said[ZFS_SAID];
	int rc, status;

	if (zfs_send_start(x->m, &how, &zfs, e) < 0) return -1;
	rc = add_pieces(x, p, &zfs, when, &why);
	out_progress_end();
	status = child_end(&zfs, said, sizeof said);
	/* What it said is why nothing came of it. */
	if (status && (rc == 0 || why.kind == ERR_UNTRUSTED))
		return fail(e, ERR_HOST, "zfs: %.*s", (int)strcspn(said, "\n"), said);
	if (rc < 0 && e) *e = why;
	return rc;
}

/* -- the snapshot stays -- */

static int mark(const struct snapshots *of, const char *label, const char *kind, struct err *e)
{
	return zfs_set_kind(arena_printf(of->m, "%s@%s", of->dataset, label), kind, e);
}

int export_zfs_keep(const struct export_zfs *x, struct err *e)
{
	return mark(x->of, x->snap->label, "snapshot:" SNAPSHOT_EXPORTED, e);
}

int export_zfs_hand_over(const struct snapshots *of, const char *label, struct err *e)
{
	return mark(of, label, "snapshot:" SNAPSHOT_ASKED, e);
}

int export_zfs_adopt(const struct snapshots *of, const char *label, struct err *e)
{
	out_warn("an export that made %s@%s was interrupted at its very end; if there is no "
	         "file of it, 'jlmkr snapshot --delete %s@%s' deletes the snapshot", of->name,
	         label, of->name, label);
	return export_zfs_hand_over(of, label, e);
}
