/* One D-Bus message: its header, and where its body lies
 *
 * Pure, like wire.h. Format: the D-Bus specification, "Message Format": 16 fixed
 * bytes, an array of header fields, padding to 8, the body. Everything in the
 * header is checked when a message is read; the body is checked by reading it.
 *
 * A message owns the descriptors that came with it. Those that nobody took are
 * closed by message_close, so a message lives in a variable like this:
 *
 *	AUTOMESSAGE struct message reply = { 0 };
 */
#ifndef DBUS_MESSAGE_H
#define DBUS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dbus/wire.h"

enum { MESSAGE_START = 16 };	/* bytes that tell how long the rest is */

enum message_type {
	MESSAGE_CALL = 1,
	MESSAGE_RETURN,
	MESSAGE_ERROR,
	MESSAGE_SIGNAL,
};

enum message_flag {
	MESSAGE_NO_REPLY = 1,
	MESSAGE_NO_AUTO_START = 2,
	MESSAGE_INTERACTIVE = 4,	/* may ask a person for permission */
};

/* Texts are NULL when the message has none of the kind, but for `sig`, "". */
struct message {
	unsigned type, flags;
	uint32_t serial, reply_serial;
	const char *path, *iface, *member, *error, *dest, *sender, *sig;
	const unsigned char *body;
	size_t body_len;
	bool big_endian;
	uint32_t fds_promised;		/* what the header says comes with it */
	int *fds;			/* -1: taken */
	size_t fd_count;
};

#define AUTOMESSAGE __attribute__((cleanup(message_close)))

/* Close the descriptors that were not taken; safe on a zeroed message, and more
 * than once. */
void message_close(struct message *msg);

/* Own a descriptor that reader_fd gave; once. -1 when there is none. */
int message_take_fd(struct message *msg, int fd, struct err *e);

/* Read the body from its start. */
void message_reader(const struct message *msg, struct reader *r);

/* Is it an error reply of this name? */
bool message_is_error(const struct message *msg, const char *name);

/* The size of the whole message of which these are the first MESSAGE_START bytes:
 * at most `limit`, else -1. */
int message_size(const void *start, size_t limit, size_t *size, struct err *e);

/* Take apart a message of exactly `size` bytes. Texts and body point into it. */
int message_parse(struct message *msg, const void *bytes, size_t size, struct err *e);

/* The header for `body` (NULL: none) with the type, flags, serials and texts of
 * `msg`, padded: what goes in front of the body. */
int message_header(const struct message *msg, const struct wire *body, struct arena *m,
                   struct str *out, struct err *e);

#endif
