#include "lib/disk/mount.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct mounts t;
	const struct mount *c = NULL;
	size_t found = 0;

	if (mounts_parse(&m, arena_strndup(&m, (const char *)data, n), &t, NULL) < 0) return 0;
	for (size_t i = 0; i < t.n; i++) {
		if (t.v[i].point[0] != '/' || strlen(t.v[i].point) > n) abort();
		if (!mount_at(&t, t.v[i].point)) abort();
		if (!mount_path_in(t.v[i].point, "/")) abort();
	}
	while ((c = mount_beneath(&t, "/", c))) found++;
	if (found != t.n) abort();
	return 0;
}
