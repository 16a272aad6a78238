#include "lib/ops/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/host.h"
#include "lib/base/out.h"
#include "lib/base/wait.h"
#include "lib/disk/zfs_replica.h"
#include "lib/text/split.h"

enum { LINE_MAX_BYTES = 500, LINES_MAX = 200, ZFS_SAID = 500, SECOND_MS = 1000 };

/* -- how it is called -- */

int peer_check_machine(const char *machine, struct err *e)
{
	const char *host = strrchr(machine, '@');

	host = host ? host + 1 : machine;
	if (*host && *host != '-' && *machine != '-' && *machine != '@' &&
	    machine[strspn(machine, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                   "0123456789.-_:%@+")] == 0)
		return 0;
	return fail(e, ERR_USAGE, "'%s' is not the name of a machine", machine);
}

/* Finds jlmkr there: $1, or what is in its place. The rest are its words. */
static const char script[] =
	"for j in \"$1\" \"$(command -v jlmkr)\" /usr/local/bin/jlmkr; do "
	"[ ! -x \"$j\" ] || break; done; "
	"[ -x \"$j\" ] || { echo 'jlmkr: not found' >&2; exit 127; }; shift; "
	"[ \"$(id -u)\" != 0 ] || exec \"$j\" \"$@\"; exec sudo -n \"$j\" \"$@\"";

/* It was told where. sudo may find it where the user cannot look. */
static const char named_script[] =
	"[ \"$(id -u)\" != 0 ] || exec \"$@\"; exec sudo -n \"$@\"";

/* Reads $1 bytes of a program, puts it where it can run, and runs it with the other words. */
static const char bring_script[] =
	"f=$(mktemp) || exit; d=; trap 'rm -rf \"$f\" \"$d\"' EXIT; head -c \"$1\" > \"$f\" || "
	"exit; shift; for t in /tmp /var/tmp /run /root; do "
	"d=$(mktemp -d \"$t/jlmkr-XXXXXX\") || continue; "
	"cp \"$f\" \"$d/jlmkr\" && chmod 755 \"$d/jlmkr\" && "
	"\"$d/jlmkr\" --version > /dev/null 2>&1 && break; rm -rf \"$d\"; d=; done; "
	"[ \"$d\" ] || { echo 'jlmkr: no place to run it from' >&2; exit 126; }; "
	"\"$d/jlmkr\" \"$@\"";

static int64_t own_size(void)
{
	struct stat st;

	return stat("/proc/self/exe", &st) < 0 ? 0 : st.st_size;
}

/* One word for the shell there, whatever shell it is. */
static const char *remote_command(struct arena *m, const struct host *h,
                                  const struct peer_how *how)
{
	struct words w = { .m = m };

	words_add(&w, "exec");
	words_add(&w, "sh");
	words_add(&w, "-c");
	words_add(&w, how->send_binary || how->program ? named_script : script);
	words_add(&w, "sh");
	if (how->send_binary) {
		words_add(&w, "sh");
		words_add(&w, "-c");
		words_add(&w, bring_script);
		words_add(&w, "sh");
		words_addf(&w, "%lld", (long long)own_size());
	} else {
		words_add(&w, how->program ? how->program : h->self);
	}
	if (how->dir) words_addf(&w, "--dir=%s", how->dir);
	words_add(&w, "receive");
	return words_quoted(m, words_list(&w));
}

/* -- what it says on stderr -- */

/* The last lines before it says hello tell why it does not. */
static void take_said(struct peer *p)
{
	if (!p->said.len) return;
	if (!p->is_open) {
		if (p->faults.len < LINE_MAX_BYTES)
			str_addf(&p->faults, "%s%s", p->faults.len ? "; " : "", p->said.s);
	} else if (p->lines++ < LINES_MAX) {
		out_progress_end();
		out_note("%s: %s", p->shown, p->said.s);
	}
	p->said.len = 0;
}

