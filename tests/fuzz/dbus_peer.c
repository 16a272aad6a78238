/* All that a hostile bus says, from the introduction on, to a client that greets it,
 * listens and asks. The last two bytes are no words of the bus: one says where to cut
 * what it says, and which pieces carry descriptors, the other what the client does.
 * Whatever it is told, it keeps no descriptor. */

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/systemd/machined.h"
#include "lib/systemd/manager.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	SAID_MAX = 16 * 1024,	/* fits into a socket before anybody reads */
	PIECES_MAX = 32,
	FDS_MAX = 3,		/* with one piece */
	MS = 1000,
};

/* -- the bus -- */

static void say_piece(int to, const uint8_t *data, size_t size, size_t fds)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * FDS_MAX)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec io = { (void *)data, size };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1 };

	if (fds) {
		int give[FDS_MAX] = { to, to, to };

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(fds * sizeof *give);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(fds * sizeof *give);
		memcpy(CMSG_DATA(&control.align), give, fds * sizeof *give);
	}
	if (sendmsg(to, &msg, MSG_DONTWAIT) != (ssize_t)size) __builtin_trap();
}

/* No cuts: 0. Else the sizes repeat, small ones among them. */
static void say(int to, const uint8_t *data, size_t size, unsigned how)
{
	for (unsigned i = 0; size; i++) {
		size_t n = (how * (i + 1) * 37) % 256 + 1;

		if (!how || n > size || i == PIECES_MAX) n = size;
		say_piece(to, data, n, how ? (how + i) % (FDS_MAX + 1) : 0);
		data += n;
		size -= n;
	}
}

/* -- the client -- */

static void ask(struct bus *b, struct arena *m)
{
	static const struct bus_dest to = { "a.b", "/a", "a.b.C" };
	AUTOMESSAGE struct message msg = { 0 };
	struct reader r;
	int id = bus_match(b, &(struct bus_match){ .member = "S", .arg0 = "x" }, 0, NULL);

	if (bus_call(b, &to, "Do", NULL, deadline_in(MS), m, &msg, NULL) == 0) {
		message_reader(&msg, &r);
		while (reader_more(&r))
			reader_skip(&r);
	}
	while (bus_next_signal(b, deadline_in(MS), m, &msg, NULL) > 0)
		;
	bus_unmatch(b, id);
}

static void watch(struct bus *b)
{
	AUTOWATCH struct unit_watch uw = { 0 };

	if (unit_watch(&uw, b, "a.service", NULL) < 0 || unit_hold(&uw, NULL) < 0) return;
	if (unit_stop(&uw, NULL) < 0 || unit_wait_job(&uw, deadline_in(MS), NULL) < 0) return;
	if (unit_wait_end(&uw, deadline_in(MS), NULL) < 0) return;
	unit_rewatch(&uw, b, NULL);
}

static void list(struct bus *b, struct arena *m)
{
	static char *const patterns[] = { "jlmkr-*", NULL };
	const char *path;
	size_t n;
	int fd;

	machine_list(b, NULL, true, m, &n, NULL);
	unit_list(b, patterns, m, &n, NULL);
	fd = machine_open_pty(b, "a", m, &path, NULL);
	if (fd >= 0) close(fd);
}

static void talk(struct bus *b, unsigned what)
{
	AUTOFREE struct arena m = { 0 };

	if (what % 3 == 0) ask(b, &m);
	else if (what % 3 == 1) watch(b);
	else list(b, &m);
}

/* What is left open takes the lowest number that was free. */
static int lowest_free(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2], before = lowest_free();
	struct bus *b;

	if (size < 2 || size > SAID_MAX) return 0;
	size -= 2;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return 0;
	say(ends[1], data, size, data[size]);
	shutdown(ends[1], SHUT_WR);
	b = bus_open_fd(ends[0], data[size + 1] & 0x80 ? BUS_PEER : BUS_BROKER, BUS_OF_JAIL,
	                deadline_in(MS), NULL);
	if (b) talk(b, data[size + 1] & 0x7f);
	bus_close(b);
	close(ends[1]);
	if (lowest_free() != before) __builtin_trap();
	return 0;
}
