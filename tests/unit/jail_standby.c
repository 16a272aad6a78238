#include "lib/jail/standby.h"

#include <sys/stat.h>

#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "tests/unit/folder_world.h"

static void write_mark(struct world *w, const char *text)
{
	CHECK_INT(replace_file(w->fd, ".standby", text, strlen(text), 0600, NULL), 0);
}

TEST(a_mark_is_set_read_and_taken)
{
	const struct standby mark = { "handed:1:nas2:web", "0123", "me", "web", "4567" };
	struct standby s;
	struct world w;

	world_make(&w);
	CHECK(!standby_read(&w.m, w.fd, &s));
	CHECK_INT(standby_set(w.fd, &mark, NULL), 0);
	if (!standby_read(&w.m, w.fd, &s)) {
		world_drop(&w);
		SKIP("only root has jails");
	}
	CHECK_STR(s.kind, mark.kind);
	CHECK_STR(s.id, mark.id);
	CHECK_STR(s.from, mark.from);
	CHECK_STR(s.of, mark.of);
	CHECK_STR(s.machine, mark.machine);
	CHECK(!standby_taken(&w.m, w.fd));
	CHECK_INT(standby_end(w.fd, true, NULL), 0);
	CHECK(!standby_read(&w.m, w.fd, &s));
	CHECK_STR(standby_taken(&w.m, w.fd), "0123");
	CHECK_INT(standby_return(w.fd, NULL), 0);
	CHECK(standby_read(&w.m, w.fd, &s) && !standby_taken(&w.m, w.fd));
	CHECK_INT(standby_end(w.fd, true, NULL), 0);
	standby_forget(w.fd);
	CHECK(!standby_taken(&w.m, w.fd));
	/* Of a run that was killed. */
	CHECK_INT(replace_file(w.fd, "..standby.0123456789abcdef", "", 0, 0600, NULL), 0);
	CHECK_INT(standby_end(w.fd, false, NULL), 0);
	CHECK_INT(dir_is_empty(w.fd), 1);
	world_drop(&w);
}

TEST(marks_that_are_damaged_are_marks_still)
{
	static const char *const texts[] = { "", "\n", "standby", "x\n\n\n\n\n" };
	struct standby s;
	struct world w;

	if (geteuid() != 0) SKIP("only root has jails");
	world_make(&w);
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		write_mark(&w, texts[i]);
		CHECK(standby_read(&w.m, w.fd, &s));
		CHECK_STR(s.kind, "standby");
		CHECK_STR(s.id, "");
		CHECK_STR(s.from, "");
		CHECK_STR(s.of, "");
	}
	/* As older versions write them. */
	write_mark(&w, "standby\n0123\nme\n");
	CHECK(standby_read(&w.m, w.fd, &s));
	CHECK_STR(s.from, "me");
	CHECK_STR(s.of, "");
	CHECK_STR(s.machine, "");
	write_mark(&w, arena_printf(&w.m, "%05000d", 7));
	CHECK(standby_read(&w.m, w.fd, &s));
	world_drop(&w);
}

TEST(what_is_nothing_of_ours_is_no_mark)
{
	struct standby s;
	struct world w;

	if (geteuid() != 0) SKIP("only root has jails");
	world_make(&w);
	CHECK_INT(symlinkat("/etc/passwd", w.fd, ".standby"), 0);
	CHECK(!standby_read(&w.m, w.fd, &s));
	unlinkat(w.fd, ".standby", 0);
	/* To open it would wait for ever. */
	CHECK_INT(mkfifoat(w.fd, ".standby", 0600), 0);
	CHECK(!standby_read(&w.m, w.fd, &s));
	unlinkat(w.fd, ".standby", 0);
	write_mark(&w, "standby\n");
	CHECK_INT(fchownat(w.fd, ".standby", 1000, 1000, 0), 0);
	CHECK(!standby_read(&w.m, w.fd, &s));
	world_drop(&w);
}
