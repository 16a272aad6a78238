#include "lib/ops/receive.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/child.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/zfs.h"
#include "lib/engine/engine.h"
#include "lib/jail/name.h"
#include "lib/ops/arrival.h"
#include "lib/ops/copying.h"
#include "lib/ops/receiving.h"
#include "lib/store/staging.h"

enum { ZFS_SAID = 500, WHY_MAX = 20 };

static void close_session(struct session *s)
{
	incoming_close(&s->box);
	store_close(&s->jails);
	close(s->out);
	arena_free(&s->seen);
}

#define AUTOSESSION __attribute__((cleanup(close_session))) struct session

/* -- letters -- */

/* 1: the end, where `may_end`. */
static int read_exactly(struct session *s, void *buf, size_t n, bool may_end, struct err *e)
{
	for (size_t done = 0; done < n;) {
		ssize_t got;

		if (wait_fd(s->in, POLLIN, NO_DEADLINE, e) < 0) return -1;
		got = read(s->in, (char *)buf + done, n - done);
		if (got < 0 && errno == EINTR) continue;
		if (got < 0) return fail_sys(e, "read");
		if (!got && !done && may_end) return 1;
		if (!got) return fail(e, ERR_NETWORK, "the connection was cut");
		done += (size_t)got;
	}
	return 0;
}

int session_write(struct session *s, enum letter_kind kind, const void *body, size_t n,
                  struct err *e)
{
	unsigned char head[LETTER_HEAD];

	letter_head(kind, n, head);
	if (write_all(s->out, head, sizeof head, e) < 0) return -1;
	return write_all(s->out, body, n, e);
}

static int send_fault(struct session *s, const struct err *why, struct err *e)
{
	struct str body = { .m = s->m };

	letter_add(&body, "fault", why->text);
	letter_add_number(&body, "kind", why->kind);
	s->has_spoken = true;
	return session_write(s, LETTER_FAULT, body.s, body.len, e);
}

static int check_hello(struct session *s, struct err *e)
{
	char line[LETTER_HELLO_MAX + 1];
	size_t n = 0;

	do {
		if (read_exactly(s, line + n, 1, false, e) < 0) return -1;
	} while (line[n] != '\n' && ++n < LETTER_HELLO_MAX);
	line[n] = 0;
	return letter_check_hello(line, JLMKR_VERSION, e);
}

/* -- look -- */

static int open_store(struct session *s, struct err *e)
{
	if (s->jails.fd >= 0) return 0;
	return arrival_open_store(s->en->m, s->en->host->dir, &s->jails, &s->is_open, e);
}

static int look_at_standby(struct session *s, struct err *e)
{
	AUTOCLOSE int dir = store_open_entry(&s->jails, s->name, e);
	struct store jails = s->jails;

	if (dir < 0 || session_look_at_files(s, dir, e) < 0) return -1;
	jails.m = &s->seen;
	if (!s->jails.dataset) {
		s->jail = arena_printf(&s->seen, "%s/%s", s->jails.path, s->name);
		return incoming_drop(&s->box, e);
	}
	s->jail = arrival_find_jail(&jails, s->name, s->is_open, &s->now, e);
	if (!s->jail) return -1;
	s->is_standby |= arrival_is_standby(&s->now);
	return incoming_drop(&s->box, e);
}

static int look_at_box(struct session *s, struct err *e)
{
	s->has_tree = false;
	if (!s->box.box) return 0;
	/* Nothing is left in it that tells which jail it was, and of which moment. */
	if (s->box.is_done) return incoming_drop(&s->box, e);
	if (s->box.dataset) {
		if (!zfs_exists(s->box.dataset)) return 0;
		if (zfs_replica_read(&s->seen, s->box.dataset, s->is_open, &s->now, e) < 0)
			return -1;
		if (s->now.n || s->now.token) return 0;
	}
	return session_look_at_tree(s, e);
}