static void hear(struct peer *p)
{
	char buf[1024];
	ssize_t n = read(p->ssh.err, buf, sizeof buf);

	if (n < 0 && errno == EINTR) return;
	if (n <= 0) {
		close(take_fd(&p->ssh.err));
		return;
	}
	for (ssize_t i = 0; i < n; i++) {
		if (buf[i] == '\n') take_said(p);
		else if (buf[i] != '\r' && buf[i] && p->said.len < LINE_MAX_BYTES)
			str_addc(&p->said, buf[i]);
	}
}

/* -- waiting -- */

/* Wait until it can be written to or read from (`events` of each; 0: neither matters), or until
 * `fd` can be read (-1: none). What it says on stderr is heard meanwhile. */
struct ready {
	bool in, out, fd;
};

static int wait_peer(struct peer *p, bool in, bool out, int fd, int64_t deadline,
                     struct ready *r, struct err *e)
{
	struct pollfd fds[] = {
		{ .fd = in ? p->ssh.in : -1, .events = POLLOUT },
		{ .fd = out ? p->ssh.out : -1, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
		{ .fd = p->ssh.err, .events = POLLIN },
	};
	int rc;

	*r = (struct ready){ false, false, false };
	do {
		if ((rc = wait_fds(fds, 4, deadline, e)) < 0) return -1;
		if (fds[3].revents) hear(p);
		fds[3].fd = p->ssh.err;
	} while (rc > 0 && !fds[0].revents && !fds[1].revents && !fds[2].revents);
	*r = (struct ready){ fds[0].revents, fds[1].revents, fds[2].revents };
	return rc;
}

static int fail_cut(struct peer *p, struct err *e)
{
	return fail(e, ERR_NETWORK, "the connection to %s was cut", p->shown);
}

static int read_exactly(struct peer *p, void *buf, size_t n, struct err *e)
{
	struct ready r;

	for (size_t done = 0; done < n;) {
		ssize_t got;

		if (wait_peer(p, false, true, -1, NO_DEADLINE, &r, e) < 0) return -1;
		got = read(p->ssh.out, (char *)buf + done, n - done);
		if (got < 0 && errno == EINTR) continue;
		if (got <= 0) return fail_cut(p, e);
		done += (size_t)got;
	}
	return 0;
}

/* 1: it speaks before we have said all. */
static int write_exactly(struct peer *p, const void *buf, size_t n, bool listen, struct err *e)
{
	struct ready r;

	for (size_t done = 0; done < n;) {
		ssize_t put;

		if (wait_peer(p, true, listen, -1, NO_DEADLINE, &r, e) < 0) return -1;
		if (r.out && !done) return 1;
		put = write(p->ssh.in, (const char *)buf + done, n - done);
		if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
		if (put < 0) return fail_cut(p, e);
		done += (size_t)put;
	}
	return 0;
}

/* -- hello -- */

static int send_binary(struct peer *p, struct err *e)
{
	AUTOCLOSE int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	char *buf = arena_alloc(p->m, LETTER_DATA_MAX);
	int64_t left = own_size();
	ssize_t n;

	if (fd < 0) return fail_sys(e, "open /proc/self/exe");
	while (left && (n = read(fd, buf, LETTER_DATA_MAX)) > 0) {
		if (write_exactly(p, buf, (size_t)n, false, e) < 0) return -1;
		left -= n;
	}
	return left ? fail_sys(e, "read /proc/self/exe") : 0;
}

static int read_hello(struct peer *p, char *line, struct err *e)
{
	size_t n = 0;

	do {
		if (read_exactly(p, line + n, 1, e) < 0) return -1;
	} while (line[n] != '\n' && ++n < LETTER_HELLO_MAX);
	line[n] = 0;
	return 0;
}

static const char *advice(const char *said, int status)
{
	if (strstr(said, "Host key verification failed") || strstr(said, "HOST IDENTIFICATION"))
		return "; connect with ssh as the same user once, and check its key";
	if (strstr(said, "sudo: a password is") || strstr(said, "sudo: a terminal is") ||
	    strstr(said, "sudo: no tty"))
		return "; sudo there must not ask for a password for jlmkr (NOPASSWD in "
		       "sudoers), or connect as root";
	if (strstr(said, "sudo: not found") || strstr(said, "may not run sudo") ||
	    strstr(said, "not in the sudoers") || strstr(said, "not allowed to execute"))
		return "; connect as root, or as a user who may run jlmkr by sudo";
	if (status == 127 || strstr(said, "command not found"))
		return "; --remote-path tells where jlmkr is there, --send-binary brings it";
	return "";
}

/* It has ended, or ends now that we do not talk to it. */
static int explain(struct peer *p, struct err *e)
{
	struct err why = *e;
	int status;

	close(take_fd(&p->ssh.in));
	while (p->ssh.err >= 0)
		hear(p);
	take_said(p);
	status = child_end(&p->ssh, NULL, 0);
	if (why.kind == ERR_INTERRUPTED) return -1;
	if (!p->faults.len)
		return fail(e, why.kind, "%s: %s (ssh ended with status %d)", p->shown,
		            why.text, status);
	return fail(e, ERR_NETWORK, "%s: %s%s", p->shown, p->faults.s,
	            advice(p->faults.s, status));
}

static int say_hello(struct peer *p, const struct peer_how *how, struct err *e)
{
	static const char ours[] = LETTER_SPEAKS " " JLMKR_VERSION "\n";
	char line[LETTER_HELLO_MAX + 1];

	if (how->send_binary && send_binary(p, e) < 0) return explain(p, e);
	if (read_hello(p, line, e) < 0) return explain(p, e);
	if (letter_check_hello(line, JLMKR_VERSION, e) < 0) return fail_in(e, "%s", p->shown);
	p->is_open = true;
	return write_exactly(p, ours, strlen(ours), false, e);
}

/* NULL: root, who was not called by sudo. */
static const struct passwd *caller(void)
{
	const char *user = getenv("SUDO_USER");

	return user && *user && strcmp(user, "root") ? getpwnam(user) : NULL;
}

int peer_open(struct arena *m, const struct host *h, const struct peer_how *how,
              struct peer *p, struct err *e)
{
	char *argv[] = { "ssh", "-T", "-e", "none", "-oServerAliveInterval=15",
		         "-oServerAliveCountMax=4", "--", (char *)how->machine,
		         (char *)remote_command(m, h, how), NULL };
	const struct child_how run = {
		.argv = argv, .in_socket = true, .out = true, .err = true,
		.as = caller(),
	};
	const char *at = strrchr(how->machine, '@');

