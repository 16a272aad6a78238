/* What zfs get prints of snapshots and of what they take: names and marks are whatever somebody
 * has set. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/disk/zfs_snaps.h"
#include "lib/disk/zfs_space.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void check_snaps(struct arena *m, char *text)
{
	const struct zfs_snap *all;
	struct err e = { 0 };
	size_t n;

	if (!(all = zfs_snaps_parse(m, text, "p/web", &n, &e))) {
		if (!e.kind || !*e.text) __builtin_trap();
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (!all[i].label || !all[i].made || !all[i].txg) __builtin_trap();
		if (i && all[i].txg < all[i - 1].txg) __builtin_trap();
		for (size_t k = 0; k < i; k++)
			if (!strcmp(all[i].label, all[k].label)) __builtin_trap();
	}
}

static void check_space(char *text)
{
	static const char *const names[] = { "p/web", "p/web/data" };
	struct zfs_space out[2];
	struct err e = { 0 };

	if (zfs_space_parse(text, names, 2, out, &e) < 0) {
		if (!e.kind || !*e.text) __builtin_trap();
	} else if (out[0].used < 0 || out[1].available < 0) {
		__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena m = { 0 };

	check_snaps(&m, arena_strndup(&m, (const char *)data, n));
	check_space(arena_strndup(&m, (const char *)data, n));
	arena_free(&m);
	return 0;
}
