/* flock(2) blocks without a limit or not at all, so a wait with a deadline is a loop of
 * tries with growing pauses. /proc/locks shows the holder of a lock by device and inode. A
 * holder in another pid namespace has the number 0 there, and some file systems have another
 * device number there: then the message names no holder. */

#include "lib/disk/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/disk/mount.h"
#include "lib/disk/owner.h"

enum { PAUSE_MIN = 2, PAUSE_MAX = 100, FIRST_WORD = 2000, SECOND_WORD = 10000 };	/* ms */

/* "1: FLOCK  ADVISORY  WRITE 4711 08:02:1835059 0 EOF"; lines of waiting processes have "->"
 * behind the first number and do not match. */
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
	for (line = strtok_r(text, "\n", &text); line && !pid;
	     line = strtok_r(NULL, "\n", &text))
		pid = line_holder(line, &st);
	return pid;
}

static int fail_held(int fd, const char *what, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	int pid = find_holder(&m, fd);
	char *comm;

	if (pid <= 0) return fail(e, ERR_BUSY, "%s is in use by another command", what);
	comm = read_file(&m, AT_FDCWD, arena_printf(&m, "/proc/%d/comm", pid), 4096, NULL,
	                 NULL);
	if (!comm) return fail(e, ERR_BUSY, "%s is in use by process %d", what, pid);
	comm[strcspn(comm, "\n")] = 0;
	return fail(e, ERR_BUSY, "%s is in use by %s (process %d)", what, comm, pid);
}

/* The first time it is a note, the second time a warning. */
static void report_wait(int fd, const char *what, int times)
{
	struct err why = { 0 };

	fail_held(fd, what, &why);
	if (times == 0) out_note("Waiting: %s", why.text);
	else out_warn("still waiting: %s", why.text);
}

int lock_take(int fd, int64_t deadline, const char *what, struct err *e)
{
	static const int patience[] = { FIRST_WORD, SECOND_WORD, INT_MAX };
	int64_t left, begin = now_ms(), pause = PAUSE_MIN;
	int told = 0;

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR) continue;
		if (errno != EWOULDBLOCK) return fail_sys(e, "lock %s", what);
		if (!(left = deadline_left(deadline))) return fail_held(fd, what, e);
		if (now_ms() - begin > patience[told]) report_wait(fd, what, told++);
		if (wait_fds(NULL, 0, deadline_in(pause < left ? pause : left), e) < 0)
			return -1;
		if (pause < PAUSE_MAX) pause *= 2;
	}
	return 0;
}

/* -- the files in LOCK_FOLDER -- */

static int open_lock_folder(struct err *e)
{
	AUTOCLOSE int fd = -1;

	if (mkdir(HOST_RUN, 0755) < 0 && errno != EEXIST)
		return fail_sys(e, "create " HOST_RUN);
	if (mkdir(LOCK_FOLDER, 0700) < 0 && errno != EEXIST)
		return fail_sys(e, "create " LOCK_FOLDER);
	fd = open(LOCK_FOLDER, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) return fail_sys(e, "open " LOCK_FOLDER);
	return owner_check(fd, LOCK_FOLDER, e) < 0 ? -1 : take_fd(&fd);
}

/* The last holder may have removed the file meanwhile (lock_drop). */
static bool is_lock_current(int folder, const char *name, int fd)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 &&
	       fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       same_file(&opened, &named);
}

int lock_file(int folder, const char *name, int flags, int64_t deadline, const char *what,
              struct err *e)
{
	for (;;) {
		AUTOCLOSE int fd = openat(folder, name, O_RDWR | O_CREAT | O_NOFOLLOW | flags,
		                          0600);

		if (fd < 0) return fail_sys(e, "open the lock of %s", what);
		if (lock_take(fd, deadline, what, e) < 0) return -1;
		if (is_lock_current(folder, name, fd)) return take_fd(&fd);
	}
}

/* On a machine in rescue mode, jlmkr must work without locks; only one person uses it then. */
static int go_without(const struct err *why, struct err *e)
{
	static bool told;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd < 0) return fail_sys(e, "open /dev/null");
	if (!told)
		out_warn("%s; without locks, do not run another jlmkr at the same time",
		         why->text);
	told = true;
	return fd;
}

static int take_file(const char *name, int flags, int64_t deadline, const char *what,
                     struct err *e)
{
	struct err why = { 0 };
	AUTOCLOSE int folder = open_lock_folder(&why);
	int fd = folder < 0 ? -1 : lock_file(folder, name, flags, deadline, what, &why);

	if (fd >= 0) return fd;
	return why.sys ? go_without(&why, e) : fail_as(e, &why);
}

int lock_named(const char *name, int64_t deadline, const char *what, struct err *e)
{
	return take_file(name, O_CLOEXEC, deadline, what, e);
}

int lock_named_for_all(const char *name, int64_t deadline, const char *what, struct err *e)
{
	return take_file(name, 0, deadline, what, e);
}

/* Other names do not begin with a dot. */
int lock_of(int fd, int64_t deadline, const char *what, struct err *e)
{
	struct stat st;
	char name[64];

	if (fstat(fd, &st) < 0) return fail_sys(e, "look at %s", what);
	snprintf(name, sizeof name, ".%llu:%llu", (unsigned long long)st.st_dev,
	         (unsigned long long)st.st_ino);
	return take_file(name, 0, deadline, what, e);
}

void lock_drop(const int *lock)
{
	AUTOFREE struct arena m = { 0 };
	const char *path;

	if (*lock < 0) return;
	if ((path = mount_fd_path(&m, *lock, NULL)) && str_starts(path, LOCK_FOLDER "/"))
		unlink(path);
	close(*lock);
}
