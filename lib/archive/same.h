/* How the child that unpacks asks for a file that is there already (have.h)
 *
 * It has nothing but the new tree, so its parent makes the hard link. The question goes where
 * its result goes, a message each; the answer is a byte. Who reads the question does not trust
 * it. Only this folder sees it.
 */
#ifndef ARCHIVE_SAME_H
#define ARCHIVE_SAME_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/archive/have.h"

struct err;

enum { SAME_MAGIC = 0x656d6173, SAME_YES = 'y', SAME_NO = 'n' };

struct same {
	uint32_t magic;
	unsigned char sum[HAVE_HASH];
	char path[PATH_MAX];	/* only so much of it is sent as it has */
};

/* The child: ask, and wait. ERR_UNTRUSTED if there is no such file. */
int same_ask(int fd, const char *path, const unsigned char sum[HAVE_HASH], struct err *e);

/* The parent: whether the message of `n` bytes in `s` is a question whose path may be asked
 * for: clean, and in the root file system. */
bool same_is_question(const struct same *s, size_t n);

#endif
