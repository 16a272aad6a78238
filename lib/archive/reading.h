/* Read an export in the process that is confined for it, and unpack nothing */
#ifndef ARCHIVE_READING_H
#define ARCHIVE_READING_H

#include "lib/archive/check.h"

struct arena;
struct err;
struct pull;

enum reading {
	READ_NONE,
	READ_FRONT,		/* to the end of its config */
	READ_ALL,
	READ_STREAM,		/* all of it; the stream in it goes to CONFINED_OUT */
	READ_RAW,		/* all bytes go there, decompressed, and it need be no export */
};

/* The bytes of the file come from `in`. `front` is NULL unless it is to be filled.
 * ERR_UNTRUSTED if the file is damaged. */
int read_checked(struct arena *m, struct pull *in, enum reading what, struct check_front *front,
                 struct err *e);

#endif
