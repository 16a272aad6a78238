#include "lib/engine/nsenter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/errand.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"

enum {
	STATUS_MAX = 64 * 1024,
	CONNECT_TRIES = 100,
	CONNECT_STEP_NS = 10 * 1000 * 1000,
	LOOK_MS = 5000,		/* for what has no deadline of the caller's */
};

/* -- opening -- */

/* 1 when the namespace is ours, too. */
static int is_shared(const struct nsenter *en, const char *ns, struct err *e)
{
	struct stat ours, theirs;
	char path[64];

	snprintf(path, sizeof path, "/proc/self/ns/%s", ns);
	if (stat(path, &ours) < 0) return fail_sys(e, "%s", path);
	snprintf(path, sizeof path, "ns/%s", ns);
	if (fstatat(en->proc, path, &theirs, 0) < 0) return fail_sys(e, "%s", path);
	return same_file(&ours, &theirs);
}

/* NSpid lists the process's number in each pid namespace, ours first. */
static int check_first(const struct nsenter *en, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	char *status = read_file(&m, en->proc, "status", STATUS_MAX, NULL, e);
	char *line = status ? strstr(status, "\nNSpid:\t") : NULL;
	const char *last;

	if (!status) return -1;
	if (!line) return fail(e, ERR_HOST, "this kernel does not tell of pid namespaces");
	line += strlen("\nNSpid:\t");
	line[strcspn(line, "\n")] = 0;
	last = strrchr(line, '\t');
	if (!last || strcmp(last, "\t1") != 0)
		return fail(e, ERR_HOST, "it is not the first process of a jail");
	return 0;
}

static int check_apart(const struct nsenter *en, struct err *e)
{
	struct stat ours, theirs;
	int pids = is_shared(en, "pid", e), mounts = is_shared(en, "mnt", e);

	if (pids < 0 || mounts < 0) return -1;
	if (stat("/", &ours) < 0 || fstat(en->root, &theirs) < 0) return fail_sys(e, "root");
	if (pids || mounts || same_file(&ours, &theirs))
		return fail(e, ERR_HOST, "it is not in a jail but on this host");
	return 0;
}

/* The host's number of the jail's 0, from a line "INSIDE HERE COUNT" of uid_map. */
static int find_zero(const struct nsenter *en, const char *name, unsigned *here, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	const char *text = read_file(&m, en->proc, name, STATUS_MAX, NULL, e);
	uint32_t inside;
	int n;

	if (!text) return -1;
	for (; sscanf(text, "%" SCNu32 "%u%*u%n", &inside, here, &n) == 2; text += n)
		if (!inside) return 0;
	return fail(e, ERR_HOST, "its root is nobody's on this host");
}

static int find_users(struct nsenter *en, struct err *e)
{
	int shared = is_shared(en, "user", e);

	if (shared < 0) return -1;
	en->own_users = !shared;
	if (shared) return 0;
	if (find_zero(en, "uid_map", &en->uid, e) < 0) return -1;
	return find_zero(en, "gid_map", &en->gid, e);
}

