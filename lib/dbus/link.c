#include "lib/dbus/link.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"

enum { CHUNK = 16 * 1024, WELCOME_MAX = 16 * 1024 };

union fd_room {
	char bytes[CMSG_SPACE(sizeof(int) * WIRE_FDS_MAX)];
	struct cmsghdr align;
};

/* Mark the link as dead, with ECONNRESET in e->sys; always returns -1. */
static int link_lost(struct link *l, struct err *e, const char *why)
{
	l->dead = true;
	fail(e, ERR_HOST, "%s", why);
	if (e) e->sys = ECONNRESET;
	return -1;
}

int link_refuse(struct link *l, struct err *e, const char *why)
{
	l->dead = true;
	fail(e, ERR_HOST, "%s", why);
	if (e) e->sys = EPROTO;
	return -1;
}

/* The link is not dead: a peer that closed its side may have sent its reason before. */
static int link_closed(struct err *e)
{
	fail(e, ERR_HOST, "D-Bus closed the connection");
	if (e) e->sys = ECONNRESET;
	return -1;
}

static int link_timed_out(struct err *e)
{
	fail(e, ERR_HOST, "no answer in time");
	if (e) e->sys = ETIMEDOUT;
	return -1;
}

int link_init(struct link *l, int fd, struct err *e)
{
	int flags = fcntl(fd, F_GETFL);

	memset(l, 0, sizeof *l);
	l->fd = fd;
	if (flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0) return 0;
	fail_sys(e, "D-Bus socket");
	link_close(l);
	return -1;
}

void link_close(struct link *l)
{
	link_drop_fds(l);
	if (l->fd >= 0) close(l->fd);
	l->fd = -1;
	l->dead = true;
	arena_free(&l->m);
}

void link_drop_fds(struct link *l)
{
	for (size_t i = 0; i < l->fd_count; i++)
		close(l->fds[i]);
	l->fd_count = 0;
}

void link_consume(struct link *l, size_t n)
{
	l->start += n;
	if (l->start == l->end) l->start = l->end = 0;
}

void link_consume_fds(struct link *l, size_t n)
{
	l->fd_count -= n;
	memmove(l->fds, l->fds + n, l->fd_count * sizeof *l->fds);
}

/* Make room for one more chunk: move the unread bytes to the front; if that is not enough,
 * double the buffer. So it grows only with bytes that have arrived. */
static void make_room(struct link *l)
{
	AUTOFREE struct arena old = { 0 };
	size_t have = l->end - l->start;
	unsigned char *in;

	if (l->room - l->end >= CHUNK) return;
	in = l->in;
	if (have + CHUNK > l->room) {
		old = l->m;
		l->m = (struct arena){ 0 };
		l->room = l->room ? l->room * 2 : 2 * CHUNK;
		in = arena_alloc(&l->m, l->room);
	}
	if (have) memmove(in, l->in + l->start, have);
	l->in = in;
	l->start = 0;
	l->end = have;
}

/* Take every descriptor that came, so that none can leak. */
static int collect_fds(struct link *l, struct msghdr *msg)
{
	int fd, fits = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
		for (size_t at = CMSG_LEN(0); at + sizeof fd <= c->cmsg_len; at += sizeof fd) {
			memcpy(&fd, (char *)c + at, sizeof fd);
			if (l->fd_count < LINK_FDS_MAX) l->fds[l->fd_count++] = fd;
			else close(fd), fits = -1;
		}
	}
	return msg->msg_flags & MSG_CTRUNC ? -1 : fits;
}

/* Read what has arrived, without waiting: 1, or 0 if nothing has, or -1. */
static int link_recv(struct link *l, struct err *e)
{
	union fd_room control;
	struct iovec io;
	struct msghdr msg = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control,
	};
	ssize_t n;

	if (l->dead) return link_lost(l, e, "the connection to D-Bus is lost");
	if (l->end - l->start > l->in_max)
		return link_refuse(l, e, "D-Bus sends too much data");
	make_room(l);
	io = (struct iovec){ l->in + l->end, l->room - l->end };
	n = recvmsg(l->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
	if (n < 0) return link_lost(l, e, strerror(errno));
	if (collect_fds(l, &msg) < 0)
		return link_refuse(l, e, "D-Bus sends too many descriptors");
	if (n == 0) return link_lost(l, e, "D-Bus closed the connection");
	l->end += (size_t)n;
	return 1;
}

int link_wait(struct link *l, int64_t deadline, struct err *e)
{
	int n = link_recv(l, e);

	while (n == 0) {
		n = wait_fd(l->fd, POLLIN, deadline, e);
		if (n <= 0) return n;
		n = link_recv(l, e);
	}
	return n;
}

