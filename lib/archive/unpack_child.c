/* The child's side: what came in is read as what it begins with, and unpacked or noted. */

#include "lib/archive/unpack_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/archive/confine.h"
#include "lib/archive/extract.h"
#include "lib/archive/found.h"
#include "lib/archive/look.h"
#include "lib/archive/path_walk.h"
#include "lib/archive/pull.h"
#include "lib/archive/squashfs.h"
#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/fd.h"

enum { PIECE = 256 << 10 };

struct inlet {
	struct pull pull;
	int fd;
	char *piece;
	size_t ready;		/* bytes of the first piece, while nobody has taken them */
	off_t place;		/* in a layer, which is read twice */
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

static ssize_t layer_next(struct pull *p, const void **data, struct err *e)
{
	struct inlet *in = (struct inlet *)p;
	ssize_t n = pread(in->fd, in->piece, PIECE, in->place);

	if (n < 0) return fail_sys(e, "read the layer");
	in->place += n;
	*data = in->piece;
	return n;
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

static int unpack_into(int root, const struct unpack_task *t, struct inlet *in,
                       struct unpack_report *r, struct err *e)
{
	struct looking noted = { .found = t->found }, *looking = t->found ? &noted : NULL;

	if (inlet_begin(in, e) < 0) {
		close(root);
		return -1;
	}
	if (squashfs_begins(in->piece, in->ready) && !t->limits.is_export)
		return unpack_squashfs(in, root, &t->limits, looking, r, e);
	return extract(&in->pull, root, &t->limits, looking, r, e);
}

static int open_root(struct err *e)
{
	int root = openat(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return root < 0 ? fail_sys(e, "open the new directory") : root;
}

/* Below the lowest layer there is nothing to take away. */
static int unpack_layer(const struct unpack_task *t, struct inlet *in, struct unpack_report *r,
                        struct err *e)
{
	int root;

	in->pull.next = layer_next;
	if (!t->lowest) {
		if ((root = open_root(e)) < 0 ||
		    extract_whiteouts(&in->pull, root, &t->limits, e) < 0)
			return -1;
		in->place = 0;
	}
	if ((root = open_root(e)) < 0) return -1;
	return extract(&in->pull, root, &t->limits, NULL, r, e);
}

static int do_task(const struct unpack_task *t, struct unpack_report *r, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct inlet in = { .pull.next = inlet_next, .piece = arena_alloc(&m, PIECE) };
	int root;

	if (t->what == CHECK)
		return read_checked(&m, &in.pull, t->reading,
		                    t->found ? &t->found->front : NULL, e);
	if (t->what == LAYER) return unpack_layer(t, &in, r, e);
	if ((root = open_root(e)) < 0) return -1;
	return unpack_into(root, t, &in, r, e);
}

/* The parent may die before PR_SET_PDEATHSIG is set, so check that it still lives. */
_Noreturn void unpack_child(const struct confined *to, const struct unpack_task *task,
                            uint64_t memory, pid_t parent)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct unpack_said said;
	int all = -1;

	memset(&said, 0, sizeof said);
	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent) _exit(1);
	if (confine(to, !task->limits.no_devices, memory, &said.e) == 0)
		all = do_task(task, &said.report, &said.e);
	/* On success, faults that were ignored on the way do not count. */
	if (all == 0) said.e.kind = ERR_NONE;
	_exit(write_all(1, &said, sizeof said, NULL) < 0);
}
