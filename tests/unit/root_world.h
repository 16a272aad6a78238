/* A folder for tests of what is done inside a root: `inside/` is it, `outside/` must not
 * change. */
#ifndef TESTS_UNIT_ROOT_WORLD_H
#define TESTS_UNIT_ROOT_WORLD_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "tests/unit/test.h"

struct world {
	char path[64];
	int top, root, outside;
	struct arena m;
};

static inline void world_make(struct world *w)
{
	memset(w, 0, sizeof *w);
	snprintf(w->path, sizeof w->path, "/tmp/jlmkr-unit.XXXXXX");
	CHECK(mkdtemp(w->path));
	w->top = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(w->top, "inside", 0755);
	mkdirat(w->top, "outside", 0755);
	w->root = openat(w->top, "inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	w->outside = openat(w->top, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static inline void world_drop(struct world *w)
{
	char command[128];

	snprintf(command, sizeof command, "rm -rf '%s'", w->path);
	CHECK_INT(system(command), 0);
	close(w->outside);
	close(w->root);
	close(w->top);
	arena_free(&w->m);
}

/* What is in the root: write a file, and read one. */
static inline void put(struct world *w, const char *path, const char *text)
{
	struct err e = { 0 };

	CHECK_INT(write_in_root(w->root, path, text, 0644, &e), 0);
}

static inline const char *get(struct world *w, const char *path)
{
	const char *text = read_in_root(&w->m, w->root, path, 4096, NULL);

	return text ? text : "(none)";
}

#endif