static size_t pieces_left(const struct parcel *out, size_t sent, struct iovec *io)
{
	size_t n = 0;

	if (sent < out->head_len)
		io[n++] = (struct iovec){ (char *)out->head + sent, out->head_len - sent };
	sent -= sent < out->head_len ? sent : out->head_len;
	if (sent < out->body_len)
		io[n++] = (struct iovec){ (char *)out->body + sent, out->body_len - sent };
	return n;
}

/* One sendmsg for the bytes that are left; the descriptors go with the first byte. */
static ssize_t send_some(struct link *l, const struct parcel *out, size_t sent)
{
	size_t size = sizeof *out->fds * out->fd_count;
	union fd_room control;
	struct iovec io[2];
	struct msghdr msg = { .msg_iov = io, .msg_iovlen = pieces_left(out, sent, io) };
	struct cmsghdr *c = &control.align;

	if (size && !sent) {
		memset(&control, 0, sizeof control);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(size);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(c), out->fds, size);
	}
	return sendmsg(l->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int wait_to_send(struct link *l, int64_t deadline, struct err *e)
{
	struct pollfd p = { .fd = l->fd, .events = POLLIN | POLLOUT };
	int n = wait_fds(&p, 1, deadline, e);

	if (n < 0) return -1;
	if (n == 0) return link_timed_out(e);
	return p.revents & POLLIN ? link_recv(l, e) : 0;
}

int link_send(struct link *l, const struct parcel *out, int64_t deadline, struct err *e)
{
	size_t sent = 0;

	if (l->dead) return link_lost(l, e, "the connection to D-Bus is lost");
	while (sent < out->head_len + out->body_len) {
		ssize_t n = send_some(l, out, sent);

		if (n >= 0) {
			sent += (size_t)n;
		} else if (errno == EAGAIN || errno == EINTR) {
			if (wait_to_send(l, deadline, e) >= 0) continue;
			l->dead = l->dead || sent > 0;
			return -1;
		} else {
			return errno == EPIPE ? link_closed(e) :
			       link_lost(l, e, strerror(errno));
		}
	}
	return 0;
}

int link_hello(struct link *l, int64_t deadline, struct err *e)
{
	static const char text[] = "\0AUTH EXTERNAL\r\nDATA\r\nNEGOTIATE_UNIX_FD\r\nBEGIN\r\n";

	const struct parcel out = { .head = text, .head_len = sizeof text - 1 };

	return link_send(l, &out, deadline, e);
}

/* Read a line of the authentication, without its line break, cut to fit into `line`: no line
 * that we know is so long. */
static int read_auth_line(struct link *l, char *line, size_t room, int64_t deadline,
                          struct err *e)
{
	unsigned char *end;
	size_t n;

	while (!(end = l->in ? memchr(l->in + l->start, '\n', l->end - l->start) : NULL)) {
		int got = l->end - l->start > WELCOME_MAX ? -2 : link_wait(l, deadline, e);

		if (got == -2) return link_refuse(l, e, "the other side does not speak D-Bus");
		if (got <= 0) return got < 0 ? -1 : link_timed_out(e);
	}
	n = (size_t)(end - (l->in + l->start));
	snprintf(line, room, "%.*s", n > 0 ? (int)n - 1 : 0, (char *)l->in + l->start);
	if (n == 0 || end[-1] != '\r')
		return link_refuse(l, e, "the other side does not speak D-Bus");
	link_consume(l, n + 1);
	return 0;
}

/* The peer answers DATA (an empty challenge), OK with its id, and whether it accepts
 * descriptors. Messages follow. */
int link_welcome(struct link *l, int64_t deadline, struct err *e)
{
	char line[256];

	if (read_auth_line(l, line, sizeof line, deadline, e) < 0) return -1;
	if (!strncmp(line, "DATA", 4) && read_auth_line(l, line, sizeof line, deadline, e) < 0)
		return -1;
	if (!strncmp(line, "REJECTED", 8)) {
		link_lost(l, e, "D-Bus rejects our user");
		if (e) e->sys = EACCES;
		return -1;
	}
	if (strncmp(line, "OK ", 3) != 0)
		return link_refuse(l, e, "the other side does not speak D-Bus");
	if (read_auth_line(l, line, sizeof line, deadline, e) < 0) return -1;
	l->passes_fds = !strcmp(line, "AGREE_UNIX_FD");
	if (!l->passes_fds && strncmp(line, "ERROR", 5) != 0)
		return link_refuse(l, e, "the other side does not speak D-Bus");
	return 0;
}
