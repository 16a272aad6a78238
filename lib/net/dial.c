#include "lib/net/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"

enum { ADDRESSES_MAX = 16, STAGGER_MS = 250 };

struct address {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} to;
};

/* Small enough to go through a pipe in one piece (PIPE_BUF). */
struct addresses {
	int fault;			/* of getaddrinfo, 0 for none */
	int sys;
	unsigned n;
	struct address list[ADDRESSES_MAX];
};

_Static_assert(sizeof(struct addresses) <= 4096, "one write");

static void look_up_addresses(const char *host, uint16_t port, int flags,
                              struct addresses *found)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	                          .ai_flags = flags | AI_NUMERICSERV };
	struct addrinfo *list = NULL, *a;
	char service[8];

	memset(found, 0, sizeof *found);
	snprintf(service, sizeof service, "%u", port);
	found->fault = getaddrinfo(host, service, &hints, &list);
	found->sys = errno;
	if (found->fault) return;
	for (a = list; a && found->n < ADDRESSES_MAX; a = a->ai_next) {
		struct address *to = &found->list[found->n];

		if (a->ai_addrlen > sizeof to->to) continue;
		memcpy(&to->to, a->ai_addr, a->ai_addrlen);
		to->len = a->ai_addrlen;
		found->n++;
	}
	freeaddrinfo(list);
}

static int read_answer(int fd, const char *host, int64_t deadline, struct addresses *found,
                       struct err *e)
{
	int ready = wait_fd(fd, POLLIN, deadline, e);

	if (ready < 0) return -1;
	if (!ready)
		return fail(e, ERR_NETWORK, "find %s: the name servers do not answer", host);
	if (read(fd, found, sizeof *found) != (ssize_t)sizeof *found ||
	    found->n > ADDRESSES_MAX)
		return fail(e, ERR_NETWORK, "find %s: the look-up failed", host);
	return 0;
}

static int look_up_in_child(const char *host, uint16_t port, int64_t deadline,
                            struct addresses *found, struct err *e)
{
	AUTOCLOSE int in = -1;
	AUTOCLOSE int out = -1;
	int ends[2], rc;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0) return fail_sys(e, "pipe");
	in = ends[0];
	out = ends[1];
	if ((child = fork()) < 0) return fail_sys(e, "fork");
	if (!child) {
		look_up_addresses(host, port, 0, found);
		_exit(write(out, found, sizeof *found) != (ssize_t)sizeof *found);
	}
	close(take_fd(&out));
	rc = read_answer(in, host, deadline, found, e);
	kill(child, SIGKILL);
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	return rc;
}

static const char *look_up_fault(const struct addresses *found)
{
	switch (found->fault) {
	case 0: return "it has no address";
	case EAI_NONAME: return "there is no host with this name";
	case EAI_AGAIN: return "no name server answers";
	case EAI_SYSTEM: return strerror(found->sys);
	}
	return gai_strerror(found->fault);
}

static int resolve_host(const char *host, uint16_t port, int64_t deadline,
                        struct addresses *found, struct err *e)
{
	look_up_addresses(host, port, AI_NUMERICHOST, found);
	if (!found->fault) return 0;
	if (look_up_in_child(host, port, deadline, found, e) < 0) return -1;
	if (!found->fault && found->n) return 0;
	return fail(e, ERR_NETWORK, "find %s: %s", host, look_up_fault(found));
}

/* Alternate the families, each in the resolver's order. */
static void interleave(struct addresses *a)
{
	struct addresses sorted = *a;
	unsigned taken[2] = { 0, 0 }, n = 0, turn = 0, i;
	int first = a->list[0].to.any.sa_family;

	while (n < a->n) {
		for (i = taken[turn]; i < a->n; i++)
			if ((a->list[i].to.any.sa_family == first) == !turn) break;
		taken[turn] = i + 1;
		if (i < a->n) sorted.list[n++] = a->list[i];
		turn = !turn;
	}
	*a = sorted;
}

/* The connections that are being made: fds[i] is for address i, -1 if it has failed. */
struct race {
	struct addresses *a;
	struct pollfd fds[ADDRESSES_MAX];
	unsigned started, running;
	int fault;			/* errno of the last failure */
};

static void race_start_next(struct race *r)
{
	const struct address *to = &r->a->list[r->started];
	struct pollfd *p = &r->fds[r->started++];

	p->events = POLLOUT;
	p->fd = socket(to->to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd >= 0 && connect(p->fd, &to->to.any, to->len) < 0 && errno != EINPROGRESS) {
		r->fault = errno;
		close(take_fd(&p->fd));
	} else if (p->fd < 0) {
		r->fault = errno;
	} else {
		r->running++;
	}
}

/* Returns a connection that has been made, or -1. Failed ones are closed. */
static int race_winner(struct race *r)
{
	unsigned i;

	for (i = 0; i < r->started; i++) {
		struct pollfd *p = &r->fds[i];
		int sys = 0;
		socklen_t len = sizeof sys;

		if (p->fd < 0 || !p->revents) continue;
		if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &sys, &len) < 0) sys = errno;
		if (!sys) return take_fd(&p->fd);
		r->fault = sys;
		close(take_fd(&p->fd));
		r->running--;
	}
	return -1;
}

static int race_run(struct race *r, int64_t deadline, struct err *e)
{
	int winner = -1;

	while (winner < 0) {
		int64_t turn = deadline_in(STAGGER_MS);
		unsigned before = r->started;

		if (r->started < r->a->n) race_start_next(r);
		if (!r->running) {
			if (r->started < r->a->n) continue;
			return fail(e, ERR_NETWORK, "%s", strerror(r->fault));
		}
		if (before == r->started || turn > deadline) turn = deadline;
		if (wait_fds(r->fds, r->started, turn, e) < 0) return -1;
		winner = race_winner(r);
		if (winner < 0 && !deadline_left(deadline))
			return fail(e, ERR_NETWORK, "no answer");
	}
	return winner;
}

int dial(const char *host, uint16_t port, int64_t deadline, struct err *e)
{
	struct addresses found;
	struct race r = { .a = &found };
	int fd, on = 1;
	unsigned i;

	if (resolve_host(host, port, deadline, &found, e) < 0) return -1;
	interleave(&found);
	fd = race_run(&r, deadline, e);
	for (i = 0; i < r.started; i++)
		if (r.fds[i].fd >= 0) close(r.fds[i].fd);
	if (fd < 0) return fail_in(e, "connect to %s port %u", host, port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return fd;
}
