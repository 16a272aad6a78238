/* Notes of clones; the clones themselves need ZFS: host/clone.sh. */

#include "lib/store/clone.h"

#include "tests/unit/store_world.h"

TEST(a_note_says_what_was_cloned)
{
	struct clone_note note;
	struct store s;
	struct world w;

	open_store(&w, &s);
	CHECK(!clone_is_begun(&w.m, s.fd, "two", &note));
	CHECK_INT(world_shell(&w, "ln -s 'web/my tank/jails/web@a' inside/jails/.clone-two"),
	          0);
	CHECK(clone_is_begun(&w.m, s.fd, "two", &note));
	CHECK_STR(note.from, "web");
	CHECK_STR(note.origin, "my tank/jails/web@a");
	close_store(&w, &s);
}

TEST(other_files_with_such_a_name_are_no_notes_and_stay)
{
	static const char *const made[] = {
		"touch", "mkdir", "ln -s /etc/passwd", "ln -s web@a", "ln -s tank/jails/web",
	};
	struct clone_note note;
	struct store s;
	struct world w;

	open_store(&w, &s);
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		const char *script = arena_printf(&w.m, "%s inside/jails/.clone-two", made[i]);

		CHECK_INT(world_shell(&w, script), 0);
		CHECK(!clone_is_begun(&w.m, s.fd, "two", &note));
		clone_forget(&s, "two");
		clone_sweep(&s, ".clone-two");
		CHECK_INT(world_shell(&w, "rm -d inside/jails/.clone-two"), 0);
	}
	close_store(&w, &s);
}

TEST(a_note_without_a_jail_is_swept)
{
	static const char make[] = "ln -sfn web/tank/jails/web@a inside/jails/.clone-two";
	struct store s;
	struct world w;

	open_store(&w, &s);
	CHECK_INT(world_shell(&w, make), 0);
	clone_sweep(&s, ".clone-two");
	CHECK_INT(world_shell(&w, "test ! -L inside/jails/.clone-two"), 0);
	CHECK_INT(world_shell(&w, "mkdir inside/jails/two"), 0);
	CHECK_INT(world_shell(&w, make), 0);
	clone_sweep(&s, ".clone-two");
	CHECK_INT(world_shell(&w, "test -L inside/jails/.clone-two"), 0);
	clone_forget(&s, "two");
	CHECK_INT(world_shell(&w, "test ! -L inside/jails/.clone-two"), 0);
	close_store(&w, &s);
}

TEST(no_note_of_a_directory_is_of_a_clone)
{
	struct clone c;
	struct store s;
	struct world w;

	open_store(&w, &s);
	CHECK_INT(world_shell(&w, "mkdir inside/jails/two && "
	                          "ln -s web/tank/jails/web@a inside/jails/.clone-two"), 0);
	CHECK_INT(clone_find(&s, "two", &c, &w.e), 0);
	clone_close(&c);
	CHECK_INT(world_shell(&w, "test ! -L inside/jails/.clone-two"), 0);
	CHECK_INT(world_shell(&w, "test -d inside/jails/two"), 0);
	close_store(&w, &s);
}
