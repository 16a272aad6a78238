#include "lib/text/osrel.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check(const char *value)
{
	if (!value) return;
	if (!*value || strlen(value) > OSREL_MAX) abort();
	for (; *value; value++)
		if ((unsigned char)*value < ' ' || *value == 0x7f) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct osrel o;

	osrel_parse(&m, (const char *)data, n, &o);
	check(o.id);
	check(o.version_id);
	check(o.version_codename);
	check(o.pretty_name);
	return 0;
}
