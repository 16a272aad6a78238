/* No name that passes may have a part that leads up, or begin at the root. */

#include "lib/archive/path_walk.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	char out[PATH_MAX], *part, *rest = out;

	if (path_walk_clean(out, arena_strndup(&m, (const char *)data, n), NULL) < 0) return 0;
	if (out[0] == '/' || strstr(out, "//") || strlen(out) > n) abort();
	if (!out[0]) return 0;
	while ((part = strsep(&rest, "/")))
		if (!*part || !strcmp(part, ".") || !strcmp(part, "..") ||
		    strlen(part) > NAME_MAX)
			abort();
	return 0;
}
