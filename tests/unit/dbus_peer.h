/* The other end of a bus, for tests: a child that plays a part
 *
 * A part is a function that gets the connected socket; it says what it says and
 * returns, and the socket is closed. What it hears it does not check: the test
 * looks at what our side makes of it.
 */
#ifndef UNIT_DBUS_PEER_H
#define UNIT_DBUS_PEER_H

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"

static struct arena peer_m;
static pid_t peer_pid;

/* Start the part; the socket for our side. */
static int peer_socket(void (*part)(int fd))
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) abort();
	peer_pid = fork();
	if (peer_pid == 0) {
		alarm(20);
		close(ends[0]);
		part(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

__attribute__((unused))
static struct bus *peer_bus(void (*part)(int fd), enum bus_kind kind, struct err *e)
{
	return bus_open_fd(peer_socket(part), kind, BUS_OF_HOST, deadline_in(5000), e);
}

__attribute__((unused))
static void peer_end(void)
{
	waitpid(peer_pid, NULL, 0);
}

static void peer_say(int fd, const void *p, size_t n)
{
	const char *s = p;

	while (n) {
		ssize_t k = send(fd, s, n, MSG_NOSIGNAL);

		if (k <= 0) _exit(1);
		s += k;
		n -= (size_t)k;
	}
}

__attribute__((unused))
static void peer_say_text(int fd, const char *s)
{
	peer_say(fd, s, strlen(s));
}

static void peer_read(int fd, void *p, size_t n)
{
	if (n && recv(fd, p, n, MSG_WAITALL) != (ssize_t)n) _exit(1);
}

/* Listen until BEGIN. */
static void peer_hear_auth(int fd)
{
	char last[8] = "";

	while (memcmp(last + 1, "BEGIN\r\n", 7) != 0) {
		memmove(last, last + 1, 7);
		peer_read(fd, last + 7, 1);
	}
}

static void peer_hear(int fd, struct message *msg)
{
	unsigned char *bytes = arena_alloc(&peer_m, 1 << 16);
	size_t size;

	peer_read(fd, bytes, MESSAGE_START);
	if (message_size(bytes, 1 << 16, &size, NULL) < 0) _exit(1);
	peer_read(fd, bytes + MESSAGE_START, size - MESSAGE_START);
	if (message_parse(msg, bytes, size, NULL) < 0) _exit(1);
}

static struct wire *peer_body(void)
{
	struct wire *w = arena_alloc(&peer_m, sizeof *w);

	wire_init(w, &peer_m);
	return w;
}

/* The bytes of a message. */
static void peer_add(struct str *to, struct message msg, struct wire *body)
{
	msg.serial = msg.serial ? msg.serial : 1000;
	if (message_header(&msg, body, &peer_m, to, NULL) < 0) _exit(1);
	if (body) str_addn(to, str_text(&body->body), body->body.len);
}

/* Say a message, with its descriptors if it has some. */
static void peer_send(int fd, struct message msg, struct wire *body)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
		struct cmsghdr align;
	} control;
	struct str s = { .m = &peer_m };
	struct iovec io;
	struct msghdr h = { .msg_iov = &io, .msg_iovlen = 1 };

	peer_add(&s, msg, body);
	if (body && body->fd_count) {
		size_t n = body->fd_count * sizeof *body->fds;

		memset(&control, 0, sizeof control);
		h.msg_control = &control;
		h.msg_controllen = CMSG_SPACE(n);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n);
		memcpy(CMSG_DATA(&control.align), body->fds, n);
	}
	io = (struct iovec){ s.s, 1 };
	if (sendmsg(fd, &h, MSG_NOSIGNAL) != 1) _exit(1);
	peer_say(fd, s.s + 1, s.len - 1);
}

static void peer_reply(int fd, uint32_t serial, struct wire *body)
{
	peer_send(fd, (struct message){ .type = MESSAGE_RETURN, .reply_serial = serial }, body);
}

__attribute__((unused))
static void peer_refuse(int fd, uint32_t serial, const char *name, const char *text)
{
	struct wire *w = peer_body();

	if (text) wire_str(w, text);
	peer_send(fd, (struct message){ .type = MESSAGE_ERROR, .reply_serial = serial,
	                                .error = name }, text ? w : NULL);
}

__attribute__((unused))
static void peer_signal(int fd, const char *path, const char *iface, const char *member,
                        struct wire *body)
{
	peer_send(fd, (struct message){ .type = MESSAGE_SIGNAL, .path = path, .iface = iface,
	                                .member = member }, body);
}

__attribute__((unused))
static void peer_welcome(int fd)
{
	peer_hear_auth(fd);
	peer_say_text(fd, "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n");
}

/* The whole beginning of a broker. */
__attribute__((unused))
static void peer_begin(int fd)
{
	struct wire *w = peer_body();
	struct message hello;

	peer_welcome(fd);
	peer_hear(fd, &hello);
	wire_str(w, ":1.7");
	peer_reply(fd, hello.serial, w);
	w = peer_body();
	wire_str(w, ":1.7");
	peer_signal(fd, "/org/freedesktop/DBus", "org.freedesktop.DBus", "NameAcquired", w);
}

/* How many descriptors we have open. */
__attribute__((unused))
static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d) closedir(d);
	return n;
}

#endif
