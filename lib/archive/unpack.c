/* The parent's side, and the fork; confine.c confines the child.
 *
 * The child is a fork, not a program: nothing in the new root is ever executed. At its
 * end it writes its result as one struct into a pipe. The pipe is its stderr too, for
 * arena.c and the sanitizers: if the child dies without a result, the message is that
 * text, or how it died. The parent handles signals; the child ignores them, and the
 * parent kills it. */

#include "lib/archive/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/archive/confine.h"
#include "lib/archive/decode.h"
#include "lib/archive/extract.h"
#include "lib/archive/look.h"
#include "lib/archive/path_walk.h"
#include "lib/archive/pull.h"
#include "lib/archive/squashfs.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"

enum { PIPE_SIZE = 1 << 20, PIECE = 256 << 10 };

/* The child's result. */
struct said {
	struct err e;
	struct unpack_report report;
};

struct inlet {
	struct pull pull;
	int fd;
	char *piece;
	size_t ready;		/* bytes of the first piece, while nobody has taken them */
};

static ssize_t inlet_read(struct inlet *in, size_t from, struct err *e)
{
	ssize_t n;

	do {
		n = read(in->fd, in->piece + from, PIECE - from);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? fail_sys(e, "read the archive") : n;
}

static ssize_t inlet_next(struct pull *p, const void **data, struct err *e)
{
	struct inlet *in = (struct inlet *)p;
	size_t ready = in->ready;

	in->ready = 0;
	*data = in->piece;
	return ready ? (ssize_t)ready : inlet_read(in, 0, e);
}

/* Read as many bytes as show the format. */
static int inlet_begin(struct inlet *in, struct err *e)
{
	while (in->ready < SQUASHFS_HEAD) {
		ssize_t n = inlet_read(in, in->ready, e);

		if (n <= 0) return (int)n;
		in->ready += (size_t)n;
	}
	return 0;
}

/* Write the archive to a file in the new directory that has no name any more. It is one file of
 * the archive's size more, but nothing that comes through a pipe can be read twice. */
static int store(struct inlet *in, const struct unpack_limits *limits, struct err *e)
{
	AUTOCLOSE int fd = openat(AT_FDCWD, "image", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
	                          0600);
	struct quota bytes = { limits->bytes, limits->bytes, limits->fixed };
	const void *data;
	ssize_t n;

	if (fd < 0 || unlinkat(AT_FDCWD, "image", 0) < 0)
		return fail_sys(e, "store the archive");
	while ((n = inlet_next(&in->pull, &data, e)) > 0)
		if (quota_take_bytes(&bytes, (uint64_t)n, e) < 0 ||
		    write_all(fd, data, (size_t)n, e) < 0)
			return fail_in(e, "store the archive");
	return n < 0 ? -1 : take_fd(&fd);
}

static int unpack_squashfs(struct inlet *in, int root, const struct unpack_limits *limits,
                           struct looking *looking, struct unpack_report *r, struct err *e)
{
	struct stat st;
	AUTOCLOSE int stored = -1;
	bool is_file = fstat(in->fd, &st) == 0 && S_ISREG(st.st_mode);

	if (!is_file && (stored = store(in, limits, e)) < 0) {
		close(root);
		return -1;
	}
	return squashfs_extract(is_file ? in->fd : stored, root, limits, looking, r, e);
}

static int unpack_all(const struct unpack_limits *limits, struct looking *looking,
                      struct unpack_report *r, struct err *e)
{
	struct arena m = { 0 };
	struct inlet in = { .pull.next = inlet_next, .piece = arena_alloc(&m, PIECE) };
	int root = openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), rc;

	if (root < 0) rc = fail_sys(e, "open the new directory");
	else if ((rc = inlet_begin(&in, e)) < 0) close(root);
	else if (squashfs_begins(in.piece, in.ready))
		rc = unpack_squashfs(&in, root, limits, looking, r, e);
	else rc = extract(&in.pull, root, limits, looking, r, e);

	arena_free(&m);
	return rc;
}

