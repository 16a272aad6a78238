/* What zfs get prints: property values and mountpoints are whatever somebody has set. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/disk/zfs_items.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena m = { 0 };
	struct zfs_items items;
	struct err e = { 0 };
	char *text = arena_strndup(&m, (const char *)data, n);

	if (zfs_items_parse(&m, text, "p/web", &items, &e) == 0) {
		if (!items.n || strcmp(items.v[0].name, "p/web")) __builtin_trap();
		if (zfs_items_new(&items, &items)) __builtin_trap();
		zfs_items_check_order(&items, &e);
		zfs_items_sum(&items);
	} else if (!e.kind || !*e.text) {
		__builtin_trap();
	}
	arena_free(&m);
	return 0;
}
