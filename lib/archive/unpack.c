/* The parent's side, and the fork; unpack_child.c is the child's, and confine.c confines it.
 *
 * The child is a fork, not a program: nothing in the new root is ever executed. At its
 * end it writes its result as one struct into a pipe. The pipe is its stderr too, for
 * arena.c and the sanitizers: if the child dies without a result, the message is that
 * text, or how it died. The parent handles signals; the child ignores them, and the
 * parent kills it. */

#include "lib/archive/unpack_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/archive/confine.h"
#include "lib/archive/decode.h"
#include "lib/archive/found.h"
#include "lib/archive/overlay.h"
#include "lib/archive/same.h"
#include "lib/archive/squashfs.h"
#include "lib/archive/unstream.h"
#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"

enum { PIPE_SIZE = 1 << 20 };

static int check_empty(int dir, struct err *e)
{
	int empty = dir_is_empty(dir);

	if (empty < 0) return fail_sys(e, "read the directory to unpack into");
	return empty ? 0 : fail(e, ERR_EXISTS, "the directory to unpack into is not empty");
}

/* The child replaces 0, 1 and 2. */
static int raise_ends(int ends[2], struct err *e)
{
	for (int i = 0; i < 2; i++) {
		int high = ends[i] > 2 ? ends[i] : fcntl(ends[i], F_DUPFD_CLOEXEC, 3);

		if (high < 0) return fail_sys(e, "pipe");
		if (high != ends[i]) close(ends[i]);
		ends[i] = high;
	}
	return 0;
}

/* A pipe whose ends are above 2. */
static int make_pipe(int ends[2], struct err *e)
{
	return pipe2(ends, O_CLOEXEC) < 0 ? fail_sys(e, "pipe") : raise_ends(ends, e);
}