/* The parent may die before PR_SET_PDEATHSIG is set, so check that it still lives. */
static _Noreturn void child(const int pipes[2], int dir, const struct unpack_limits *limits,
                            bool look, uint64_t memory, pid_t parent)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct looking noted = { .into = NULL }, *looking = look ? &noted : NULL;
	struct said said;
	int all = -1;

	memset(&said, 0, sizeof said);
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) _exit(1);
	if (confine(dir, pipes[0], pipes[1], !limits->no_devices, memory, &said.e) == 0)
		all = unpack_all(limits, looking, &said.report, &said.e);
	/* On success, faults that were ignored on the way do not count. */
	if (all == 0) said.e.kind = ERR_NONE;
	if (write_all(1, &said, sizeof said, NULL) < 0) _exit(1);
	_exit(looking && write_all(1, &looking->found, sizeof looking->found, NULL) < 0);
}

static int check_empty(int dir, struct err *e)
{
	AUTOCLOSE int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(8) char names[1024];
	long n;

	if (fd < 0) return fail_sys(e, "open the directory to unpack into");
	n = syscall(SYS_getdents64, fd, names, sizeof names);
	if (n < 0) return fail_sys(e, "read the directory to unpack into");
	/* "." and ".." take 24 bytes each. */
	return n > 48 ? fail(e, ERR_EXISTS, "the directory to unpack into is not empty") : 0;
}

/* A pipe whose ends are above 2, because the child replaces 0, 1 and 2. */
static int make_pipe(int ends[2], struct err *e)
{
	if (pipe2(ends, O_CLOEXEC) < 0) return fail_sys(e, "pipe");
	for (int i = 0; i < 2; i++) {
		int high = ends[i] > 2 ? ends[i] : fcntl(ends[i], F_DUPFD_CLOEXEC, 3);

		if (high < 0) return fail_sys(e, "pipe");
		if (high != ends[i]) close(ends[i]);
		ends[i] = high;
	}
	return 0;
}

