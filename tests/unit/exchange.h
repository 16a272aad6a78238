/* Two names change places in one step; musl 1.2.3 has no function for it. */
#ifndef TESTS_UNIT_EXCHANGE_H
#define TESTS_UNIT_EXCHANGE_H

#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

static int exchange(int dir, const char *name, int other_dir, const char *other)
{
	return (int)syscall(SYS_renameat2, dir, name, other_dir, other, RENAME_EXCHANGE);
}

#endif