/* The child asks, and each of its words is a message. */
static int make_talk(int ends[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail_sys(e, "socketpair");
	return raise_ends(ends, e);
}

static int start_child(struct unpack *u, const struct confined *to,
                       const struct unpack_task *task, struct err *e)
{
	uint64_t memory = confine_memory_used() +
			  (task->what == LAYER ? CONFINE_LAYER : CONFINE_ARCHIVE);
	pid_t parent = getpid(), pid = fork();

	if (pid < 0) return fail_sys(e, "fork");
	if (pid == 0) unpack_child(to, task, memory, parent);
	u->pid = pid;
	u->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return u->pidfd < 0 ? fail_sys(e, "pidfd_open") : 0;
}

/* The end of a pipe for the archive, or the file that it is in. */
static int open_inlet(struct unpack *u, int file, struct err *e)
{
	int ends[2];

	if (file >= 0) {
		int fd = reopen(file, O_RDONLY), high;

		if (fd < 0) return fail_sys(e, "open the archive");
		high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		close(fd);
		return high < 0 ? fail_sys(e, "open the archive") : high;
	}
	if (make_pipe(ends, e) < 0) return -1;
	u->in = ends[1];
	fcntl(u->in, F_SETPIPE_SZ, PIPE_SIZE);	/* if this fails, it is only slower */
	fcntl(u->in, F_SETFL, O_NONBLOCK);
	return ends[0];
}

/* For an export: the child notes what only we can set. */
static int make_notes(struct unpack *u, int dir, struct unpack_task *task, struct err *e)
{
	if (task->what != UNPACK || !task->limits.is_export) return 0;
	if (!(u->overlay = task->limits.overlay = overlay_new(e))) return -1;
	u->dir = fcntl(dir, F_DUPFD_CLOEXEC, 3);
	return u->dir < 0 ? fail_sys(e, "open the directory to unpack into") : 0;
}

/* What the child writes to, and we read; `talks`: it also hears us there. */
static int open_outlet(int *ours, bool talks, struct err *e)
{
	int ends[2];

	if ((talks ? make_talk(ends, e) : make_pipe(ends, e)) < 0) return -1;
	*ours = ends[0];
	return ends[1];
}

static int begin(struct unpack *u, int file, int dir, struct unpack_task *task, struct err *e)
{
	AUTOCLOSE int in_read = -1, said_write = -1, out_write = -1;
	bool passes = task->reading == READ_STREAM || task->reading == READ_RAW;

	*u = (struct unpack){ .in = -1, .said = -1, .out = -1, .pidfd = -1, .dir = -1,
			      .found = task->found, .front_only = task->reading == READ_FRONT,
			      .known = task->limits.known };
	if (geteuid() != 0) return fail(e, ERR_HOST, "unpacking needs root");
	if (task->what == UNPACK && check_empty(dir, e) < 0) return -1;
	if (make_notes(u, dir, task, e) == 0 && (in_read = open_inlet(u, file, e)) >= 0 &&
	    (said_write = open_outlet(&u->said, u->known, e)) >= 0 &&
	    (!passes || (out_write = open_outlet(&u->out, false, e)) >= 0)) {
		const struct confined to = { dir, in_read, said_write, out_write };

		if (start_child(u, &to, task, e) == 0) return 0;
	}
	unpack_abort(u);
	return -1;
}

static struct unpack_task task_of(enum unpack_what what, const struct unpack_limits *limits,
                           struct archive_found *found)
{
	struct unpack_task t = { .what = what, .found = found };

	if (limits) t.limits = *limits;
	if (!t.limits.bytes) t.limits.bytes = UNPACK_BYTES_MAX;
	if (!t.limits.entries) t.limits.entries = UNPACK_ENTRIES_MAX;
	return t;
}

int unpack_begin(struct unpack *u, int dir, const struct unpack_limits *limits, struct err *e)
{
	struct unpack_task t = task_of(UNPACK, limits, NULL);

	return begin(u, -1, dir, &t, e);
}

int unpack_begin_file(struct unpack *u, int file, int dir, const struct unpack_limits *limits,
                      struct err *e)
{
	struct unpack_task t = task_of(UNPACK, limits, NULL);

	return begin(u, file, dir, &t, e);
}

int unpack_begin_layer(struct unpack *u, int file, int dir, const struct unpack_limits *limits,
                       struct err *e)
{
	struct unpack_task t = task_of(LAYER, limits, NULL);

	t.limits.is_layer = true;
	t.lowest = dir_is_empty(dir) == 1;
	return begin(u, file, dir, &t, e);
}

bool unpack_wants_file(const void *head, size_t n)
{
	return squashfs_begins(head, n);
}

static void close_end(int *fd)
{
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

/* The child gave no result; `text` is what it wrote to stderr. */
static int fail_silent(const siginfo_t *how, const char *text, size_t n, struct err *e)
{
	while (n && text[n - 1] == '\n') n--;
	if (n) return fail(e, ERR_HOST, "the unpacking process died: %.*s", (int)n, text);
	if (how->si_code == CLD_EXITED)
		return fail(e, ERR_HOST,
		            "the unpacking process ended without a result, status %d",
		            how->si_status);
	return fail(e, ERR_HOST, "the unpacking process was killed by signal %d (%s)%s",
	            how->si_status, strsignal(how->si_status),
	            how->si_status == SIGKILL ? "; the memory may be full" : "");
}

static int answer(struct unpack *u, const struct same *q, struct err *e)
{
	char yes = u->known->link(u->known->arg, q->path, q->sum) == 0 ? SAME_YES : SAME_NO;

	return send(u->said, &yes, 1, MSG_NOSIGNAL) == 1 || errno == EPIPE ? 0 :
	       fail_sys(e, "answer the unpacking process");
}

int unpack_hear(struct unpack *u, struct err *e)
{
	struct same q = { 0 };
	ssize_t n = recv(u->said, &q, sizeof q, 0);

	if (n < 0 && errno == EINTR) return 0;
	if (n < 0) return fail_sys(e, "hear the unpacking process");
	if (same_is_question(&q, (size_t)n)) return answer(u, &q, e);
	if (!n) u->ended = true;
	/* What comes first counts: a sanitizer says more. */
	if (n && !u->last_n) {
		u->last_n = (size_t)n < sizeof u->last ? (size_t)n : sizeof u->last;
		memcpy(u->last, &q, u->last_n);
	}
	return 0;
}

static int hear_all(struct unpack *u, struct unpack_said *said, size_t *n, struct err *e)
{
	_Static_assert(sizeof *said <= UNPACK_SAID, "the result of the child");
	while (!u->ended)
		if (wait_fd(u->said, POLLIN, NO_DEADLINE, e) < 0 || unpack_hear(u, e) < 0)
			return -1;
	*n = u->last_n < sizeof *said ? u->last_n : sizeof *said;
	memcpy(said, u->last, *n);
	return 0;
}

static int read_all_said(struct unpack *u, struct unpack_said *said, size_t *n, struct err *e)
{
	ssize_t k = 1;

	while (*n < sizeof *said && k > 0) {
		if (wait_fd(u->said, POLLIN, NO_DEADLINE, e) < 0) return -1;
		k = read(u->said, (char *)said + *n, sizeof *said - *n);
		*n += k > 0 ? (size_t)k : 0;
	}
	return 0;
}

/* The result is not trusted, because the child has read the archive. */
static int read_result(struct unpack *u, struct unpack_report *r, struct err *e)
{
	struct unpack_said said;
	size_t n = 0;
	siginfo_t how = { 0 };
	bool whole;

	if ((u->known ? hear_all(u, &said, &n, e) : read_all_said(u, &said, &n, e)) < 0)
		return -1;
	if (wait_fd(u->pidfd, POLLIN, NO_DEADLINE, e) < 0) return -1;
	if (waitid(P_PID, (id_t)u->pid, &how, WEXITED) < 0) return fail_sys(e, "waitid");
	u->pid = 0;
	whole = n == sizeof said && said.e.kind <= ERR_INTERRUPTED;
	if (!whole || how.si_code != CLD_EXITED)
		return fail_silent(&how, (const char *)&said,
		                   n == sizeof said ? 0 : n, e);
	said.e.text[sizeof said.e.text - 1] = 0;
	said.report.diff_id[SHA256_HEX] = 0;
	if (r) *r = said.report;
	if (!said.e.kind) return 0;
	fail(e, said.e.kind, "%s", said.e.text);
	if (e) e->sys = said.e.sys;
	return -1;
}

/* Until the pipe takes more; the child may ask for something first. */
static int wait_to_feed(struct unpack *u, struct err *e)
{
	struct pollfd fds[] = {
		{ .fd = u->in, .events = POLLOUT }, { .fd = u->said, .events = POLLIN },
	};

	if (!u->known || u->ended) return wait_fd(u->in, POLLOUT, NO_DEADLINE, e);
	if (wait_fds(fds, 2, NO_DEADLINE, e) < 0) return -1;
	return fds[1].revents ? unpack_hear(u, e) : 0;
}

int unpack_feed(struct unpack *u, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	while (n) {
		ssize_t k = write(u->in, p, n);

		if (k < 0 && errno == EPIPE) {
			bool front_only = u->front_only;

			if (unpack_end(u, NULL, e) < 0) return -1;
			if (front_only) return 1;
			return fail(e, ERR_INPUT, "the archive has data behind its end");
		}
		if (k < 0 && errno != EAGAIN && errno != EINTR) {
			fail_sys(e, "write to the unpacking process");
			unpack_abort(u);
			return -1;
		}
		if (k < 0 && wait_to_feed(u, e) < 0) {
			unpack_abort(u);
			return -1;
		}
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
	return 0;
}

/* The child wrote them, and lives no more. */
static void end_texts(struct archive_found *f)
{
	for (int i = 0; i < FOUND_PLACES; i++) {
		f->roots[i].init[sizeof f->roots[i].init - 1] = 0;
		f->roots[i].os_release[sizeof f->roots[i].os_release - 1] = 0;
	}
	f->metadata[sizeof f->metadata - 1] = 0;
	if (f->metadata_n >= sizeof f->metadata) f->metadata_n = sizeof f->metadata - 1;
	if (f->front.head_n > sizeof f->front.head) f->front.head_n = sizeof f->front.head;
	if (f->front.config_n > sizeof f->front.config)
		f->front.config_n = sizeof f->front.config;
}

int unpack_end(struct unpack *u, struct unpack_report *r, struct err *e)
{
	struct archive_found *found = u->found;
	uint64_t lost;
	int rc;

	close_end(&u->in);
	rc = read_result(u, r, e);
	lost = rc == 0 && u->overlay ? overlay_set(u->overlay, u->dir) : 0;
	if (r) r->bare += lost;
	unpack_abort(u);
	if (rc == 0 && found) end_texts(found);
	return rc;
}

/* -- looking -- */

struct archive_found *found_new(struct err *e)
{
	void *p = mmap(NULL, sizeof(struct archive_found), PROT_READ | PROT_WRITE,
	               MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? fail_sys(e, "mmap"), NULL : p;
}

void found_free(struct archive_found *found)
{
	if (found) munmap(found, sizeof *found);
}

/* An empty directory that has no name anywhere, with room for so many bytes. */
static int open_nowhere(const char *room, unsigned attrs, struct err *e)
{
	AUTOCLOSE int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC), low = -1;
	int dir = -1;

	if (fs >= 0 &&
	    syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "size", room, 0) == 0 &&
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		low = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, attrs);
	if (low >= 0) dir = fcntl(low, F_DUPFD_CLOEXEC, 3);
	return dir < 0 ? fail_sys(e, "make a directory to look at the archive in") : dir;
}

/* Nothing can be made where the child is. */
static int begin_nowhere(struct unpack *u, int file, struct unpack_task t, struct err *e)
{
	AUTOCLOSE int dir = open_nowhere("4096", MOUNT_ATTR_RDONLY, e);

	*u = (struct unpack){ 0 };
	t.limits.no_devices |= t.what != LOOK;
	return dir < 0 ? -1 : begin(u, file, dir, &t, e);
}

static int begin_check(struct unpack *u, enum reading reading, struct archive_found *found,
                       struct err *e)
{
	struct unpack_task t = task_of(CHECK, NULL, found);

	t.reading = reading;
	return begin_nowhere(u, -1, t, e);
}

int unpack_begin_front(struct unpack *u, struct archive_found *found, struct err *e)
{
	return begin_check(u, READ_FRONT, found, e);
}

int unpack_begin_check(struct unpack *u, struct err *e)
{
	return begin_check(u, READ_ALL, NULL, e);
}

int unpack_begin_stream(struct unpack *u, bool raw, struct err *e)
{
	return begin_check(u, raw ? READ_RAW : READ_STREAM, NULL, e);
}

int unpack_look(int file, const struct unpack_limits *limits, struct unpack_report *r,
                struct archive_found *out, struct err *e)
{
	struct unpack u;

	if (begin_nowhere(&u, file, task_of(LOOK, limits, out), e) < 0) return -1;
	return unpack_end(&u, r, e);
}

int unpack_texts(int file, struct err *e)
{
	const struct unpack_limits limits = { .entries = TEXTS_ENTRIES, .no_devices = true,
	                                      .fixed = true, .texts_only = true };
	AUTOCLOSE int dir = open_nowhere("32m", 0, e), top = -1;
	struct unpack u;

	if (dir < 0) return -1;
	/* What fsmount returns has no contents. */
	if ((top = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		return fail_sys(e, "open a directory");
	if (unpack_begin_file(&u, file, top, &limits, e) < 0 || unpack_end(&u, NULL, e) < 0)
		return -1;
	return take_fd(&top);
}

const char *unpack_kind(int file)
{
	uint8_t head[DECODE_HEAD];
	ssize_t n = pread(file, head, sizeof head, 0);

	return squashfs_begins(head, n > 0 ? (size_t)n : 0) ? "squashfs image" :
	       decode_kind(head, n > 0 ? (size_t)n : 0);
}

void unpack_abort(struct unpack *u)
{
	if (!u->pidfd && !u->in && !u->said) return;
	if (u->pid > 0) {
		kill(u->pid, SIGKILL);
		while (waitpid(u->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	close_end(&u->in);
	close_end(&u->said);
	close_end(&u->out);
	close_end(&u->pidfd);
	close_end(&u->dir);
	overlay_free(u->overlay);
	*u = (struct unpack){ 0 };
}
