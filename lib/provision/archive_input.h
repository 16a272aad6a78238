/* An archive of the user's: a file, standard input, or an https URL
 *
 * It can be looked at before it is unpacked: whether it is an export of a jail
 * (archive/pack.h), and with which config. A confined child reads it (archive/unpack.h). What
 * standard input has given meanwhile is kept, a URL is fetched again.
 */
#ifndef PROVISION_ARCHIVE_INPUT_H
#define PROVISION_ARCHIVE_INPUT_H

#include <stdbool.h>

#include "lib/base/str.h"

struct err;
struct host;
struct image_sink;

struct archive_input {
	const char *from;	/* a path, "-" or a URL */
	int fd;			/* -1: a URL */
	struct str head;	/* what was read already, and cannot be read again */
	/* once looked at; what an archive says is hostile */
	bool is_export;
	const char *jail, *version, *config;
};

#define NO_ARCHIVE { .fd = -1 }

int archive_input_open(struct arena *m, const char *from, struct archive_input *in,
                       struct err *e);
void archive_input_close(struct archive_input *in);

#define AUTOARCHIVE __attribute__((cleanup(archive_input_close))) struct archive_input

/* Find out whether it is an export. ERR_INPUT if it is one of a kind that is not known. */
int archive_input_look(struct host *h, struct archive_input *in, const char *sha256,
                       struct err *e);

/* Pass all of it to the sink. If `sha256` is not NULL and the archive has another hash:
 * ERR_UNTRUSTED. */
int archive_input_read(struct host *h, struct archive_input *in, const char *sha256,
                       const struct image_sink *sink, struct err *e);

/* Read all of it, and unpack nothing: ERR_UNTRUSTED unless it is an undamaged export. */
int archive_input_verify(struct host *h, struct archive_input *in, struct err *e);

#endif
