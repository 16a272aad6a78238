#include "lib/cli/label.h"

#include <string.h>

#include "lib/base/arena.h"

const char *label_split(struct arena *m, const char *operand, const char **jail)
{
	const char *at = strchr(operand, '@');

	*jail = at ? arena_strndup(m, operand, (size_t)(at - operand)) : operand;
	return at ? at + 1 : NULL;
}
