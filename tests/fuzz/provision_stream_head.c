/* What the first entry of an export with a stream says, or the first record of a stream. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/disk/zfs_replica.h"
#include "lib/provision/stream_head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Written again, it says the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	struct stream_head a, b;
	struct zfs_begin begin;

	if (stream_head_read(&m, arena_strndup(&m, (const char *)data, n), &a, &e) == 0) {
		if (stream_head_read(&m, stream_head_text(&m, &a), &b, &e) < 0)
			__builtin_trap();
		if (strcmp(a.jail, b.jail) || strcmp(a.label, b.label) || a.guid != b.guid ||
		    a.from != b.from || !a.base != !a.from)
			__builtin_trap();
		if (strpbrk(a.label, "/@%\n") || strchr(a.jail, '/')) __builtin_trap();
	}
	if (zfs_begin_read(data, n, &begin, &e) == 0 &&
	    stream_head_guess(&m, &begin, &a, &e) == 0 &&
	    (strpbrk(a.label, "/@%\n") || strchr(a.jail, '/') || !*a.jail))
		__builtin_trap();
	arena_free(&m);
	return 0;
}
