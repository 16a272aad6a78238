#include "lib/net/anchors.h"

#include <stdint.h>
#include <stdlib.h>

#include "lib/base/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct anchors *a = anchors_parse(&m, (const char *)data, n, "fuzz");

	if (!a || anchors_count(a) + anchors_skipped(a) > n) abort();
	return 0;
}
