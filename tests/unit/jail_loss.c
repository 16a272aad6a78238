#include "lib/jail/loss.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/jail/conf.h"
#include "tests/unit/test.h"

static const char old[] = "# mine\nstartup=1\nseccomp=0\nsystemd_nspawn_user_args=--bind=/a\n  "
                          "  --bind=/b\n"
			  "distro=debian\nrelease=bookworm\n# the end\n";

static struct loss lost(struct arena *m, const char *now)
{
	return loss_find(m, old, now);
}

/* `what` NULL: nothing is asked. */
static void check(const char *now, const char *what, bool grave)
{
	struct arena m = { 0 };
	struct loss l = lost(&m, now);

	if (what)
		CHECK_STR(l.what, what);
	else
		CHECK(!l.what);
	CHECK_INT(l.is_grave, grave);
	arena_free(&m);
}

TEST(what_people_do_is_not_asked_about)
{
	check(old, NULL, false);
	check("seccomp=1\nstartup=0\nsystemd_nspawn_user_args=\nrelease=trixie\n"
	      "distro=debian\n", NULL, false);
	check("# mine\nstartup=1\nseccomp=0\nsystemd_nspawn_user_args=--bind=/a\n    "
	      "--bind=/b\n"
	      "distro=debian\nrelease=bookworm\n", NULL, false);
	/* An editor that ends no last line. */
	check("startup=1\nseccomp=0\nsystemd_nspawn_user_args=\ndistro=debian\n"
	      "release=bookworm", NULL, false);
}

TEST(an_empty_text_is_grave)
{
	struct arena m = { 0 };

	check("", "the text is empty", true);
	check(" \n\t\r\n", "the text is empty", true);
	CHECK(!loss_find(&m, "", "").what);
	CHECK(!loss_find(&m, "\n", "startup=1\n").what);
	arena_free(&m);
}

TEST(a_text_that_was_cut_is_grave)
{
	check("# mine\nstartup=1\nseccomp=0\nsystemd_nspawn_user_args=--bind=/a\n    "
	      "--bind=/b\ndistro=debian\nrelease=book",
	      "the text is cut off at line 7", true);
	check("# mine\nstartup=1\nseccomp=0\nsystemd_nspawn_user_args=--bind=/a\n",
	      "the text is cut off at line 4, and keys are gone: distro, release", true);
	/* What came before was changed. */
	check("startup=0\nseccomp=0\nsystemd_nspawn_user_args=--bind=/a\n    --bind=/b\n"
	      "distro=debian\nrelea",
	      "the text is cut off at line 6, and a key is gone: release", true);
	check("# mine\nstartup=1\nseccomp=0\nsystemd_nspawn_user_args=--bind=/a\n    "
	      "--bind=/b\ndistro=debian\n"
	      "release=bookworm\n# the e", "the text is cut off at line 8", true);
}

/* At whatever byte it was cut, unless nothing but the end of a comment went. */
TEST(no_cut_is_overlooked)
{
	struct arena m = { 0 };
	const char *all = conf_default_text(&m);

	for (size_t n = 0; n + 1 < strlen(all); n++)
		CHECK(loss_find(&m, all, arena_strndup(&m, all, n)).is_grave);
	arena_free(&m);
}

TEST(lost_keys_are_named)
{
	check("seccomp=0\nsystemd_nspawn_user_args=--bind=/a\ndistro=debian\n"
	      "release=bookworm\n",
	      "a key is gone: startup", false);
	check("seccomp=0\nsystemd_nspawn_user_args=--bind=/a\ndistro=debian\n[x]\n"
	      "release=bookworm\n",
	      "keys are gone: startup, release", false);
	check("seccomp=0\nnew=1\n",
	      "keys are gone: startup, systemd_nspawn_user_args, distro, release", true);
}

TEST(keys_that_do_nothing_are_not_missed)
{
	struct arena m = { 0 };

	CHECK(!loss_find(&m, "docker_compatible=0\nsartup=1\nstartup=1\n", "startup=1\n").what);
	CHECK(!loss_find(&m, "Startup=1\n", "[DEFAULT]\nstartup=1\n").what);
	arena_free(&m);
}
