/* A folder of the test's own, and memory. */
#ifndef TESTS_UNIT_FOLDER_WORLD_H
#define TESTS_UNIT_FOLDER_WORLD_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "tests/unit/test.h"

struct world {
	char path[64];
	int fd;
	struct arena m;
};

static inline void world_make(struct world *w)
{
	memset(w, 0, sizeof *w);
	snprintf(w->path, sizeof w->path, "/tmp/jlmkr-unit.XXXXXX");
	CHECK(mkdtemp(w->path));
	w->fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline void world_drop(struct world *w)
{
	CHECK_INT(system(arena_printf(&w->m, "rm -rf '%s'", w->path)), 0);
	close(w->fd);
	arena_free(&w->m);
}

#endif
