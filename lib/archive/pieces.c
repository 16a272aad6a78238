#include "lib/archive/pieces.h"

#include <inttypes.h>
#include <stdio.h>

#include "lib/archive/tar_head.h"
#include "lib/base/str.h"

void pieces_name(uint32_t number, char name[PIECES_NAME])
{
	snprintf(name, PIECES_NAME, PIECES_FOLDER "%08" PRIu32, number % (PIECES_MAX + 1u));
}

bool pieces_take(struct pieces *p, const struct tar_seen *entry)
{
	char name[PIECES_NAME];

	if (p->ended || p->n == PIECES_MAX) return false;
	pieces_name(++p->n, name);
	p->ended = entry->size < PIECES_EACH;
	return entry->type == '0' && entry->size && entry->size <= PIECES_EACH &&
	       str_eq(entry->name, name);
}
