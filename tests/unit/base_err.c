#include "lib/base/err.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/test.h"

TEST(context_is_put_in_front)
{
	struct err e = { 0 };

	errno = ENOSPC;
	CHECK_INT(fail_sys(&e, "write rootfs"), -1);
	CHECK_INT(fail_in(&e, "creating %s", "web"), -1);
	CHECK_INT(e.kind, ERR_HOST);
	CHECK_INT(e.sys, ENOSPC);
	CHECK_STR(e.text, "creating web: write rootfs: No space left on device");
}

TEST(nobody_listening_is_fine)
{
	CHECK_INT(fail(NULL, ERR_BUSY, "undo of %s", "web"), -1);
	CHECK_INT(fail_in(NULL, "creating %s", "web"), -1);
	CHECK_INT(fail_sys(NULL, "open"), -1);
}

TEST(long_texts_are_cut)
{
	struct err e = { 0 };

	fail(&e, ERR_INPUT, "%01999d", 1);
	CHECK_INT(strlen(e.text), sizeof e.text - 1);
	fail_in(&e, "%01999d", 2);
	CHECK_INT(strlen(e.text), sizeof e.text - 1);
	fail(&e, ERR_INPUT, "%01000d", 1);
	fail_in(&e, "%0500d", 2);
	CHECK_INT(strlen(e.text), sizeof e.text - 1);
}

TEST(control_characters_do_not_reach_the_terminal)
{
	struct err e = { 0 };

	fail(&e, ERR_INPUT, "bad name '%s'", "a\033[2Jb\x7f\xc2\x9b" "2J\x9b\xe2\x80\xae");
	CHECK_STR(e.text, "bad name 'a\\x1b[2Jb\\x7f\\u009b2J\\x9b\\u202e'");
}

TEST(a_fault_is_one_line)
{
	struct err e = { 0 };

	fail(&e, ERR_HOST, "%s", "no such unit\njlmkr: everything is fine");
	CHECK_STR(e.text, "no such unit\\njlmkr: everything is fine");
	fail_in(&e, "%s", "a\rb");
	CHECK_STR(e.text, "a\\rb: no such unit\\njlmkr: everything is fine");
	errno = ENOENT;
	fail_sys(&e, "open %s", "x\n");
	CHECK_STR(e.text, "open x\\n: No such file or directory");
}

/* A name of hostile length does not push out what is wrong with it. */
TEST(a_long_name_leaves_the_cause)
{
	struct err e = { 0 };
	char name[256];

	memset(name, 0x9b, 255);
	name[255] = 0;
	errno = ENOENT;
	fail_sys(&e, "open %s", name);
	CHECK(strstr(e.text, ": No such file or directory"));
	CHECK(strlen(e.text) < sizeof e.text);
	fail(&e, ERR_HOST, "it is locked");
	fail_in(&e, "%s", name);
	CHECK(strstr(e.text, ": it is locked"));
	CHECK(strlen(e.text) < sizeof e.text);
}

TEST(its_own_text_may_be_an_argument)
{
	struct err e = { 0 };

	fail(&e, ERR_HOST, "one");
	fail(&e, ERR_HOST, "%s, two", e.text);
	fail_in(&e, "(%s)", e.text);
	CHECK_STR(e.text, "(one, two): one, two");
}

TEST(kinds_have_their_exit_status)
{
	CHECK_INT(err_exit_status(ERR_NONE), 0);
	CHECK_INT(err_exit_status(ERR_HOST), 1);
	CHECK_INT(err_exit_status(ERR_USAGE), 2);
	CHECK_INT(err_exit_status(ERR_MISSING), 3);
	CHECK_INT(err_exit_status(ERR_EXISTS), 4);
	CHECK_INT(err_exit_status(ERR_BUSY), 5);
	CHECK_INT(err_exit_status(ERR_NETWORK), 6);
	CHECK_INT(err_exit_status(ERR_UNTRUSTED), 7);
	CHECK_INT(err_exit_status(ERR_INTERRUPTED), 130);
}