	*p = (struct peer){
		.m = m, .shown = at ? at + 1 : how->machine, .ssh = NO_CHILD,
		.said.m = m, .faults.m = m,
	};
	if (child_start(m, &run, &p->ssh, e) < 0) return -1;
	fcntl(p->ssh.in, F_SETFL, O_NONBLOCK);
	return say_hello(p, how, e);
}

void peer_close(struct peer *p)
{
	if (p->ssh.in >= 0) close(take_fd(&p->ssh.in));
	/* It has nothing to do any more, and ends: what it still says is heard. */
	while (p->ssh.err >= 0 && !signal_caught())
		hear(p);
	if (p->m) take_said(p);
	child_drop(&p->ssh);
}

/* -- letters -- */

static int write_letter(struct peer *p, enum letter_kind kind, const char *body, size_t n,
                        struct err *e)
{
	unsigned char head[LETTER_HEAD];

	letter_head(kind, n, head);
	if (write_exactly(p, head, sizeof head, false, e) < 0) return -1;
	return n ? write_exactly(p, body, n, false, e) : 0;
}

static int heed_fault(struct peer *p, const struct letter *l, struct err *e)
{
	const char *text = letter_get(l, "fault");
	enum err_kind kind = ERR_HOST;
	uint64_t number;

	if (letter_number(l, "kind", &number, NULL) == 0 && number >= ERR_HOST &&
	    number <= ERR_UNTRUSTED)
		kind = (enum err_kind)number;
	return fail(e, kind, "%s: %s", p->shown, text ? text : "it does not say why");
}

static int read_letter_head(struct peer *p, const char *kinds, enum letter_kind *kind,
                            size_t *n, struct err *e)
{
	unsigned char head[LETTER_HEAD];

	if (read_exactly(p, head, sizeof head, e) < 0) return -1;
	return letter_read_head(head, kinds, kind, n, e);
}

static int read_body(struct peer *p, enum letter_kind kind, size_t n, struct letter *l,
                     struct err *e)
{
	char *body = arena_alloc(p->m, n + 1);