static bool is_alive(const struct nsenter *en)
{
	struct pollfd p = { .fd = en->pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static int open_all(struct nsenter *en, struct err *e)
{
	char path[32];

	en->pidfd = (int)syscall(SYS_pidfd_open, en->leader, 0);
	if (en->pidfd < 0) return fail_sys(e, "pidfd_open");
	snprintf(path, sizeof path, "/proc/%d", (int)en->leader);
	en->proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (en->proc < 0) return fail_sys(e, "%s", path);
	if (check_first(en, e) < 0) return -1;
	en->root = openat(en->proc, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (en->root < 0) return fail_sys(e, "root");
	return check_apart(en, e) < 0 ? -1 : find_users(en, e);
}

struct nsenter nsenter_none(void)
{
	return (struct nsenter){ .pidfd = -1, .proc = -1, .root = -1 };
}

/* That the process lived all the while tells that everything was its own. */
int nsenter_open(struct nsenter *en, pid_t leader, struct err *e)
{
	int rc;

	*en = nsenter_none();
	en->leader = leader;
	rc = open_all(en, e);
	if (en->pidfd < 0 || !is_alive(en))
		rc = fail(e, ERR_MISSING, "it is not running any more");
	if (rc < 0) {
		fail_in(e, "process %d", (int)leader);
		nsenter_close(en);
	}
	return rc;
}

static void close_one(int *fd)
{
	if (*fd >= 0) close(*fd);
	*fd = -1;
}

void nsenter_close(struct nsenter *en)
{
	close_one(&en->pidfd);
	close_one(&en->proc);
	close_one(&en->root);
}

/* -- errands: in the child no memory is asked for, and what it returns is an errno -- */

enum { ROOT = 3, OWN = 4 };	/* the two descriptors that an errand has */

static int look_up(const char *path, int flags)
{
	return open_in_root(ROOT, path, O_PATH | flags, 0, NULL);
}

static int arrange(const struct nsenter *en, int own)
{
	int root = fcntl(en->root, F_DUPFD, OWN + 1), fd = fcntl(own, F_DUPFD, OWN + 1);

	if (root < 0 || fd < 0 || dup2(root, ROOT) < 0 || dup2(fd, OWN) < 0) return errno;
	syscall(SYS_close_range, 0u, (unsigned)ROOT - 1, 0);
	return syscall(SYS_close_range, (unsigned)OWN + 1, ~0u, 0) < 0 ? errno : 0;
}

/* A change of credentials makes a process one that can be dumped, where the machine is set
 * so (fs.suid_dumpable). */
static int become_root_of(const struct nsenter *en)
{
	if (prctl(PR_SET_DUMPABLE, 0) < 0) return errno;
	if (!en->own_users) return 0;
	if (setgroups(0, NULL) < 0 || setresgid(en->gid, en->gid, en->gid) < 0 ||
	    setresuid(en->uid, en->uid, en->uid) < 0)
		return errno;
	return prctl(PR_SET_DUMPABLE, 0) < 0 ? errno : 0;
}

/* What is done of a path in the jail, with a descriptor of ours. */
struct errand {
	const struct nsenter *en;
	int own;
	errand_work *work;
	const void *arg;
};

static int go(const void *arg)
{
	const struct errand *r = arg;
	int why = become_root_of(r->en);

	if (!why) why = arrange(r->en, r->own);
	return why ? why : r->work(r->arg);
}

static int send_errand(const struct nsenter *en, int own, errand_work *work, const void *arg,
                       const char *path, int64_t deadline, struct err *e)
{
	const struct errand r = { en, own, work, arg };

	if (errand_run(go, &r, deadline, e) == 0) return 0;
	if (e && e->sys) {
		errno = e->sys;
		fail_sys(e, "%s in the jail", path);
	}
	return -1;
}

/* EAGAIN: more callers than the server has accepted yet. */
static int connect_work(const void *arg)
{
	const struct timespec step = { .tv_nsec = CONNECT_STEP_NS };
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int place = look_up(arg, 0);
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0) return errno;
	if (!S_ISSOCK(st.st_mode)) return ENOTSOCK;
	snprintf(sa.sun_path, sizeof sa.sun_path, "/proc/self/fd/%d", place);
	for (int i = 0; i < CONNECT_TRIES; i++) {
		if (connect(OWN, (struct sockaddr *)&sa, sizeof sa) == 0) return 0;
		if (errno != EAGAIN && errno != EINTR) return errno;
		nanosleep(&step, NULL);
	}
	return EAGAIN;
}

int nsenter_connect(const struct nsenter *en, const char *path, int64_t deadline, struct err *e)
{
	AUTOCLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) return fail_sys(e, "socket");
	if (send_errand(en, fd, connect_work, path, path, deadline, e) < 0) return -1;
	return take_fd(&fd);
}

struct portion {
	const char *path;
	size_t limit;
};

static int copy_portion(int from, size_t left)
{
	char buf[16 * 1024];

	while (left) {
		ssize_t n = read(from, buf, left < sizeof buf ? left : sizeof buf);

		if (n < 0 && errno == EINTR) continue;
		if (n <= 0) return n < 0 ? errno : 0;
		if (write(OWN, buf, (size_t)n) != n) return errno ? errno : EIO;
		left -= (size_t)n;
	}
	return 0;
}

static int read_work(const void *arg)
{
	const struct portion *want = arg;
	int place = look_up(want->path, 0), fd;
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0) return errno;
	if (!S_ISREG(st.st_mode)) return EINVAL;
	fd = reopen(place, O_RDONLY);
	return fd < 0 ? errno : copy_portion(fd, want->limit);
}

char *nsenter_read(const struct nsenter *en, const char *path, size_t limit, int64_t deadline,
                   struct arena *m, struct err *e)
{
	AUTOCLOSE int copy = memfd_create("jlmkr", MFD_CLOEXEC);
	const struct portion want = { path, limit };

	if (copy < 0) return fail_sys(e, "memfd_create"), NULL;
	if (send_errand(en, copy, read_work, &want, path, deadline, e) < 0) return NULL;
	if (lseek(copy, 0, SEEK_SET) < 0) return fail_sys(e, "%s", path), NULL;
	return read_all(m, copy, limit, NULL, e);
}

struct look {
	const char *path;
	mode_t type, mode;
};

static int look_work(const void *arg)
{
	const struct look *l = arg;
	int place = look_up(l->path, 0);
	struct stat st;

	if (place < 0 || fstat(place, &st) < 0) return errno;
	return (st.st_mode & S_IFMT) == l->type && (!l->mode || st.st_mode & l->mode) ? 0
	                                                                              : ENOENT;
}

bool nsenter_has(const struct nsenter *en, const char *path, mode_t type, mode_t mode)
{
	const struct look l = { path, type, mode };

	return send_errand(en, en->root, look_work, &l, path, deadline_in(LOOK_MS), NULL) == 0;
}

static int watch_work(const void *arg)
{
	char name[32];

	for (const char *const *path = arg; *path; path++) {
		int fd = look_up(*path, O_DIRECTORY);

		if (fd < 0) continue;
		snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
		inotify_add_watch(OWN, name, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	}
	return 0;
}

void nsenter_watch(const struct nsenter *en, int notify, const char *const *paths)
{
	if (notify >= 0)
		send_errand(en, notify, watch_work, paths, *paths, deadline_in(LOOK_MS), NULL);
}
