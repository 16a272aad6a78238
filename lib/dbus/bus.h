/* Ask over D-Bus and wait for the answer
 *
 * A client for a tool that runs for seconds: one connection, no threads, no main
 * loop. Arguments are built and answers are read with wire.h. Several calls may
 * be on their way at once: bus_send them, then bus_reply each. Signals are kept
 * only when a match asked for them, from the moment of the match on, and without
 * their descriptors; everything else that arrives is passed over.
 *
 * A signal is a hint: on a real bus any user may send one to us that looks like
 * systemd's. Ask for the state before acting on it.
 *
 * Every wait has a deadline (lib/base/wait.h) and ends when a signal is caught.
 * Faults tell by errno what callers may want to know: ETIMEDOUT, the deadline
 * passed; ECONNRESET, the connection is lost and every later use fails too; EPROTO, it
 * is given up because the other side breaks the rules or the limits, as it would again.
 *
 * Format: the D-Bus specification. Limits: each message, and four times that together,
 * at most 64 MiB, with 4096 messages, for those that are kept; what is beyond is a fault.
 * So a peer that we do not trust costs no more memory than that, whatever it sends.
 */
#ifndef DBUS_BUS_H
#define DBUS_BUS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/dbus/message.h"
#include "lib/dbus/wire.h"

struct arena;
struct bus;
struct err;

#define BUS_SYSTEM "unix:path=/run/dbus/system_bus_socket"
#define BUS_PRIVATE "unix:path=/run/systemd/private"

/* The largest message that is taken. A peer may say again what it was told (a unit its
 * command line), so four times the largest message sent is allowed on top. */
enum bus_limit {
	BUS_OF_HOST = 32 << 20,		/* as the system bus itself allows */
	BUS_OF_JAIL = 1 << 20,		/* what a jail's bus sends is the jail's word */
};

enum bus_kind {
	BUS_BROKER,		/* a bus with names and matches */
	BUS_PEER,		/* one program at the other end: no names, all its signals */
};

/* Where a call goes. */
struct bus_dest {
	const char *name, *path, *iface;
};

/* Which signals to keep. NULL: any. The sender is for the bus to check: names of
 * its own may change while we listen. */
struct bus_match {
	const char *sender, *path, *iface, *member, *arg0;
};

/* Connect to the first of the addresses that answers (`unix:path=...;...`, as in
 * DBUS_SYSTEM_BUS_ADDRESS) and introduce ourselves: one of the host's. The caller closes
 * it. */
struct bus *bus_open(const char *addresses, enum bus_kind kind, int64_t deadline,
                     struct err *e);

/* The same over a connected socket, which is closed with the bus, also when this
 * fails. */
struct bus *bus_open_fd(int fd, enum bus_kind kind, enum bus_limit limit, int64_t deadline,
                        struct err *e);

/* The address of a socket in the file system. */
char *bus_address(struct arena *m, const char *path);

/* Safe on NULL. Messages belong to the arena they were read into and stay valid. */
void bus_close(struct bus *b);

enum bus_kind bus_kind(const struct bus *b);

/* Call `member` with the arguments in `body` (NULL: none), and read the answer
 * into `m` and `reply`, which is zeroed or holds an earlier message. An error
 * reply is a failure whose text is the peer's own message; its D-Bus name is in
 * reply->error then, which is NULL after any other failure. */
int bus_call(struct bus *b, const struct bus_dest *to, const char *member,
             struct wire *body, int64_t deadline, struct arena *m, struct message *reply,
             struct err *e);

/* The two halves of bus_call. A reply that is not waited for any more, for
 * whatever reason, is passed over when it comes. */
int bus_send(struct bus *b, const struct bus_dest *to, const char *member,
             struct wire *body, int64_t deadline, uint32_t *serial, struct err *e);
int bus_reply(struct bus *b, uint32_t serial, int64_t deadline, struct arena *m,
              struct message *reply, struct err *e);

/* Keep such signals from now on. Does not wait for the bus to agree: should it
 * refuse, the next wait fails. The strings are copied. Returns an id > 0. */
int bus_match(struct bus *b, const struct bus_match *what, int64_t deadline, struct err *e);

/* No more of them; those that are kept for this match only are dropped. */
void bus_unmatch(struct bus *b, int id);

/* The oldest kept signal, waiting for one until the deadline: 1, 0 when the time
 * is over, -1. A deadline of 0 only looks what is there. */
int bus_next_signal(struct bus *b, int64_t deadline, struct arena *m, struct message *msg,
                    struct err *e);

/* To be polled for POLLIN together with others; first take all signals that are
 * there: those that came during a call make no noise any more. */
int bus_fd(const struct bus *b);

#endif
