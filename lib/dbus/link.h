/* The socket of a bus: sends and receives bytes and descriptors
 *
 * Private to this folder. Connects to an address, authenticates (D-Bus specification,
 * "Authentication Protocol", EXTERNAL: the peer reads our user from the socket), sends
 * bytes with descriptors, and collects what arrives. It does not know messages; it only
 * keeps the descriptors in their order.
 *
 * A link is dead when its peer is lost or breaks the protocol, or when a message was sent
 * in part. Every later use fails at once, with ECONNRESET in e->sys.
 */
#ifndef DBUS_LINK_H
#define DBUS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/dbus/wire.h"

struct err;

enum { LINK_FDS_MAX = 2 * WIRE_FDS_MAX };

struct link {
	struct arena m;
	int fd;
	bool passes_fds;		/* the peer accepts descriptors */
	bool dead;
	unsigned char *in;		/* the unread bytes: in[start..end) */
	size_t start, end, room;
	size_t in_max;			/* set by the user: more unread bytes are a fault */
	int fds[LINK_FDS_MAX];		/* received descriptors, oldest first */
	size_t fd_count;
};

/* A connected, non-blocking socket for one of the addresses in the list
 * `unix:path=/a%20b;unix:abstract=c`, tried in order. */
int link_connect(const char *addresses, int64_t deadline, struct err *e);

/* Take over a connected socket; link_close closes it, and so does link_init if it fails. */
int link_init(struct link *l, int fd, struct err *e);
void link_close(struct link *l);

/* Authenticate: the first sends our part, the second reads the answer. Messages may be sent
 * right after the first. */
int link_hello(struct link *l, int64_t deadline, struct err *e);
int link_welcome(struct link *l, int64_t deadline, struct err *e);

/* Bytes to send, in two pieces, and the descriptors that go with the first byte. */
struct parcel {
	const void *head, *body;	/* the body may be NULL */
	size_t head_len, body_len;
	const int *fds;			/* borrowed */
	size_t fd_count;
};

/* Send all of it, and collect what arrives meanwhile, so that a peer that sends before it
 * reads cannot block us. */
int link_send(struct link *l, const struct parcel *out, int64_t deadline, struct err *e);

/* Collect what has arrived, waiting for it if necessary: 1, or 0 at the deadline, or -1. */
int link_wait(struct link *l, int64_t deadline, struct err *e);

/* Remove the first `n` bytes; remove the first `n` descriptors without closing them. */
void link_consume(struct link *l, size_t n);
void link_consume_fds(struct link *l, size_t n);

/* Close the received descriptors that belong to no message. */
void link_drop_fds(struct link *l);

/* Mark the link as dead because the peer breaks the rules, with EPROTO in e->sys; always
 * returns -1. */
int link_refuse(struct link *l, struct err *e, const char *why);

#endif
