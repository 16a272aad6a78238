/* While a jail boots, its sockets appear in /run. That is watched where it can be;
 * because /run may be mounted over and links may move, a slow timer looks again.
 *
 * Its systemd's private socket is there long before the bus. It is taken only when
 * the boot is over without a bus that its systemd is on: a private socket gives no
 * references. */

#include "lib/engine/nsenter.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/engine/inside.h"
#include "lib/systemd/manager.h"

#define PRIVATE "/run/systemd/private"

enum {
	LOOK_MS = 250,
	REFUSED_MS = 50,	/* a socket that is not listened to yet makes no noise */
	PRIVATE_MS = 500,	/* between two looks whether the boot is over */
	CONNECT_MS = 5000,	/* a file system of the jail may never answer */
	HELLO_MS = 30 * 1000,	/* for a bus that is just being started */
	NAME_MS = 5 * 1000,	/* for its systemd to introduce itself to it */
};

static const char *const buses[] = {
	"/run/dbus/system_bus_socket", "/var/run/dbus/system_bus_socket",
};

/* What nspawn puts in the place of an init for --as-pid2. */
static bool is_stub(const struct nsenter *en)
{
	AUTOCLOSE int fd = openat(en->proc, "comm", O_RDONLY | O_CLOEXEC);
	char comm[32];
	ssize_t n = fd < 0 ? -1 : read(fd, comm, sizeof comm - 1);

	if (n <= 0) return false;
	comm[n] = 0;
	return !strcmp(comm, "(sd-stubinit)\n");
}

/* Another init: neither systemd, nor what it becomes at the end of a shutdown, nor nspawn that
 * is about to run it, nor a script that may run it yet. */
static int check_init(const struct nsenter *en, struct err *e)
{
	static const char *const may_be[] = {
		"systemd", "systemd-shutdown",  "systemd-nspawn", "sh", "bash",
		"dash",    "systemd (deleted)",
	};
	char exe[512];
	const char *base;
	ssize_t n = readlinkat(en->proc, "exe", exe, sizeof exe - 1);

	if (n <= 0) return 0;
	exe[n] = 0;
	base = strrchr(exe, '/') ? strrchr(exe, '/') + 1 : exe;
	for (size_t i = 0; i < sizeof may_be / sizeof *may_be; i++)
		if (!strcmp(base, may_be[i]) && !is_stub(en)) return 0;
	fail(e, ERR_HOST, "the jail's init is not systemd but %s", base);
	if (e) e->sys = ENOSYS;
	return -1;
}

/* The bus is there before systemd has introduced itself to it. */
static int await_systemd(struct bus *b, int64_t deadline, struct err *e)
{
	static const struct bus_dest driver = {
		"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
	};
	static const char name[] = "org.freedesktop.systemd1";
	AUTOFREE struct arena asked = { 0 };
	struct wire *w = arena_alloc(&asked, sizeof *w);
	struct reader r;
	int id, n = 1;

	wire_init(w, &asked);
	wire_str(w, name);
	id = bus_match(b, &(struct bus_match){
		.sender = driver.name, .iface = driver.iface, .member = "NameOwnerChanged",
		.arg0 = name,
	}, deadline, e);
	if (id < 0) return -1;
	while (n > 0) {
		AUTOFREE struct arena m = { 0 };	/* a jail may make many rounds of it */
		AUTOMESSAGE struct message msg = { 0 };

		if (bus_call(b, &driver, "NameHasOwner", w, deadline, &m, &msg, e) < 0)
			return -1;
		message_reader(&msg, &r);
		if (reader_bool(&r)) break;
		if ((n = bus_next_signal(b, deadline, &m, &msg, e)) == 0) {
			fail(e, ERR_HOST, "its systemd is not on its bus");
			if (e) e->sys = ETIMEDOUT;
		}
	}
	bus_unmatch(b, id);
	return n > 0 ? 0 : -1;
}

/* NULL with errno ECONNREFUSED and its like while nobody answers there. */
static struct bus *try_bus(const struct nsenter *en, const char *path, int64_t deadline,
                           struct err *e)
{
	int64_t end = deadline_earlier(deadline, deadline_in(HELLO_MS));
	int fd = nsenter_connect(en, path, deadline_earlier(end, deadline_in(CONNECT_MS)), e);
	struct bus *b;

	if (fd < 0 || !(b = bus_open_fd(fd, BUS_BROKER, BUS_OF_JAIL, end, e))) return NULL;
	if (await_systemd(b, deadline_earlier(deadline, deadline_in(NAME_MS)), e) == 0)
		return b;
	bus_close(b);
	return NULL;
}

