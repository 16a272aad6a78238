/* The begin of a stream that another machine sends, and what zfs(8) tells of its token. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/disk/zfs_replica.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	struct zfs_begin b;
	struct zfs_replica r;
	uint64_t size;
	char *text = arena_strndup(&m, (const char *)data, n);

	if (zfs_begin_read(data, n, &b, &e) == 0 ? n < ZFS_BEGIN : e.kind != ERR_UNTRUSTED)
		__builtin_trap();
	if (zfs_token_text_is_of(text, 0, 0, false, &size)) __builtin_trap();
	zfs_token_text_is_of(text, 7, 0, false, &size);
	if (zfs_replica_parse(&m, text, "p/web", &r, &e) == 0)
		for (size_t i = 0; i < r.n; i++)
			if (!zfs_replica_find(&r, r.v[i].guid)) __builtin_trap();
	arena_free(&m);
	return 0;
}