	if (read_exactly(p, body, n, e) < 0 || letter_parse(p->m, body, n, l, e) < 0) return -1;
	p->answers = true;
	return kind == LETTER_FAULT ? heed_fault(p, l, e) : 0;
}

static int read_answer(struct peer *p, struct letter *l, struct err *e)
{
	static const char kinds[] = { LETTER_ANSWER, LETTER_FAULT, 0 };
	enum letter_kind kind;
	size_t n;

	if (read_letter_head(p, kinds, &kind, &n, e) < 0) return -1;
	return read_body(p, kind, n, l, e);
}

int peer_ask(struct peer *p, const struct str *command, struct letter *answer, struct err *e)
{
	p->answers = false;
	if (write_letter(p, LETTER_COMMAND, command->s, command->len, e) < 0) return -1;
	return read_answer(p, answer, e);
}

int peer_fetch(struct peer *p, const struct str *command,
               int (*take)(void *arg, const void *data, size_t n, struct err *e), void *arg,
               struct letter *answer, struct err *e)
{
	static const char kinds[] = { LETTER_DATA, LETTER_ANSWER, LETTER_FAULT, 0 };
	char *data = arena_alloc(p->m, LETTER_DATA_MAX);
	enum letter_kind kind;
	size_t n;

	p->answers = false;
	if (write_letter(p, LETTER_COMMAND, command->s, command->len, e) < 0) return -1;
	for (;;) {
		if (read_letter_head(p, kinds, &kind, &n, e) < 0) return -1;
		if (kind != LETTER_DATA) return read_body(p, kind, n, answer, e);
		if (read_exactly(p, data, n, e) < 0 || take(arg, data, n, e) < 0) return -1;
	}
}

/* -- streams -- */

/* How long to wait until as many bytes more are within the limit. */
static int64_t pause_of(const struct peer_stream *s, int64_t begun)
{
	int64_t due = s->limit ? (int64_t)(s->done * SECOND_MS / s->limit) : 0;
	int64_t now = now_ms() - begun;

	return due > now ? due - now : 0;
}

/* How a step of a stream ends, unless it fails (-1). */
enum { SENT, AT_END, SPOKEN_TO };

/* Wait for bytes of the child: `*n` of them can be read at once. */
static int await_child(struct peer *p, int fd, size_t *n, struct err *e)
{
	struct ready r;
	int ready;

	if (wait_peer(p, false, true, fd, NO_DEADLINE, &r, e) < 0) return -1;
	if (r.out) return SPOKEN_TO;
	if (ioctl(fd, FIONREAD, &ready) < 0) return fail_sys(e, "read a stream");
	*n = ready > LETTER_DATA_MAX ? LETTER_DATA_MAX : (size_t)ready;
	return *n ? SENT : AT_END;
}

static int write_head(struct peer *p, size_t n, struct err *e)
{
	unsigned char head[LETTER_HEAD];
	int rc;

	letter_head(LETTER_DATA, n, head);
	rc = write_exactly(p, head, sizeof head, true, e);
	return rc > 0 ? SPOKEN_TO : rc;
}

/* What a stream goes on from, the other side says: it must not be what is not raw. */
static int check_raw(const char *data, size_t n, struct err *e)
{
	struct zfs_begin b;

	if (zfs_begin_read((const unsigned char *)data, n, &b, e) < 0) return -1;
	return b.raw ? 0 : fail(e, ERR_UNTRUSTED, "the stream would not be raw: nothing of it "
	                        "is sent");
}

/* At least `least` bytes in one letter, if there are as many. */
static int send_first(struct peer *p, int fd, size_t least, struct peer_stream *s,
                      struct err *e)
{
	char *buf = arena_alloc(p->m, LETTER_DATA_MAX);
	size_t got = 0, n;
	ssize_t k;
	int rc;

