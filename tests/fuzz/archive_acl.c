#include "lib/archive/acl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The first line is the name to look for, the rest the file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	char *name = arena_strndup(&m, (const char *)data, n);
	char *text = strchr(name, '\n');

	if (text) *text++ = 0;
	acl_find_id(text ? text : "", name);
	return 0;
}