static int start_child(struct unpack *u, const int pipes[2], int dir,
                       const struct unpack_limits *limits, bool look, struct err *e)
{
	uint64_t memory = confine_memory_used();
	pid_t parent = getpid(), pid = fork();

	if (pid < 0) return fail_sys(e, "fork");
	if (pid == 0) child(pipes, dir, limits, look, memory, parent);
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

static int begin(struct unpack *u, int file, int dir, const struct unpack_limits *limits,
                 bool look, struct err *e)
{
	struct unpack_limits max = limits ? *limits : (struct unpack_limits){ 0 };
	AUTOCLOSE int in_read = -1, said_write = -1;
	int said[2];

	if (!max.bytes) max.bytes = UNPACK_BYTES_MAX;
	if (!max.entries) max.entries = UNPACK_ENTRIES_MAX;
	*u = (struct unpack){ .in = -1, .said = -1, .pidfd = -1 };
	if (geteuid() != 0) return fail(e, ERR_HOST, "unpacking needs root");
	if (check_empty(dir, e) < 0) return -1;
	if ((in_read = open_inlet(u, file, e)) >= 0 && make_pipe(said, e) == 0) {
		u->said = said[0];
		said_write = said[1];
		if (start_child(u, (int[2]){ in_read, said_write }, dir, &max, look, e) == 0)
			return 0;
	}
	unpack_abort(u);
	return -1;
}

int unpack_begin(struct unpack *u, int dir, const struct unpack_limits *limits, struct err *e)
{
	return begin(u, -1, dir, limits, false, e);
}

int unpack_begin_file(struct unpack *u, int file, int dir, const struct unpack_limits *limits,
                      struct err *e)
{
	return begin(u, file, dir, limits, false, e);
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

/* Returns how many bytes there are, or -1 for a caught signal. */
static ssize_t read_said(struct unpack *u, void *to, size_t room, struct err *e)
{
	size_t n = 0;
	ssize_t k = 1;

	while (n < room && k > 0) {
		if (wait_fd(u->said, POLLIN, NO_DEADLINE, e) < 0) return -1;
		k = read(u->said, (char *)to + n, room - n);
		n += k > 0 ? (size_t)k : 0;
	}
	return (ssize_t)n;
}

/* The result is not trusted, because the child has read the archive. `found` may be NULL. */
static int read_result(struct unpack *u, struct unpack_report *r, struct archive_found *found,
                       struct err *e)
{
	struct said said;
	siginfo_t how = { 0 };
	ssize_t n = read_said(u, &said, sizeof said, e), more = 0;
	bool whole;

	if (n < 0) return -1;
	if (found && (more = read_said(u, found, sizeof *found, e)) < 0) return -1;
	if (wait_fd(u->pidfd, POLLIN, NO_DEADLINE, e) < 0) return -1;
	if (waitid(P_PID, (id_t)u->pid, &how, WEXITED) < 0) return fail_sys(e, "waitid");
	u->pid = 0;
	whole = n == sizeof said && said.e.kind <= ERR_INTERRUPTED &&
		(!found || more == sizeof *found);
	if (!whole || how.si_code != CLD_EXITED)
		return fail_silent(&how, (const char *)&said,
		                   n == sizeof said ? 0 : (size_t)n, e);
	said.e.text[sizeof said.e.text - 1] = 0;
	if (r) *r = said.report;
	if (!said.e.kind) return 0;
	fail(e, said.e.kind, "%s", said.e.text);
	if (e) e->sys = said.e.sys;
	return -1;
}

int unpack_feed(struct unpack *u, const void *data, size_t n, struct err *e)
{
	const char *p = data;

	while (n) {
		ssize_t k = write(u->in, p, n);

		if (k < 0 && errno == EPIPE) {
			if (unpack_end(u, NULL, e) < 0) return -1;
			return fail(e, ERR_INPUT, "the archive has data behind its end");
		}
		if (k < 0 && errno != EAGAIN && errno != EINTR) {
			fail_sys(e, "write to the unpacking process");
			unpack_abort(u);
			return -1;
		}
		if (k < 0 && wait_fd(u->in, POLLOUT, NO_DEADLINE, e) < 0) {
			unpack_abort(u);
			return -1;
		}
		p += k > 0 ? k : 0;
		n -= k > 0 ? (size_t)k : 0;
	}
	return 0;
}

int unpack_end(struct unpack *u, struct unpack_report *r, struct err *e)
{
	int rc;

	close_end(&u->in);
	rc = read_result(u, r, NULL, e);
	unpack_abort(u);
	return rc;
}

/* An empty directory that has no name anywhere. */
static int open_nowhere(struct err *e)
{
	AUTOCLOSE int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	int dir = -1;

	if (fs >= 0 && syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		dir = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
	return dir < 0 ? fail_sys(e, "make a directory to look at the archive in") : dir;
}

static void end_texts(struct archive_found *f)
{
	for (int i = 0; i < FOUND_PLACES; i++) {
		f->roots[i].init[sizeof f->roots[i].init - 1] = 0;
		f->roots[i].os_release[sizeof f->roots[i].os_release - 1] = 0;
	}
	f->metadata[sizeof f->metadata - 1] = 0;
	if (f->metadata_n >= sizeof f->metadata) f->metadata_n = sizeof f->metadata - 1;
}

int unpack_look(int file, const struct unpack_limits *limits, struct unpack_report *r,
                struct archive_found *out, struct err *e)
{
	AUTOCLOSE int nowhere = open_nowhere(e);
	uint8_t head[DECODE_HEAD];
	struct unpack u = { 0 };
	ssize_t n;
	int rc;

	if (nowhere < 0 || begin(&u, file, nowhere, limits, true, e) < 0) return -1;
	rc = read_result(&u, r, out, e);
	unpack_abort(&u);
	if (rc < 0) return -1;
	end_texts(out);
	n = pread(file, head, sizeof head, 0);
	out->kind = squashfs_begins(head, n > 0 ? (size_t)n : 0) ? "squashfs image" :
		    decode_kind(head, n > 0 ? (size_t)n : 0);
	return 0;
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
	close_end(&u->pidfd);
	*u = (struct unpack){ 0 };
}
