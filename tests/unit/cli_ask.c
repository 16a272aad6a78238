#include "lib/cli/ask.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "tests/unit/test.h"

/* Somebody who says all of `answers`, and writes down what was said to them. */
struct talk {
	struct arena m;
	struct ask a;
	int heard;
};

static void talk_begin(struct talk *t, const char *answers)
{
	int in[2], out[2];

	CHECK_INT(pipe2(in, O_CLOEXEC), 0);
	CHECK_INT(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
	CHECK_INT(write(in[1], answers, strlen(answers)), (long)strlen(answers));
	close(in[1]);
	*t = (struct talk){ .a = { .in = in[0], .out = out[1] }, .heard = out[0] };
	t->a.m = &t->m;
}

static const char *heard(struct talk *t)
{
	char text[8192];
	ssize_t n = read(t->heard, text, sizeof text);

	return arena_strndup(&t->m, text, n > 0 ? (size_t)n : 0);
}

static void talk_end(struct talk *t)
{
	close(t->a.in);
	close(t->a.out);
	close(t->heard);
	arena_free(&t->m);
}

TEST(a_line_loses_the_white_space_around_it)
{
	struct talk t;

	talk_begin(&t, " \t a b \r\n\nlast");
	CHECK_STR(ask_line(&t.a, "What?", NULL, NULL), "a b");
	CHECK_STR(heard(&t), "What? a b\n");
	CHECK_STR(ask_line(&t.a, "What?", "it", NULL), "");
	CHECK_STR(heard(&t), "What? [it] \n");
	CHECK_STR(ask_line(&t.a, "What?", NULL, NULL), "last");
	talk_end(&t);
}

TEST(the_end_of_the_input_is_a_fault)
{
	struct err e = { 0 };
	struct talk t;

	talk_begin(&t, "maybe\n");
	CHECK_INT(ask_yes(&t.a, "Sure?", true, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_STR(heard(&t),
	          "Sure? [Y/n] maybe\n  Please answer y for yes or n for no.\nSure? [Y/n] \n");
	CHECK(!ask_line(&t.a, "What?", NULL, &e));
	CHECK_INT(ask_choice(&t.a, "Which?", &(struct choice){ "one", NULL }, 1, 0, &e), -1);
	talk_end(&t);
}

TEST(arrow_keys_and_other_noise_are_asked_again)
{
	char loud[6000];
	struct talk t;

	memset(loud, 'x', sizeof loud);
	memcpy(loud + sizeof loud - 5, "\nok\n", 5);
	talk_begin(&t, "\033[A\n\377\nfine\n");
	CHECK_STR(ask_line(&t.a, "What?", NULL, NULL), "fine");
	CHECK(strstr(heard(&t), "control characters"));
	talk_end(&t);
	talk_begin(&t, loud);
	CHECK_STR(ask_line(&t.a, "What?", NULL, NULL), "ok");
	CHECK(strstr(heard(&t), "too long"));
	talk_end(&t);
}

TEST(yes_and_no_have_several_spellings)
{
	struct talk t;

	talk_begin(&t, "y\nNO\n\n\nTrue\n0\n");
	CHECK_INT(ask_yes(&t.a, "?", false, NULL), 1);
	CHECK_INT(ask_yes(&t.a, "?", true, NULL), 0);
	CHECK_INT(ask_yes(&t.a, "?", true, NULL), 1);
	CHECK_INT(ask_yes(&t.a, "?", false, NULL), 0);
	CHECK_INT(ask_yes(&t.a, "?", false, NULL), 1);
	CHECK_INT(ask_yes(&t.a, "?", true, NULL), 0);
	talk_end(&t);
}

static const struct choice releases[] = {
	{ "bookworm", "12" }, { "bullseye", "11" }, { "trixie", "13" }, { "2", NULL },
};

TEST(a_choice_is_made_by_name_or_number)
{
	struct talk t;

	talk_begin(&t, "Trixie\n11\n1\n2\n\n");
	CHECK_INT(ask_choice(&t.a, "?", releases, 4, 0, NULL), 2);
	CHECK_INT(ask_choice(&t.a, "?", releases, 4, 0, NULL), 1);
	CHECK_INT(ask_choice(&t.a, "?", releases, 4, 0, NULL), 0);
	CHECK_INT(ask_choice(&t.a, "?", releases, 4, 0, NULL), 3);
	CHECK_INT(ask_choice(&t.a, "?", releases, 4, 1, NULL), 1);
	CHECK(strstr(heard(&t), "   1  bookworm (12)\n   2  bullseye (11)\n"));
	talk_end(&t);
}

TEST(what_is_no_choice_is_asked_again)
{
	static const char *const wrong[] = { "bokworm", "0", "5", "-1", "1x", "" };
	struct talk t;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		talk_begin(&t, "");
		t.a.in = memfd_create("answers", MFD_CLOEXEC);
		dprintf(t.a.in, "%s\n3\n", wrong[i]);
		lseek(t.a.in, 0, SEEK_SET);
		CHECK_INT(ask_choice(&t.a, "?", releases, 4, -1, NULL), 2);
		CHECK(strstr(heard(&t), i ? "list" : "did you mean 'bookworm'?"));
		talk_end(&t);
	}
}

static int only_long(void *arg, const char *answer, struct err *e)
{
	++*(int *)arg;
	return strlen(answer) > 3 ? 0 : fail(e, ERR_INPUT, "'%s' is short", answer);
}

TEST(a_text_is_asked_for_until_it_fits)
{
	int checked = 0;
	struct talk t;

	talk_begin(&t, "a\n\nabcd\n\n");
	CHECK_STR(ask_text(&t.a, "?", NULL, only_long, &checked, NULL), "abcd");
	CHECK_INT(checked, 3);
	CHECK_STR(heard(&t), "? a\n  'a' is short\n? \n  '' is short\n? abcd\n");
	CHECK_STR(ask_text(&t.a, "?", "preset", only_long, &checked, NULL), "preset");
	talk_end(&t);
}

TEST(a_letter_is_asked_for_until_it_is_one)
{
	struct talk t;

	talk_begin(&t, "x\nD\nkeep\n\n");
	CHECK_INT(ask_letter(&t.a, "Edit, keep or drop?", "ekd", NULL), 'd');
	CHECK_STR(heard(&t), "Edit, keep or drop? [E/k/d] x\n"
	          "  Please answer with one of the letters.\n"
	          "Edit, keep or drop? [E/k/d] D\n");
	CHECK_INT(ask_letter(&t.a, "?", "ekd", NULL), 'k');
	CHECK_INT(ask_letter(&t.a, "?", "ekd", NULL), 'e');
	CHECK_INT(ask_letter(&t.a, "?", "ekd", NULL), -1);
	talk_end(&t);
}
