/* A folder for tests of the disk: `inside/` is played with, `outside/` holds one
 * file and must never change. Dropping it is a test of tree_remove. */
#ifndef TESTS_UNIT_DISK_WORLD_H
#define TESTS_UNIT_DISK_WORLD_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/disk/tree.h"
#include "tests/unit/test.h"

struct world {
	char path[64];
	int top, inside;
	struct arena m;
	struct err e;
};

static inline void world_make(struct world *w)
{
	int outside;

	memset(w, 0, sizeof *w);
	snprintf(w->path, sizeof w->path, "/tmp/jlmkr-unit.XXXXXX");
	CHECK(mkdtemp(w->path));
	w->top = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(mkdirat(w->top, "inside", 0755), 0);
	CHECK_INT(mkdirat(w->top, "outside", 0755), 0);
	outside = openat(w->top, "outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK_INT(replace_file(outside, "kept", "safe", 4, 0600, &w->e), 0);
	close(outside);
	w->inside = openat(w->top, "inside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	CHECK(w->inside >= 0);
}

/* A command of the shell with the folder's path as $1; its exit status. */
static inline int world_shell(const struct world *w, const char *script)
{
	char command[2048];
	int n = snprintf(command, sizeof command, "set -- %s; cd $1 || exit 99; %s", w->path,
	                 script);

	CHECK(n > 0 && (size_t)n < sizeof command);
	return system(command);
}

static inline void world_check_outside(struct world *w)
{
	struct stat st;

	CHECK_INT(fstatat(w->top, "outside/kept", &st, AT_SYMLINK_NOFOLLOW), 0);
	CHECK_INT(st.st_mode, S_IFREG | 0600);
	CHECK_INT(st.st_nlink, 1);
	CHECK_STR(read_file(&w->m, w->top, "outside/kept", 100, NULL, &w->e), "safe");
	CHECK_INT(world_shell(w, "test \"$(ls -A . outside | tr '\\n' ' ')\" = "
	                      "'.: inside outside  outside: kept '"), 0);
}

static inline void world_drop(struct world *w)
{
	world_check_outside(w);
	close(w->inside);
	close(w->top);
	if (tree_remove(AT_FDCWD, w->path, &w->e) < 0) CHECK_STR(w->e.text, "");
	arena_free(&w->m);
}

#endif
