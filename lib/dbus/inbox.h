/* Messages that have arrived and that no caller has taken yet
 *
 * Private to this folder. Holds copies of replies and signals with their descriptors, in
 * the order they came. At most 4096 messages and bytes_max bytes; the memory used is at
 * most three times that, however many messages come and go.
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
	size_t bytes_max;		/* set by the user; 0 at first */
	size_t spent;			/* bytes of m, including messages that were taken */
};

void inbox_init(struct inbox *in);
void inbox_close(struct inbox *in);

/* Copy a message, and own its descriptors; false if there is no room. */
bool inbox_add(struct inbox *in, const void *bytes, size_t size, const struct message *msg);

/* The place of the first reply to `serial`, or of the first signal if it is 0; NULL: none. */
struct kept **inbox_find(struct inbox *in, uint32_t serial);

/* Move the message at that place to `msg`, with its bytes in the caller's arena. */
void inbox_take(struct inbox *in, struct kept **at, struct arena *m, struct message *msg);

void inbox_drop(struct inbox *in, struct kept **at);

#endif
