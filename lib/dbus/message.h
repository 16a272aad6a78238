/* One D-Bus message: its header, and the place of its body
 *
 * Pure, like wire.h. Format: the D-Bus specification, "Message Format": 16 fixed
 * bytes, an array of header fields, padding to 8, the body. message_parse checks
 * the whole header; reading the body checks the body.
 *
 * A message owns the descriptors that came with it. message_close closes those that
 * were not taken, so declare a message like this:
 *
 *	AUTOMESSAGE struct message reply = { 0 };
 */
#ifndef DBUS_MESSAGE_H
#define DBUS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/dbus/wire.h"

enum { MESSAGE_START = 16 };	/* the first bytes contain the length of the rest */

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

/* Texts that the message does not have are NULL; `sig` is "" then. */
struct message {
	unsigned type, flags;
	uint32_t serial, reply_serial;
	const char *path, *iface, *member, *error, *dest, *sender, *sig;
	const unsigned char *body;
	size_t body_len;
	bool big_endian;
	uint32_t fds_promised;		/* their number, by the header */
	int *fds;			/* -1: taken */
	size_t fd_count;
};

#define AUTOMESSAGE __attribute__((cleanup(message_close)))

/* Close the descriptors that were not taken; safe on a zeroed message, and more
 * than once. */
void message_close(struct message *msg);

/* Take the ownership of a descriptor that reader_fd returned. -1 if it is not one of the
 * message's, or was taken before. */
int message_take_fd(struct message *msg, int fd, struct err *e);

/* Set `r` to the start of the body. */
void message_reader(const struct message *msg, struct reader *r);

/* Whether it is an error reply of this name. */
bool message_is_error(const struct message *msg, const char *name);

/* Find the size of a whole message from its first MESSAGE_START bytes; -1 if it is above
 * `limit`. */
int message_size(const void *start, size_t limit, size_t *size, struct err *e);

/* Parse a message of exactly `size` bytes. Texts and body point into `bytes`. */
int message_parse(struct message *msg, const void *bytes, size_t size, struct err *e);

/* Write the padded header for `body` (NULL: none) with the type, flags, serials and texts of
 * `msg` to `out`. */
int message_header(const struct message *msg, const struct wire *body, struct arena *m,
                   struct str *out, struct err *e);

#endif
