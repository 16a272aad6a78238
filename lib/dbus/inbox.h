/* Messages that arrived and are still to be asked for
 *
 * Private to this folder. Replies and signals in the order they came, with their
 * descriptors, whole in memory of their own. Bounded: 4096 messages, and as many bytes
 * as bytes_max says; the memory is at most three times that, however many come and go.
 */
#ifndef DBUS_INBOX_H
#define DBUS_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/dbus/message.h"

struct kept {
	struct kept *next;
	void *bytes;
	size_t size, cost;
	struct message msg;		/* points into bytes */
};

struct inbox {
	struct arena m;
	struct kept *first, **end;
	size_t count, bytes;
	size_t bytes_max;		/* for the user to set; 0 at first */
	size_t spent;			/* bytes of m, those of messages that left included */
};

void inbox_init(struct inbox *in);
void inbox_close(struct inbox *in);

/* Copy a message and own its descriptors; false when there is no room. */
bool inbox_add(struct inbox *in, const void *bytes, size_t size, const struct message *msg);

/* The place of the first reply to `serial`, or with 0 of the first signal; NULL. */
struct kept **inbox_find(struct inbox *in, uint32_t serial);

/* Hand the message there over, into memory of the caller's. */
void inbox_take(struct inbox *in, struct kept **at, struct arena *m, struct message *msg);

void inbox_drop(struct inbox *in, struct kept **at);

#endif