static bool is_booted(const char *state)
{
	return str_eq(state, "running") || str_eq(state, "degraded") ||
	       str_eq(state, "maintenance");
}

/* systemd takes nobody for root there whose pid it cannot see: that is a way for one that
 * goes in. Only when systemd says that the boot is over, or in `any` state of it. */
static struct bus *try_private(const struct nsenter *en, bool any, int64_t deadline,
                               struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	int fd = inside_connect(en, PRIVATE, deadline, e);
	const char *state;
	struct bus *b;

	if (fd < 0 || !(b = bus_open_fd(fd, BUS_PEER, BUS_OF_JAIL, deadline, e))) return NULL;
	state = systemd_state(b, &m, e);
	if (state && (any || is_booted(state))) return b;
	bus_close(b);
	return NULL;
}

static bool is_absent(const struct err *e)
{
	return e->sys == ENOENT || e->sys == ENOTDIR || e->sys == ENOTSOCK || e->sys == ELOOP;
}

/* Does this fault go away by waiting? */
static bool is_early(const struct err *e)
{
	return e->sys == ENOENT || e->sys == ECONNREFUSED || e->sys == ECONNRESET ||
	       e->sys == EAGAIN || e->sys == ETIMEDOUT || e->sys == EPIPE || is_absent(e);
}

/* The end of the jail, something new in /run, or the time to look again. */
static int wait_change(const struct nsenter *en, int notify, int64_t until, struct err *e)
{
	struct pollfd p[] = {
		{ .fd = en->pidfd, .events = POLLIN },
		{ .fd = notify, .events = POLLIN },
	};
	char events[4096];

	if (wait_fds(p, 2, until, e) < 0) return -1;
	if (p[0].revents) return fail(e, ERR_MISSING, "the jail ended");
	while (p[1].revents && read(notify, events, sizeof events) > 0)
		;
	return 0;
}

/* One round. NULL with a fault that is_early: go on. */
static struct bus *look(const struct nsenter *en, int64_t *next_private, int64_t deadline,
                        struct err *e)
{
	struct bus *b;

	for (size_t i = 0; i < sizeof buses / sizeof *buses; i++) {
		b = try_bus(en, buses[i], deadline, e);
		if (!b && is_absent(e)) continue;
		if (b || e->sys != ETIMEDOUT) return b;
		break;
	}
	if (deadline_left(*next_private) || !nsenter_has(en, PRIVATE, S_IFSOCK, 0)) return NULL;
	b = try_private(en, !deadline_left(deadline), deadline_in(PRIVATE_MS), e);
	if (b) return b;
	*next_private = deadline_in(PRIVATE_MS);
	if (e->kind != ERR_INTERRUPTED) e->sys = ENOENT;
	return NULL;
}

/* What went wrong in a jail that is over is that it is over. */
static struct bus *give_up(const struct nsenter *en, bool over, struct err *why, struct err *e)
{
	struct pollfd p = { .fd = en->pidfd, .events = POLLIN };

	if (poll(&p, 1, 0) > 0) fail(why, ERR_MISSING, "the jail ended");
	else if (over && is_early(why)) why->sys = ETIMEDOUT;
	if (e) *e = *why;
	return NULL;
}

/* Watching comes late, because to end it costs the kernel more than all the rest. */
static void watch(const struct nsenter *en, int *notify)
{
	static const char *const folders[] = { "/run", "/run/dbus", NULL };

	if (*notify < 0) *notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	nsenter_watch(en, *notify, folders);
}

struct bus *nsenter_bus(const struct nsenter *en, int64_t deadline, struct err *e)
{
	AUTOCLOSE int notify = -1;
	int64_t next_private = 0;

	for (bool first = true;; first = false) {
		struct err why = { 0 };
		bool over = !deadline_left(deadline);
		struct bus *b;
		int pause;

		if (!first) watch(en, &notify);
		if (over) next_private = 0;
		if ((b = look(en, &next_private, deadline, &why))) return b;
		if (!is_early(&why) || check_init(en, &why) < 0 || over)
			return give_up(en, over, &why, e);
		pause = first ? 0 : why.sys == ECONNREFUSED ? REFUSED_MS : LOOK_MS;
		if (wait_change(en, notify, deadline_earlier(deadline, deadline_in(pause)), e) <
		    0)
			return NULL;
	}
}
