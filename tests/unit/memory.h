/* The most memory that was in use at a time, as ASan's allocator sees it: what it keeps of
 * freed memory for its own purposes does not count. */
#ifndef TESTS_UNIT_MEMORY_H
#define TESTS_UNIT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/unit/test.h"

#ifndef __SANITIZE_ADDRESS__

static void memory_begin(void)
{
	SKIP("memory is counted with ASan alone");
}

static long memory_peak(void)
{
	return 0;
}

#else

/* gcc comes without the header of its own allocator. */
int __sanitizer_install_malloc_and_free_hooks(void (*taken)(const volatile void *, size_t),
                                              void (*given)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);

static long memory_now, memory_most;

static void memory_taken(const volatile void *p, size_t n)
{
	(void)p;
	memory_now += (long)n;
	if (memory_now > memory_most) memory_most = memory_now;
}

static void memory_given(const volatile void *p)
{
	if (p) memory_now -= (long)__sanitizer_get_allocated_size(p);
}

static void memory_begin(void)
{
	static bool installed;

	if (!installed) __sanitizer_install_malloc_and_free_hooks(memory_taken, memory_given);
	installed = true;
	memory_now = memory_most = 0;
}

/* In KiB, since memory_begin. */
static long memory_peak(void)
{
	return memory_most / 1024;
}

#endif

#endif
