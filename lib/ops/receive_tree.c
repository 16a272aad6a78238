#include "lib/ops/receiving.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/archive/unpack.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/passes.h"
#include "lib/jail/layout.h"
#include "lib/jail/standby.h"
#include "lib/ops/arrival.h"
#include "lib/ops/second.h"
#include "lib/text/letter.h"

/* -- what is here -- */

/* Whether a finish has begun, whose jail is not what a pass has received any more. */
static bool is_begun(int work)
{
	return faccessat(work, LAYOUT_ROOTFS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int session_look_at_tree(struct session *s, struct err *e)
{
	AUTOCLOSE int work = incoming_look_tree(&s->box);
	AUTOFREE struct arena m = { 0 };
	AUTOPASSES p = NO_PASSES;

	s->has_tree = false;
	if (work < 0) return 0;
	if (passes_open(&m, work, false, &p, e) < 0) return -1;
	if (is_begun(work) || (p.dir >= 0 && !(s->from && passes_are_from(&p, s->from)))) {
		passes_close(&p);
		close(take_fd(&work));
		return incoming_drop(&s->box, e);
	}
	s->has_tree = p.n > 0;
	return 0;
}

int session_look_at_files(struct session *s, int dir, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOPASSES p = NO_PASSES;
	const struct standby *st = &s->mark;

	if (!standby_read(&s->seen, dir, &s->mark)) {
		s->id = standby_taken(&s->seen, dir);
		return 0;
	}
	/* One that was handed over is a jail that nobody has taken over from here. */
	s->is_standby = s->by_files = str_eq(st->kind, "standby");
	s->id = s->is_standby ? st->id : NULL;
	s->is_known = s->from && str_eq(s->from, st->from);
	if (passes_settle(dir, e) < 0) return -1;
	if (passes_open(&m, dir, false, &p, e) < 0) return -1;
	if (p.dir < 0 || (s->from && passes_are_from(&p, s->from))) return 0;
	passes_close(&p);
	return passes_delete(dir, e);
}

/* Where the passes are. */
static int open_work(struct session *s, struct err *e)
{
	if (s->by_files) return store_open_entry(&s->jails, s->name, e);
	return incoming_look_tree(&s->box);
}

static int write_list(struct session *s, const struct have *h, struct err *e)
{
	const size_t most = LETTER_DATA_MAX / sizeof *h->v;

	for (size_t i = 0; i < h->n; i += most) {
		size_t n = h->n - i < most ? h->n - i : most;

		if (session_write(s, LETTER_DATA, h->v + i, n * sizeof *h->v, e) < 0) return -1;
	}
	return 0;
}

int session_list(struct session *s, const struct letter *l, struct str *answer, struct err *e)
{
	AUTOCLOSE int work = s->has_tree || s->by_files ? open_work(s, e) : -1;
	AUTOPASSES p = NO_PASSES;

	(void)l;
	if (work >= 0 && passes_open(s->m, work, s->is_known, &p, e) < 0) return -1;
	for (size_t i = 0; i < p.n; i++)
		if (write_list(s, &p.v[i].have, e) < 0) return -1;
	letter_add(answer, "listed", s->name);
	return 0;
}

/* -- a stream -- */

struct taking {
	struct session *s;
	struct passes p;
	struct unpack u;
	int work;
};

static void close_taking(struct taking *t)
{
	unpack_abort(&t->u);
	passes_close(&t->p);
	if (t->work >= 0) close(t->work);
}

#define AUTOTAKING __attribute__((cleanup(close_taking))) struct taking

static int open_box(struct session *s, struct err *e)
{
	if (s->jail) return fail(e, ERR_EXISTS, "there is a jail %s already", s->name);
	if (!s->has_tree && incoming_drop(&s->box, e) < 0) return -1;
	return incoming_tree(&s->box, e);
}

static int begin_taking(struct taking *t, struct err *e)
{
	struct session *s = t->s;
	struct unpack_limits limits = {
		/* As of what ZFS sends, the disk is the limit of the bytes. */
		.bytes = INT64_MAX, .fixed = true, .is_export = true, .known = &t->p.known,
	};

	if (!s->from) return fail(e, ERR_INPUT, "it does not say who sends it");
	t->work = s->by_files ? open_work(s, e) : open_box(s, e);
	if (t->work < 0 || passes_open(s->m, t->work, s->is_known, &t->p, e) < 0) return -1;
	if (passes_begin(&t->p, s->from, e) < 0) return -1;
	return unpack_begin(&t->u, t->p.tree, &limits, e);
}

/* The child may ask for a file while nothing comes. */
static int wait_for_piece(struct taking *t, struct err *why, struct err *e)
{
	struct pollfd fds[] = {
		{ .fd = t->s->in, .events = POLLIN },
		{ .fd = t->u.ended ? -1 : t->u.said, .events = POLLIN },
	};

	do {
		if (wait_fds(fds, 2, t->p.due, e) < 0) return -1;
		if (fds[1].revents && unpack_hear(&t->u, why) < 0) return 1;
		if (t->u.ended) fds[1].fd = -1;
		if (passes_note(&t->p, false, why) < 0) return 1;
	} while (!fds[0].revents);
	return 0;
}

/* How it ends, as of a stream of ZFS. */
static int take_tree(struct taking *t, struct err *why, struct err *e)
{
	struct session *s = t->s;
	enum letter_kind kind;
	size_t n;
	int rc;

	for (;;) {
		if ((rc = wait_for_piece(t, why, e))) return rc < 0 ? -1 : STREAM_REFUSED;
		if (session_read_piece(s, &kind, &n, e) < 0) return -1;
		if (kind != LETTER_DATA) break;
		if (unpack_feed(&t->u, s->buf, n, why) < 0) return STREAM_REFUSED;
	}
	if (kind == LETTER_END) return STREAM_WHOLE;
	fail(why, ERR_NETWORK, "the stream was given up");
	return STREAM_GIVEN_UP;
}

static int end_taking(struct taking *t, struct err *e)
{
	struct unpack_report report;

	if (unpack_end(&t->u, &report, e) < 0) return -1;
	if (report.bare)
		out_warn("%" PRIu64 " files lost attributes or ACLs: the file system does not "
		         "have them", report.bare);
	if (report.skipped)
		out_note("%" PRIu64 " device files were skipped: a jail gets its devices when "
		         "it starts", report.skipped);
	return passes_end(&t->p, e);
}

/* What is whole is kept for the next time, unless it is not what its list says. */
static void keep_taken(struct taking *t)
{
	unpack_abort(&t->u);
	if (t->p.stale) {
		passes_forget_list(t->work);
		passes_delete(t->work, NULL);
	} else {
		passes_note(&t->p, true, NULL);
	}
}

static int receive_tree(struct session *s, struct err *why, struct err *e)
{
	AUTOTAKING t = { .s = s, .p = NO_PASSES, .work = -1 };
	int rc = STREAM_REFUSED;

	if (begin_taking(&t, why) == 0) rc = take_tree(&t, why, e);
	if (rc == STREAM_WHOLE && end_taking(&t, why) == 0) return 0;
	if (t.p.tree >= 0) keep_taken(&t);
	if (rc < 0) return -1;
	return rc == STREAM_REFUSED && session_refuse(s, why, e) < 0 ? -1 : 1;
}

int session_tree(struct session *s, const struct letter *l, struct str *answer, struct err *e)
{
	struct err why = { 0 };
	int rc = receive_tree(s, &why, e);

	(void)l;
	if (rc > 0) return fail_as(e, &why);
	if (rc < 0 || session_look_again(s, e) < 0) return -1;
	letter_add(answer, "received", s->name);
	return 0;
}

/* -- what was received -- */

static int open_received(struct session *s, struct passes *p, struct err *e)
{
	AUTOCLOSE int work = open_work(s, e);

	if (work < 0) return fail(e, ERR_INPUT, "nothing was received");
	return passes_open(s->m, work, false, p, e) < 0 ? -1 : take_fd(&work);
}

static int become_own(struct session *s, int work, const char *from, struct err *e)
{
	const struct second second = {
		.from = from, .to = s->name, .shown = "the jail that it was copied from",
	};

	return second_renew(s->m, work, &second, e) < 0 ? -1 : passes_delete(work, e);
}

static int become_standby(const struct passes *p, const struct standby *mark, struct err *e)
{
	if (p->dir >= 0 && passes_keep_list(p, e) < 0) return -1;
	if (standby_set(p->work, mark, e) < 0) return -1;
	return passes_delete(p->work, e);
}

static int check_parts(struct session *s, int dir, struct err *e)
{
	const struct arrival a = { .m = s->m, .box = &s->box };

	return arrival_check(&a, dir, e);
}

/* What is in the box, for the first time. */
static int finish_box(struct session *s, const char *from, const struct standby *mark,
                      struct err *e)
{
	AUTOPASSES p = NO_PASSES;
	AUTOCLOSE int work = open_received(s, &p, e);

	if (work < 0 || passes_lift(&p, e) < 0) return -1;
	if (check_parts(s, work, e) < 0) return -1;
	if ((mark ? become_standby(&p, mark, e) : become_own(s, work, from, e)) < 0)
		return -1;
	passes_close(&p);
	close(take_fd(&work));
	return incoming_finish(&s->box, e);
}

/* We have the lock of the name, so that nobody makes a jail of the standby meanwhile. */
static int refresh(struct session *s, const struct standby *mark, struct err *e)
{
	AUTOPASSES p = NO_PASSES;
	AUTOCLOSE int work = open_received(s, &p, e), tree = -1;
	struct standby now;

	if (work < 0 || (tree = passes_open_whole(&p, e)) < 0) return -1;
	if (!standby_read(s->m, work, &now) || !str_eq(now.kind, mark->kind))
		return fail(e, ERR_BUSY, "%s is no standby any more", s->name);
	if (check_parts(s, tree, e) < 0 || passes_exchange(&p, e) < 0) return -1;
	if (standby_set(work, mark, e) < 0) return -1;
	return passes_delete(work, e);
}

int session_finish_tree(struct session *s, const struct letter *l, struct err *e)
{
	const char *id = letter_get(l, "standby"), *jail = letter_get(l, "jail");
	const char *machine = letter_get(l, "machine");
	const struct standby mark = {
		.kind = "standby", .id = id, .from = s->from, .of = jail,
		.machine = machine && letter_is_token(machine) ? machine : "",
	};

	if (id && (!letter_is_token(id) || !s->from)) return fail(e, ERR_INPUT, "no ID");
	if (!s->by_files) return finish_box(s, jail, id ? &mark : NULL, e);
	return id ? refresh(s, &mark, e) : fail(e, ERR_EXISTS, "it is a standby");
}