	while (got < least && (rc = await_child(p, fd, &n, e)) != AT_END) {
		if (rc) return rc;
		if ((k = read(fd, buf + got, LETTER_DATA_MAX - got)) < 0)
			return fail_sys(e, "read a stream");
		got += (size_t)k;
	}
	if (!got) return AT_END;
	if (s->raw && check_raw(buf, got, e) < 0) return -1;
	if ((rc = write_head(p, got, e))) return rc;
	s->done += got;
	return write_exactly(p, buf, got, false, e);
}

/* From the pipe into the socket of ssh: the bytes are not copied. */
static int send_next(struct peer *p, int fd, struct peer_stream *s, struct err *e)
{
	struct ready r;
	size_t n;
	int rc;

	if ((rc = await_child(p, fd, &n, e)) || (rc = write_head(p, n, e))) return rc;
	s->done += n;
	while (n) {
		ssize_t k = splice(fd, NULL, p->ssh.in, NULL, n, SPLICE_F_NONBLOCK);

		if (k < 0 && errno == EAGAIN &&
		    wait_peer(p, true, false, -1, NO_DEADLINE, &r, e) < 0)
			return -1;
		if (k < 0 && errno != EAGAIN && errno != EINTR) return fail_cut(p, e);
		n -= k > 0 ? (size_t)k : 0;
	}
	return SENT;
}

static int wait_for_limit(struct peer *p, const struct peer_stream *s, int64_t begun,
                          struct err *e)
{
	int64_t ms = pause_of(s, begun);
	struct ready r;

	if (!ms) return 0;
	if (wait_peer(p, false, true, -1, deadline_in(ms), &r, e) < 0) return -1;
	return r.out ? SPOKEN_TO : SENT;
}

static void tell_progress(const struct peer_stream *s)
{
	uint64_t done = s->reached ? __atomic_load_n(s->reached, __ATOMIC_RELAXED) : s->done;

	out_progress(s->what, done, done > s->total ? 0 : s->total);
}

/* AT_END or SPOKEN_TO. */
static int pump(struct peer *p, int fd, size_t first, struct peer_stream *s, struct err *e)
{
	int64_t begun = now_ms();
	int rc;

	rc = first ? send_first(p, fd, first, s, e) : SENT;
	while (rc == SENT) {
		tell_progress(s);
		rc = wait_for_limit(p, s, begun, e);
		if (rc == SENT) rc = send_next(p, fd, s, e);
	}
	return rc;
}

int peer_send(struct peer *p, const struct str *command, struct child *from, size_t first,
              struct peer_stream *s, struct err *e)
{
	char said[ZFS_SAID];
	struct letter answer;
	int status, end, rc;
	bool spoke;

	if (write_letter(p, LETTER_COMMAND, command->s, command->len, e) < 0) return -1;
	if ((end = pump(p, from->out, first, s, e)) < 0) return -1;
	spoke = end == SPOKEN_TO;
	if (spoke) close(take_fd(&from->out));
	status = child_end(from, said, sizeof said);
	if (write_letter(p, spoke || status ? LETTER_GIVEN_UP : LETTER_END, NULL, 0, e) < 0)
		return -1;
	out_progress_end();
	rc = read_answer(p, &answer, e);
	/* A program that was not read to its end complains of that, too. */
	if (!spoke && status)
		return fail(e, ERR_HOST, "%s: %.*s", from->name, (int)strcspn(said, "\n"),
		            said);
	if (rc == 0 && spoke)
		return fail(e, ERR_NETWORK, "%s answered before it had all", p->shown);
	return rc;
}