int session_look_again(struct session *s, struct err *e)
{
	arena_free(&s->seen);
	s->jail = s->id = NULL;
	s->now = (struct zfs_replica){ .n = 0 };
	s->is_standby = s->by_files = false;
	if (faccessat(s->jails.fd, s->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return look_at_standby(s, e);
	if (store_check_name(&s->jails, s->name, e) < 0) return -1;
	return look_at_box(s, e);
}

static const char *state_of(const struct session *s)
{
	if (s->jail) return s->is_standby ? "standby" : "jail";
	return s->now.n || s->now.token || s->has_tree ? "part" : "none";
}

/* Without a mark: a run that was killed could not make it any more. The other side asks for its
 * own labels only. */
bool session_is_of_copy(const struct zfs_replica_snap *snap)
{
	if (!snap->kind) return str_starts(snap->label, SNAPSHOT_COPY "-");
	return str_eq(snap->kind, KIND_SNAPSHOT SNAPSHOT_COPY);
}

static void tell_state(struct session *s, struct str *answer)
{
	letter_add(answer, "state", state_of(s));
	letter_add(answer, "zfs", !s->jails.dataset ? "none" : s->is_open ? "open" : "fuse");
	if (s->now.token) letter_add(answer, "token", s->now.token);
	letter_add(answer, "self", copying_sender(s->m));
	if (s->now.has_own_key) letter_add(answer, "ownkey", "");
	if (s->id) letter_add(answer, "id", s->id);
	if (s->by_files) {
		letter_add(answer, "from", s->mark.from);
		letter_add(answer, "of", s->mark.of);
		letter_add(answer, "machine", s->mark.machine);
	}
	for (size_t i = 0; i < s->now.n; i++) {
		const struct zfs_replica_snap *snap = &s->now.v[i];

		if (letter_is_label(snap->label))
			str_addf(answer, "snap %" PRIu64 " %s %s\n", snap->guid,
			         session_is_of_copy(snap) ? "copy" : "-", snap->label);
	}
}

/* What is there, or the store that a new jail comes into. */
static bool is_encrypted(const struct session *s)
{
	if (!s->is_open || !s->jails.dataset) return false;
	return s->jail ? s->now.is_encrypted : zfs_is_encrypted(s->m, s->jails.dataset);
}

static int do_look(struct session *s, const struct letter *l, struct str *answer,
                   struct err *e)
{
	const char *name = letter_get(l, "name"), *from = letter_get(l, "from");

	if (!name || name_check(name, e) < 0)
		return name ? -1 : fail(e, ERR_INPUT, "no name");
	if (s->name && strcmp(s->name, name)) return fail(e, ERR_INPUT, "another name");
	if (from && strlen(from) >= SENDER_ROOM) return fail(e, ERR_INPUT, "no sender");
	if (open_store(s, e) < 0) return -1;
	name = s->name ? s->name : arena_strdup(s->en->m, name);
	if (!s->name && incoming_open(&s->jails, name, &s->box, e) < 0) {
		incoming_close(&s->box);
		s->box = (struct incoming){ 0 };
		return -1;
	}
	s->name = name;
	s->from = from ? strcpy(s->sender, from) : NULL;
	if (session_look_again(s, e) < 0) return -1;
	tell_state(s, answer);
	if (letter_get(l, "encrypted") && is_encrypted(s)) letter_add(answer, "encrypted", "");
	return 0;
}

/* -- receive -- */

struct stream {
	const char *dataset, *label, *why;
	uint64_t guid, from;
};

static bool is_word(const char *text)
{
	size_t n = strlen(text);

	return n && n <= WHY_MAX && strspn(text, "abcdefghijklmnopqrstuvwxyz") == n;
}

static int read_stream(struct session *s, const struct letter *l, struct stream *st,
                       struct err *e)
{
	*st = (struct stream){ .label = letter_get(l, "label"), .why = letter_get(l, "why") };
	if (letter_number(l, "guid", &st->guid, e) < 0) return -1;
	if (letter_number(l, "from", &st->from, e) < 0) return -1;
	if (!st->label || !letter_is_label(st->label) || (st->why && !is_word(st->why)))
		return fail(e, ERR_INPUT, "that is no label of a snapshot");
	if (s->jail && (!s->is_standby || s->by_files))
		return fail(e, ERR_EXISTS, "there is a jail %s already", s->name);
	if (!s->jails.dataset)
		return fail(e, ERR_HOST, "%s is no ZFS dataset", s->jails.path);
	if (s->jail) return st->dataset = s->jail, 0;
	if (incoming_begin(&s->box, e) < 0) return -1;
	if (s->box.is_done) return fail(e, ERR_EXISTS, "it is received already");
	st->dataset = s->box.dataset;
	return 0;
}

/* Of one letter of a stream, the head. */
static int read_stream_head(struct session *s, enum letter_kind *kind, size_t *n,
                            struct err *e)
{
	static const char kinds[] = { LETTER_DATA, LETTER_END, LETTER_GIVEN_UP, 0 };
	unsigned char head[LETTER_HEAD];

	if (read_exactly(s, head, sizeof head, false, e) < 0) return -1;
	return letter_read_head(head, kinds, kind, n, e);
}

int session_read_piece(struct session *s, enum letter_kind *kind, size_t *n, struct err *e)
{
	if (read_stream_head(s, kind, n, e) < 0) return -1;
	return read_exactly(s, s->buf, *n, false, e);
}

static int check_begin(const struct stream *st, const char *buf, size_t n, struct err *e)
{
	struct zfs_begin b;

	if (zfs_begin_read((const unsigned char *)buf, n, &b, e) < 0) return -1;
	if (b.guid == st->guid && b.from == st->from) return 0;
	return fail(e, ERR_UNTRUSTED, "what came is the stream of another snapshot");
}

/* The first letter; zfs(8) is started for it. */
static int take_first(struct session *s, const struct stream *st, size_t n, struct child *zfs,
                      struct err *why, struct err *e)
{
	const struct zfs_receive how = {
		.dataset = st->dataset, .label = st->label, .is_open = s->is_open,
		.keeps_part = true,
	};

	if (read_exactly(s, s->buf, n, false, e) < 0) return -1;
	if (check_begin(st, s->buf, n, why) < 0 ||
	    arrival_receive(s->m, &s->box, &how, zfs, why) < 0)
		return STREAM_REFUSED;
	return write_all(zfs->in, s->buf, n, NULL) < 0 ? STREAM_REFUSED : STREAM_WHOLE;
}

/* From the connection into zfs(8). The kernel moves the bytes, if the connection is of a kind
 * that allows it; what it did not move is read and written. */
static int take_next(struct session *s, size_t n, struct child *zfs, struct err *e)
{
	for (ssize_t k = 1; n && k > 0; n -= k > 0 ? (size_t)k : 0) {
		if (wait_fd(s->in, POLLIN, NO_DEADLINE, e) < 0) return -1;
		k = splice(s->in, NULL, zfs->in, NULL, n, 0);
	}
	if (read_exactly(s, s->buf, n, false, e) < 0) return -1;
	/* Why it takes no more, it says at its end. */
	return write_all(zfs->in, s->buf, n, NULL) < 0 ? STREAM_REFUSED : STREAM_WHOLE;
}

/* `why`: the fault, if it is known already. */
static int take_stream(struct session *s, const struct stream *st, struct child *zfs,
                       struct err *why, struct err *e)
{
	enum letter_kind kind;
	bool begun = false;
	size_t n;
	int rc;

	for (;; begun = true) {
		if (read_stream_head(s, &kind, &n, e) < 0) return -1;
		if (kind != LETTER_DATA) break;
		rc = begun ? take_next(s, n, zfs, e) : take_first(s, st, n, zfs, why, e);
		if (rc) return rc;
	}
	if (kind == LETTER_END && begun) return STREAM_WHOLE;
	fail(why, ERR_NETWORK, "the stream was given up");
	return STREAM_GIVEN_UP;
}

/* The rest of a stream that nobody takes. */
static int skip_stream(struct session *s, struct err *e)
{
	enum letter_kind kind;
	size_t n;

	do {
		if (session_read_piece(s, &kind, &n, e) < 0) return -1;
	} while (kind == LETTER_DATA);
	return 0;
}

int session_refuse(struct session *s, const struct err *why, struct err *e)
{
	return send_fault(s, why, e) < 0 || skip_stream(s, e) < 0 ? -1 : 0;
}

static int fail_receive(struct session *s, const char *said, int status, struct err *why)
{
	const char *changed = arena_printf(
		s->m, "%s has been changed since the last copy, which would be lost: 'jlmkr "
		"clone %s NEW' there keeps the changes, then remove %s and copy again", s->name,
		s->name, s->name);

	return arrival_fail(s->m, said, status, changed, why);
}

/* -1 with `e`: the connection does not work. */
static int receive_stream(struct session *s, const struct stream *st, struct err *why,
                          struct err *e)
{
	AUTOCHILD zfs = NO_CHILD;
	char said[ZFS_SAID];
	int rc = take_stream(s, st, &zfs, why, e), status;

	status = child_end(&zfs, said, sizeof said);
	if (rc < 0) return -1;
	if (status && !why->kind) fail_receive(s, said, status, why);
	if (rc != STREAM_REFUSED) return why->kind ? 1 : 0;
	if (!why->kind) fail(why, ERR_HOST, "zfs receive took no more");
	return session_refuse(s, why, e) < 0 ? -1 : 1;
}

static int do_receive(struct session *s, const struct letter *l, struct str *answer,
                      struct err *e)
{
	struct err why = { 0 };
	struct stream st;
	int rc;

	if (read_stream(s, l, &st, &why) < 0) {
		if (session_refuse(s, &why, e) < 0) return -1;
		return fail_as(e, &why);
	}
	if ((rc = receive_stream(s, &st, &why, e)) < 0) return -1;
	if (rc) return fail_as(e, &why);
	if (st.why)
		zfs_set_kind(arena_printf(s->m, "%s@%s", st.dataset, st.label),
		             arena_printf(s->m, KIND_SNAPSHOT "%s", st.why), NULL);
	letter_add(answer, "received", st.label);
	return 0;
}

static int do_discard(struct session *s, const struct letter *l, struct str *answer,
                      struct err *e)
{
	(void)l;
	if (s->jail && s->now.token && zfs_receive_forget(s->jail, e) < 0) return -1;
	if (!s->jail && incoming_drop(&s->box, e) < 0) return -1;
	letter_add(answer, "discarded", "");
	return session_look_again(s, e);
}

/* -- all of it -- */

static const struct {
	const char *key;
	bool looked;		/* only after `look` */
	int (*run)(struct session *s, const struct letter *l, struct str *answer,
	           struct err *e);
} commands[] = {
	{ "look", false, do_look },
	{ "receive", true, do_receive },
	{ "list", true, session_list },
	{ "tree", true, session_tree },
	{ "discard", true, do_discard },
	{ "finish", true, session_finish },
	{ "takeover", true, session_take_over },
	{ "drop", true, session_drop },
};

static int obey(struct session *s, const struct letter *l, struct str *answer, struct err *e)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (!str_eq(commands[i].key, l->v[0].key)) continue;
		if (commands[i].looked && !s->name) break;
		return commands[i].run(s, l, answer, e);
	}
	return fail(e, ERR_INPUT, "the other side asks for something unknown");
}

