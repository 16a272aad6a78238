/* flock(2) either blocks for good or not at all, so that a deadline and a signal
 * take a loop of tries with growing pauses. Who holds a lock stands in
 * /proc/locks, found by device and inode; a holder in another pid namespace is 0
 * there, and some file systems show another device number: then nobody is named. */

#include "lib/disk/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"

enum { PAUSE_MIN = 2, PAUSE_MAX = 100 };	/* ms */

/* "1: FLOCK  ADVISORY  WRITE 4711 08:02:1835059 0 EOF"; those who wait have "->"
 * behind the number and do not match. */
static int line_holder(const char *line, const struct stat *st)
{
	unsigned long long inode;
	unsigned major, minor;
	int pid;

	if (sscanf(line, "%*u: FLOCK %*s %*s %d %x:%x:%llu", &pid, &major, &minor, &inode) != 4)
		return 0;
	if (inode != st->st_ino || makedev(major, minor) != st->st_dev) return 0;
	return pid;
}

static int find_holder(struct arena *m, int fd)
{
	struct stat st;
	char *line, *text = read_file(m, AT_FDCWD, "/proc/locks", 4 << 20, NULL, NULL);
	int pid = 0;

	if (!text || fstat(fd, &st) < 0) return 0;
	for (line = strtok_r(text, "\n", &text); line && !pid; line = strtok_r(NULL, "\n", &text))
		pid = line_holder(line, &st);
	return pid;
}

static int fail_held(int fd, const char *what, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	int pid = find_holder(&m, fd);
	char *comm;

	if (pid <= 0) return fail(e, ERR_BUSY, "%s is in use by another command", what);
	comm = read_file(&m, AT_FDCWD, arena_printf(&m, "/proc/%d/comm", pid), 4096, NULL, NULL);
	if (!comm) return fail(e, ERR_BUSY, "%s is in use by process %d", what, pid);
	comm[strcspn(comm, "\n")] = 0;
	return fail(e, ERR_BUSY, "%s is in use by %s (process %d)", what, comm, pid);
}

int lock_take(int fd, int64_t deadline, const char *what, struct err *e)
{
	int64_t left, pause = PAUSE_MIN;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR) continue;
		if (errno != EWOULDBLOCK) return fail_sys(e, "lock %s", what);
		if (!(left = deadline_left(deadline))) return fail_held(fd, what, e);
		if (wait_fds(NULL, 0, deadline_in(pause < left ? pause : left), e) < 0) return -1;
		if (pause < PAUSE_MAX) pause *= 2;
	}
	return 0;
}
