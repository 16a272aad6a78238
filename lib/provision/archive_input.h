/* An archive of the user's: a file, standard input, or an https URL
 *
 * It can be looked at before it is unpacked, by a confined child (archive/found.h): whether it
 * is an export of a jail (archive/pack.h), and with which config, or a stream of ZFS; what that
 * has taken from standard input is kept, a URL is fetched again. Or all of it (look_archive.h),
 * which stores what is no file yet, so that it is read and checked once.
 */
#ifndef PROVISION_ARCHIVE_INPUT_H
#define PROVISION_ARCHIVE_INPUT_H

#include <stdbool.h>

#include "lib/base/str.h"
#include "lib/provision/stream_head.h"

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
	bool is_stream;		/* an export with a stream, or the stream alone */
	struct stream_head stream;
};

#define NO_ARCHIVE { .fd = -1 }

int archive_input_open(struct arena *m, const char *from, struct archive_input *in,
                       struct err *e);
void archive_input_close(struct archive_input *in);

#define AUTOARCHIVE __attribute__((cleanup(archive_input_close))) struct archive_input

/* Find out whether it is an export or a stream. ERR_INPUT if it is one of a kind that is not
 * known. With a `sha256`, what comes from a URL is kept in the cache. */
int archive_input_look(struct host *h, struct archive_input *in, const char *sha256,
                       struct err *e);

/* Make a file of it that can be read anywhere: what comes from a URL or a pipe is stored,
 * without a name, in the jailmaker directory. ERR_UNTRUSTED if `sha256` is not NULL and the
 * archive has another hash. */
int archive_input_store(struct host *h, struct archive_input *in, const char *sha256,
                        struct err *e);

/* Pass all of it to the sink. If `sha256` is not NULL and the archive has another hash:
 * ERR_UNTRUSTED. */
int archive_input_read(struct host *h, struct archive_input *in, const char *sha256,
                       const struct image_sink *sink, struct err *e);

/* Pass the stream to `take`, if it is or has one. ERR_UNTRUSTED if the archive is damaged, or
 * has another hash than `sha256`, unless that is NULL: so nothing may come of what was taken
 * until this has returned 0. */
int archive_input_unstream(struct host *h, struct archive_input *in, const char *sha256,
                           int (*take)(void *arg, const void *data, size_t n, struct err *e),
                           void *arg, struct err *e);

/* Read all of it, and unpack nothing: ERR_UNTRUSTED unless it is an undamaged export. */
int archive_input_verify(struct host *h, struct archive_input *in, struct err *e);

#endif
