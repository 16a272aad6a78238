/* A store of directories, in a folder of the test's own: inside/jails. */
#ifndef TESTS_UNIT_STORE_WORLD_H
#define TESTS_UNIT_STORE_WORLD_H

#include "lib/store/store.h"
#include "tests/unit/disk_world.h"

static inline void open_store(struct world *w, struct store *s)
{
	const char *dir;

	world_make(w);
	dir = arena_printf(&w->m, "%s/inside", w->path);
	CHECK_INT(world_shell(w, "mkdir inside/jails"), 0);
	CHECK_INT(store_look(&w->m, dir, s, &w->e), 0);
	CHECK_STR(s->path, arena_printf(&w->m, "%s/jails", dir));
	CHECK(!s->dataset);
	CHECK(!store_dataset(s, "web"));
	CHECK_INT(store_check_name(s, "web", &w->e), 0);
}

static inline void close_store(struct world *w, struct store *s)
{
	store_close(s);
	CHECK_INT(s->fd, -1);
	world_drop(w);
}

#endif
