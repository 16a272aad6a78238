/* Note the entries of an archive that is only looked at: found.h */
#ifndef ARCHIVE_LOOK_H
#define ARCHIVE_LOOK_H

#include "lib/archive/found.h"

struct entry;

struct looking {
	struct archive_found *found;
	char *into;		/* where the contents of the current file go; NULL: nowhere */
	size_t room;
};

void look_note(struct looking *l, const struct entry *n);

/* The same for a file whose contents follow. They come in order, maybe with holes. */
void look_open(struct looking *l, const struct entry *n);
void look_write(struct looking *l, const void *data, size_t n, uint64_t place);

#endif
