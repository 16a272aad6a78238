#include "lib/store/hidden.h"

#include "tests/unit/disk_world.h"

TEST(names_say_what_they_are_of)
{
	struct arena m = { 0 };
	struct hidden h;

	CHECK(hidden_parse(&m, ".create-web-0123456789abcdef", &h));
	CHECK_INT(h.kind, HIDDEN_CREATE);
	CHECK_STR(h.name, "web");
	CHECK_STR(h.id, "0123456789abcdef");
	CHECK_STR(h.mark, "jail:0123456789abcdef");
	CHECK_INT(h.lock, -1);
	CHECK(hidden_parse(&m, ".remove-a-b-0123456789abcdef", &h));
	CHECK_INT(h.kind, HIDDEN_REMOVE);
	CHECK_STR(h.name, "a-b");
	CHECK_STR(h.mark, "trash:0123456789abcdef");
	arena_free(&m);
}

TEST(other_names_are_not_ours)
{
	static const char *const others[] = {
		"", "web", ".create-", ".create-web", ".create-scripts", ".remove-later",
		".create-0123456789abcdef",
		".create--0123456789abcdef", ".create-web-0123456789abcde",
		".create-web-0123456789abcdeF",
		".create-web-0123456789abcdef ", ".create-web0123456789abcdef",
		"create-web-0123456789abcdef",
		".create-web-0123456789abcdeg", ".delete-web-0123456789abcdef",
	};
	struct arena m = { 0 };
	struct hidden h;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (hidden_parse(&m, others[i], &h)) CHECK_STR(others[i], "none of ours");
	arena_free(&m);
}

TEST(a_mark_is_that_of_one_id)
{
	struct world w;
	struct hidden h, other;

	world_make(&w);
	CHECK(hidden_parse(&w.m, ".create-web-0123456789abcdef", &h));
	CHECK(hidden_parse(&w.m, ".create-web-0123456789abcdee", &other));
	CHECK(!hidden_is_marked(&h, w.inside));
	CHECK_INT(hidden_mark(&h, w.inside, &w.e), 0);
	CHECK(hidden_is_marked(&h, w.inside));
	CHECK(!hidden_is_marked(&other, w.inside));
	hidden_unmark(&other, w.inside);
	CHECK(hidden_is_marked(&h, w.inside));
	hidden_unmark(&h, w.inside);
	CHECK(!hidden_is_marked(&h, w.inside));
	CHECK_INT(world_shell(&w, "test -z \"$(ls -A inside)\""), 0);
	world_drop(&w);
}

TEST(where_there_are_no_attributes_a_file_is_the_mark)
{
	struct world w;
	struct hidden h;

	world_make(&w);
	CHECK(hidden_parse(&w.m, ".remove-web-0123456789abcdef", &h));
	CHECK_INT(world_shell(&w, "printf trash:0123456789abcdef > inside/" HIDDEN_FILE), 0);
	CHECK(hidden_is_marked(&h, w.inside));
	hidden_unmark(&h, w.inside);
	CHECK(!hidden_is_marked(&h, w.inside));
	CHECK_INT(world_shell(&w, "ln -s /etc/passwd inside/" HIDDEN_FILE), 0);
	CHECK(!hidden_is_marked(&h, w.inside));
	world_drop(&w);
}
