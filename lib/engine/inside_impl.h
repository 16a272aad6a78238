/* What we tell the envoy: lib/engine/inside.h
 *
 * Both are the same binary, so these are structs and no format. */
#ifndef ENGINE_INSIDE_IMPL_H
#define ENGINE_INSIDE_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct err;

enum {
	INSIDE_MAGIC = 0x6a6c6d72,
	FILTERS_MAX = 64,
	FILTER_LENGTH_MAX = 4096,	/* BPF_MAXINSNS */
	CGROUPS_MAX = 32,
};

/* The envoy's descriptors behind 0, 1 and 2. */
enum { FD_PLAN = 3, FD_FILTERS, FD_SAID, FD_ALIVE, FD_ROOT, FD_NS };

enum ns { NS_CGROUP, NS_UTS, NS_IPC, NS_NET, NS_PID, NS_MNT, NS_USER, NS_COUNT };

struct rights {
	uint64_t inheritable, permitted, effective, bounding, ambient;
	bool no_new_privs;
};

/* The beginning of a file of system call filters; their instructions (struct sock_filter)
 * follow, one filter behind the other, the oldest first. An empty file: none. */
struct filters {
	uint32_t count;
	uint16_t length[FILTERS_MAX];	/* in instructions */
};

struct plan_inside {
	uint32_t magic;
	pid_t parent;
	uint32_t has_ns;		/* a bit for each that is to be entered, FD_NS and on */
	uint32_t cgroup_count;		/* descriptors behind these */
	uid_t uid;
	gid_t gid;
	bool terminal;
	char cwd[4096], connect[108]; /* connect: descriptor 0, instead of running a command */
	struct rights rights;
};

/* What the envoy and the guest say: the envoy who the guest is, each what failed. */
struct word_inside {
	int32_t step;
	int32_t value;			/* an errno, or a pid */
};

enum { WORD_GUEST = -1, WORD_ENVOY = -2 };

/* What the process `pid` may do, whose folder in /proc is `proc`. Its filters are written to
 * the empty `file`. */
int rights_read(struct rights *r, pid_t pid, int proc, int file, struct err *e);

/* The files through which a process joins the control groups that it is in, opened for
 * writing. Returns how many. */
int cgroups_open(int proc, int fds[CGROUPS_MAX], struct err *e);

#endif
