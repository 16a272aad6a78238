/* The jail as a tree of files, where one side has no dataset: the archive of export, without
 * what the other side has already. A process of our own reads the files, so that a slow disk
 * here does not keep us from hearing what the other side says. */

#include "lib/ops/copying_impl.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "lib/archive/have.h"
#include "lib/archive/squeeze.h"
#include "lib/base/arena.h"
#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/sha256.h"
#include "lib/base/size.h"
#include "lib/disk/measure.h"
#include "lib/engine/engine.h"
#include "lib/jail/jail.h"
#include "lib/ops/source.h"
#include "lib/text/letter.h"

enum { ID_DIGITS = 32, ID_ROOM = 128 };

/* The other side links no file that another machine has sent. Not the machine id itself, as
 * machine-id(5) says. */
const char *copying_sender(struct arena *m)
{
	static const char what[] = "jlmkr copy";
	const char *id = read_file(m, AT_FDCWD, "/etc/machine-id", ID_ROOM, NULL, NULL);
	char hex[SHA256_HEX + 1];
	struct sha256 h;

	sha256_begin(&h);
	sha256_add(&h, what, sizeof what);
	if (id) sha256_add(&h, id, strlen(id));
	sha256_end(&h, hex);
	return arena_strndup(m, hex, ID_DIGITS);
}

/* -- what there is -- */

static int take_records(void *arg, const void *data, size_t n, struct err *e)
{
	(void)e;
	have_add(arg, data, n);
	return 0;
}

static int fetch_list(struct copying *c, struct have *there, struct err *e)
{
	struct str ask = { .m = c->m };
	struct letter answer;

	*there = (struct have){ .m = c->m };
	letter_add(&ask, "list", "");
	if (peer_fetch(&c->peer, &ask, take_records, there, &answer, e) < 0) return -1;
	have_sort(there);
	return 0;
}

static void tell_tree(struct copying *c, uint64_t total)
{
	char size[SIZE_ROOM];
	const char *label = c->how->label;

	words_addf(&c->told->steps, "%s%s%s, its files, about %s%s", c->mine.name,
	           label ? "@" : " (now)", label ? label : "", size_text(total, size),
	           c->there.state != THERE_NONE ? ", less what is there already" : "");
}

/* -- the stream -- */

static int write_tree(void *arg, int out, struct err *e)
{
	char hex[SHA256_HEX + 1];

	return source_write(arg, SQUEEZE_ZSTD, out, hex, e);
}

static int send_files(struct copying *c, struct source *x, struct err *e)
{
	struct peer_stream stream = { .what = "sending", .limit = c->how->limit };
	AUTOCHILD reader = NO_CHILD;
	struct str ask = { .m = c->m };
	int rc;

	if (isatty(STDERR_FILENO)) stream.total = source_measure(x);
	stream.reached = x->reached;
	letter_add(&ask, "tree", "");
	if (child_fork("reading it", write_tree, x, &reader, e) < 0) return -1;
	rc = peer_send(&c->peer, &ask, &reader, 0, &stream, e);
	c->told->bytes += stream.done;
	return rc;
}

/* End it in any case. `there` and `reached` may be NULL. */
static int begin_source(struct copying *c, const struct have *there, uint64_t *reached,
                       struct source *x, struct err *e)
{
	*x = (struct source){
		.en = c->en, .jail = c->jail, .name = c->mine.name, .asked = c->how->label,
		.lock = -1, .held = -1, .files = -1, .jails.fd = -1,
		.there = there, .reached = reached,
		.locked = c->locked, .strict = c->strict,
		.mixes = c->is_draft ? NULL : "the copy may mix states of different moments",
	};
	return source_open(x, e);
}

/* `rc`: what came of it so far. */
static int end_source(struct copying *c, struct source *x, int rc, struct err *e)
{
	struct err late = { 0 };

	if (source_close(x, &late) < 0 && rc == 0) rc = fail_as(e, &late);
	/* To delete its snapshot, the jail was closed. */
	if (!c->jail->name && jail_open(c->m, c->en->host->dir, x->name, c->jail, &late) < 0 &&
	    rc == 0)
		rc = fail_as(e, &late);
	return rc;
}

int copying_tree_send(struct copying *c, struct err *e)
{
	uint64_t *reached = mmap(NULL, sizeof *reached, PROT_READ | PROT_WRITE,
	                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct source x;
	struct have there;
	int rc;

	if (reached == MAP_FAILED) return fail_sys(e, "mmap");
	if (c->there.state == THERE_PART) out_note("going on with %s", c->mine.name);
	if ((rc = fetch_list(c, &there, e)) == 0) {
		rc = begin_source(c, &there, reached, &x, e);
		if (rc == 0) rc = send_files(c, &x, e);
		rc = end_source(c, &x, rc, e);
	}
	munmap(reached, sizeof *reached);
	return rc;
}

static int plan_snapshot(struct copying *c, struct err *e)
{
	struct source x;
	int rc = begin_source(c, NULL, NULL, &x, e);

	if (rc == 0) tell_tree(c, source_measure(&x));
	return end_source(c, &x, rc, e);
}

/* As it is now: no snapshot is made for that. */
int copying_tree_plan(struct copying *c, struct err *e)
{
	int rootfs;

	if (c->how->label) return plan_snapshot(c, e);
	if ((rootfs = jail_rootfs(c->jail, e)) < 0) return -1;
	tell_tree(c, measure_tree(rootfs));
	jail_leave(c->jail);
	return 0;
}

/* -- a standby -- */

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

int copying_tree_standby(struct copying *c, struct err *e)
{
	if (check_tree(c, e) < 0) return -1;
	if (c->how->dry_run) return copying_tree_plan(c, e);
	return set_id(c, e) < 0 ? -1 : copying_tree_send(c, e);
}
