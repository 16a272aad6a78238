/* What the child that unpacks asks for, and a list of files that another machine has: the first
 * bytes are the one, all of them the other. */

#include <stdint.h>
#include <string.h>

#include "lib/archive/pack.h"
#include "lib/archive/same.h"
#include "lib/base/auto.h"
#include "lib/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct have h = { .m = &m };
	struct same s;
	size_t size = n < sizeof s ? n : sizeof s;

	memset(&s, 'x', sizeof s);
	if (size) memcpy(&s, data, size);
	if (same_is_question(&s, size)) {
		if (!str_starts(s.path, PACK_ROOT "/")) __builtin_trap();
		if (strstr(s.path, "//")) __builtin_trap();
		if (strlen(s.path) + 1 + offsetof(struct same, path) != size) __builtin_trap();
		if (strstr(s.path, "/../") || str_ends(s.path, "/..")) __builtin_trap();
	}
	have_add(&h, data, n);
	have_sort(&h);
	if (h.n != n / sizeof *h.v) __builtin_trap();
	for (size_t i = 1; i < h.n; i++)
		if (memcmp(&h.v[i - 1], &h.v[i], sizeof *h.v) > 0) __builtin_trap();
	if (have_knows(&h, "rootfs/a") && !h.n) __builtin_trap();
	return 0;
}
