/* The bytes of a fuzzer as a tar that is read. */
#ifndef TESTS_FUZZ_TAR_SOURCE_H
#define TESTS_FUZZ_TAR_SOURCE_H

#include <stdio.h>
#include <string.h>

#include "lib/archive/pull.h"
#include "lib/base/arena.h"

struct source {
	struct pull pull;
	const uint8_t *data;
	size_t n;
};

static ssize_t source_next(struct pull *p, const void **data, struct err *e)
{
	struct source *s = (struct source *)p;
	size_t n = s->n;

	(void)e;
	*data = s->data;
	s->n = 0;
	return (ssize_t)n;
}

/* A changed header would not get past its checksum: whatever looks like one gets
 * the right one. */
static inline uint8_t *seal(struct arena *m, const uint8_t *data, size_t n)
{
	uint8_t *copy = arena_memdup(m, data, n), *h;

	for (h = copy; (size_t)(copy + n - h) >= 512; h += 512) {
		unsigned sum = 0;
		char digits[8];

		if (memcmp(h + 257, "ustar", 5)) continue;
		memset(h + 148, ' ', 8);
		for (int i = 0; i < 512; i++) sum += h[i];
		snprintf(digits, sizeof digits, "%06o", sum & 0777777);
		memcpy(h + 148, digits, 7);
	}
	return copy;
}

#endif