/* 1: there are no more. */
static int answer_one(struct session *s, struct err *e)
{
	static const char kinds[] = { LETTER_COMMAND, 0 };
	struct str answer = { .m = s->m };
	unsigned char head[LETTER_HEAD];
	struct err why = { 0 };
	enum letter_kind kind;
	struct letter l;
	size_t n;
	char *body;
	int rc;

	if ((rc = read_exactly(s, head, sizeof head, true, e))) return rc;
	if (letter_read_head(head, kinds, &kind, &n, e) < 0) return -1;
	body = arena_alloc(s->m, n + 1);
	if (read_exactly(s, body, n, false, e) < 0) return -1;
	if (letter_parse(s->m, body, n, &l, e) < 0) return -1;
	s->has_spoken = false;
	if (obey(s, &l, &answer, &why) == 0)
		return session_write(s, LETTER_ANSWER, answer.s, answer.len, e);
	if (s->has_spoken) return 0;
	return send_fault(s, &why, e);
}

static int serve_one(struct session *s, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	int rc;

	s->m = &m;
	rc = answer_one(s, e);
	s->m = NULL;
	return rc;
}

int op_receive(struct engine *en, struct err *e)
{
	static const char hello[] = LETTER_SPEAKS " " JLMKR_VERSION "\n";
	AUTOSESSION s = {
		.en = en, .in = STDIN_FILENO, .jails.fd = -1,
		.buf = arena_alloc(en->m, LETTER_DATA_MAX),
	};
	int rc;

	/* What others print on stdout while we work is no letter. */
	if ((s.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)) < 0) return fail_sys(e, "dup");
	dup2(STDERR_FILENO, STDOUT_FILENO);
	if (write_all(s.out, hello, strlen(hello), e) < 0 || check_hello(&s, e) < 0) return -1;
	while ((rc = serve_one(&s, e)) == 0)
		;
	return rc < 0 ? -1 : 0;
}
