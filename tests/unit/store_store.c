/* Stores of directories; those of datasets need ZFS: host/zfs.sh and its kin. */

#include "lib/store/store.h"

#include "lib/base/auto.h"
#include "lib/store/removal.h"
#include "lib/store/staging.h"
#include "lib/store/trash.h"
#include "tests/unit/store_world.h"

#define HIDDEN ".create-web-0123456789abcdef"

static int check_names(const struct world *w, const char *names)
{
	char script[200];

	snprintf(script, sizeof script, "test \"$(ls -A inside/jails | tr '\\n' ' ')\" = '%s'",
	         names);
	return world_shell(w, script);
}

TEST(a_jail_gets_its_name_in_the_end)
{
	struct staging work;
	struct world w;
	struct store s;

	open_store(&w, &s);
	CHECK_INT(staging_begin(&s, "web", &work, &w.e), 0);
	CHECK_INT(faccessat(s.fd, "web", F_OK, 0), -1);
	CHECK_INT(faccessat(s.fd, work.hidden.entry, F_OK, 0), 0);
	CHECK(hidden_is_marked(&work.hidden, work.dir));
	CHECK_INT(staging_own(&work, NULL, &w.e), 0);
	CHECK_INT(replace_file(work.dir, "config", "x", 1, 0600, &w.e), 0);
	CHECK_INT(staging_finish(&work, &w.e), 0);
	CHECK(!hidden_is_marked(&work.hidden, work.dir));
	staging_close(&work);
	CHECK_INT(check_names(&w, "web "), 0);
	CHECK_INT(world_shell(&w, "test \"$(ls -A inside/jails/web)\" = config"), 0);
	CHECK_INT(staging_begin(&s, "web", &work, &w.e), -1);
	CHECK_INT(w.e.kind, ERR_EXISTS);
	close_store(&w, &s);
}

TEST(what_is_taken_back_leaves_nothing)
{
	struct staging work;
	struct world w;
	struct store s;

	open_store(&w, &s);
	CHECK_INT(staging_begin(&s, "web", &work, &w.e), 0);
	CHECK_INT(staging_own(&work, NULL, &w.e), 0);
	CHECK_INT(mkdirat(work.dir, "rootfs", 0755), 0);
	staging_undo(&work);
	staging_close(&work);
	CHECK_INT(check_names(&w, ""), 0);
	close_store(&w, &s);
}

TEST(a_sweep_takes_what_is_marked)
{
	struct hidden h;
	struct world w;
	struct store s;
	int dir;

	open_store(&w, &s);
	CHECK_INT(world_shell(&w, "cd inside/jails; mkdir -p " HIDDEN "/rootfs web"), 0);
	CHECK_INT(staging_sweep(&s, &w.e), 0);
	CHECK_INT(check_names(&w, HIDDEN " web "), 0);
	CHECK(hidden_parse(&w.m, HIDDEN, &h));
	dir = store_open_entry(&s, HIDDEN, &w.e);
	CHECK_INT(hidden_mark(&h, dir, &w.e), 0);
	close(dir);
	CHECK_INT(staging_sweep(&s, &w.e), 0);
	CHECK_INT(check_names(&w, "web "), 0);
	close_store(&w, &s);
}

TEST(what_is_left_of_a_removal_is_known_by_its_name)
{
	struct world w;
	struct store s;

	open_store(&w, &s);
	CHECK_INT(world_shell(&w, "cd inside/jails; mkdir -p " HIDDEN
	                      " .remove-db-0123456789abcdef"), 0);
	CHECK(!staging_has_rest(&s, "web"));
	CHECK(staging_has_rest(&s, "db"));
	close_store(&w, &s);
}

static void look(struct world *w, const struct store *s, struct removal *r)
{
	AUTOCLOSE int jail = store_open_entry(s, "web", &w->e);
	struct removal_place p = { .store = s, .name = "web", .jail = jail, .deep = true };

	p.path = arena_printf(&w->m, "%s/web", s->path);
	CHECK_INT(mounts_read(&w->m, &p.t, &w->e), 0);
	removal_begin(&p, r);
	CHECK(!r->dataset);
	CHECK_INT(removal_look(&p, r, &w->e), 0);
}

TEST(a_jail_goes_as_it_was_looked_at)
{
	AUTOREMOVAL shown = { .dir = -1 }, now = { .dir = -1 };
	struct world w;
	struct store s;

	open_store(&w, &s);
	CHECK_INT(world_shell(&w, "mkdir -p inside/jails/web/rootfs/etc inside/jails/db"), 0);
	CHECK_INT(trash_try(&s, "web", &w.e), 0);
	look(&w, &s, &shown);
	look(&w, &s, &now);
	CHECK_INT(removal_check_same(&w.m, &shown, &now, &w.e), 0);
	CHECK_INT(trash_jail(&s, &now, &w.e), 0);
	CHECK_INT(check_names(&w, "db "), 0);
	close_store(&w, &s);
}

TEST(another_jail_of_the_name_stays)
{
	AUTOREMOVAL shown = { .dir = -1 }, now = { .dir = -1 };
	struct world w;
	struct store s;

	open_store(&w, &s);
	CHECK_INT(world_shell(&w, "mkdir inside/jails/web"), 0);
	look(&w, &s, &shown);
	CHECK_INT(world_shell(&w, "cd inside/jails; mv web old; mkdir web"), 0);
	look(&w, &s, &now);
	CHECK_INT(removal_check_same(&w.m, &shown, &now, &w.e), -1);
	CHECK_INT(w.e.kind, ERR_BUSY);
	CHECK_INT(trash_jail(&s, &shown, &w.e), -1);
	CHECK_INT(w.e.kind, ERR_BUSY);
	CHECK_INT(check_names(&w, "old web "), 0);
	close_store(&w, &s);
}
