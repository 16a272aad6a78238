/* Inside of lib/archive/unpack*.c: what the parent tells the child, and the child the parent */
#ifndef ARCHIVE_UNPACK_IMPL_H
#define ARCHIVE_UNPACK_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/archive/reading.h"
#include "lib/archive/unpack.h"
#include "lib/base/err.h"

struct archive_found;
struct confined;

/* LAYER goes on with what is there, LOOK notes what would be unpacked; CHECK reads an export,
 * or its front, and unpacks nothing. */
enum unpack_what { UNPACK, LAYER, LOOK, CHECK };

/* What the child is to do. */
struct unpack_task {
	enum unpack_what what;
	enum reading reading;		/* of CHECK */
	struct unpack_limits limits;
	struct archive_found *found;	/* shared memory; NULL if it only unpacks or checks */
	bool lowest;			/* of the layers */
};

/* The child's result. */
struct unpack_said {
	struct err e;
	struct unpack_report report;
};

/* What a fork does. It writes a struct unpack_said to its standard output in the end, and uses
 * at most `memory` bytes. */
_Noreturn void unpack_child(const struct confined *to, const struct unpack_task *task,
                            uint64_t memory, pid_t parent);

#endif
