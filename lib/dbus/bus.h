/* Call methods over D-Bus and wait for the answers
 *
 * A client for a tool that runs for seconds: one connection, no threads, no main
 * loop. Arguments are built and answers are read with wire.h. Several calls may
 * wait at the same time: bus_send them, then bus_reply each. Signals are kept only
 * if a match asks for them, from the moment of the match on, and without their
 * descriptors. Everything else that arrives is dropped.
 *
 * A signal is a hint: on a real bus any user may send us one that looks like
 * systemd's. Ask for the state before acting on it.
 *
 * Every wait has a deadline (lib/base/wait.h) and ends when a signal is caught.
 * e->sys tells callers what happened: ETIMEDOUT, the deadline passed; ECONNRESET, the
 * connection is lost and every later use fails too; EPROTO, the peer broke the rules or
 * the limits, and another connection would probably end the same way.
 *
 * Format: the D-Bus specification. Limits: enum bus_limit for one message, four times that
 * but at most 64 MiB for the messages that are kept, and 4096 of them. More is a fault, so
 * a peer that we do not trust cannot use more memory.
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

/* The largest message that is accepted. A peer may repeat what we sent (a unit its command
 * line), so four times the largest message that we sent is allowed on top. */
enum bus_limit {
	BUS_OF_HOST = 32 << 20,		/* the limit of the system bus */
	BUS_OF_JAIL = 1 << 20,		/* a jail is not trusted */
};

enum bus_kind {
	BUS_BROKER,		/* a bus with names and matches */
	BUS_PEER,		/* one program at the other end: no names, all its signals */
};

/* Where a call goes. */
struct bus_dest {
	const char *name, *path, *iface;
};

/* Which signals to keep. NULL: any. Only the bus checks the sender, because the owner of a
 * name may change meanwhile. */
struct bus_match {
	const char *sender, *path, *iface, *member, *arg0;
};

/* Connect to the first of the addresses that answers (`unix:path=...;...`, as in
 * DBUS_SYSTEM_BUS_ADDRESS), a bus of the host, and authenticate. The caller closes it. */
struct bus *bus_open(const char *addresses, enum bus_kind kind, int64_t deadline,
                     struct err *e);

/* The same over a connected socket, which is closed with the bus, also when this
 * fails. */
struct bus *bus_open_fd(int fd, enum bus_kind kind, enum bus_limit limit, int64_t deadline,
                        struct err *e);

/* Close the connection; safe on NULL. Messages live in the arena they were read into, and stay
 * valid. */
void bus_close(struct bus *b);

enum bus_kind bus_kind(const struct bus *b);

/* Call `member` with the arguments in `body` (NULL: none), and read the answer
 * into `m` and `reply`, which is zeroed or holds an earlier message. An error reply
 * is a failure with the peer's own message as its text and its D-Bus name in
 * reply->error, which is NULL after any other failure. */
int bus_call(struct bus *b, const struct bus_dest *to, const char *member,
             struct wire *body, int64_t deadline, struct arena *m, struct message *reply,
             struct err *e);

/* The two halves of bus_call. A reply that comes after bus_reply has failed is dropped. */
int bus_send(struct bus *b, const struct bus_dest *to, const char *member,
             struct wire *body, int64_t deadline, uint32_t *serial, struct err *e);
int bus_reply(struct bus *b, uint32_t serial, int64_t deadline, struct arena *m,
              struct message *reply, struct err *e);

/* Keep such signals from now on. Does not wait for the bus's answer: if the bus refuses, the
 * next wait fails. The strings are copied. Returns an id > 0, or -1. */
int bus_match(struct bus *b, const struct bus_match *what, int64_t deadline, struct err *e);

/* End a match, and drop the signals that were kept only for it. */
void bus_unmatch(struct bus *b, int id);

/* Take the oldest kept signal, waiting for one if there is none: 1, or 0 at the deadline, or
 * -1. With a deadline of 0 it does not wait. */
int bus_next_signal(struct bus *b, int64_t deadline, struct arena *m, struct message *msg,
                    struct err *e);

/* The descriptor of the connection, to poll for POLLIN together with others. Take all kept
 * signals first: poll does not report those that arrived during a call. */
int bus_fd(const struct bus *b);

#endif
