/* The socket under a bus: bytes and descriptors in and out
 *
 * Private to this folder. Connects to an address, makes the peer accept us (D-Bus
 * specification, "Authentication Protocol": EXTERNAL, who we are is read from the
 * socket), sends with descriptors, collects what arrives. It knows nothing of
 * messages but that descriptors travel beside the bytes, in order.
 *
 * A link that lost its peer, or half sent something, or whose peer says what no bus says
 * is dead: every later use fails at once, with errno ECONNRESET in the fault.
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
	bool passes_fds;		/* the peer agreed to take descriptors */
	bool dead;
	unsigned char *in;		/* what arrived: in[start..end) */
	size_t start, end, room;
	size_t in_max;			/* set by the user: more unread bytes are a fault */
	int fds[LINK_FDS_MAX];		/* what arrived beside it, oldest first */
	size_t fd_count;
};

/* A connected, non-blocking socket for one of the addresses in the list
 * `unix:path=/a%20b;unix:abstract=c`, tried in order. */
int link_connect(const char *addresses, int64_t deadline, struct err *e);

/* Take over a connected socket; it is closed with the link, also when this fails. */
int link_init(struct link *l, int fd, struct err *e);
void link_close(struct link *l);

/* The two halves of the introduction. Messages may follow the first at once. */
int link_hello(struct link *l, int64_t deadline, struct err *e);
int link_welcome(struct link *l, int64_t deadline, struct err *e);

/* What goes out as one: two pieces, and descriptors beside the first byte. */
struct parcel {
	const void *head, *body;	/* the body may be NULL */
	size_t head_len, body_len;
	const int *fds;			/* borrowed */
	size_t fd_count;
};

/* Send all of it. What arrives meanwhile is collected, so that a peer that waits
 * for us to read does not make us wait for it. */
int link_send(struct link *l, const struct parcel *out, int64_t deadline, struct err *e);

/* Collect what is there, and wait for something: 1, 0 when the time is over, -1. */
int link_wait(struct link *l, int64_t deadline, struct err *e);

/* Forget the first `n` bytes, and the first `n` descriptors without closing them. */
void link_consume(struct link *l, size_t n);
void link_consume_fds(struct link *l, size_t n);

/* Close the descriptors that came with nothing. */
void link_drop_fds(struct link *l);

/* No more use, because the other side breaks the rules (errno EPROTO: another try would go the
 * same way); always -1. */
int link_refuse(struct link *l, struct err *e, const char *why);

#endif
