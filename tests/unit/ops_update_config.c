#include "lib/ops/update_config.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/jail/conf.h"
#include "lib/ops/application.h"
#include "lib/text/oci.h"
#include "tests/unit/test.h"

static char *none[] = { NULL };

static struct oci_image image(char **cmd, char **env, const char *user, char **volumes)
{
	return (struct oci_image){
		.digest = "sha256:new",
		.config = { .arch = "", .entrypoint = none, .cmd = cmd, .env = env,
		            .user = user, .directory = "", .stop_signal = "",
		            .volumes = volumes, .ports = none },
	};
}

/* The value of a key after the update. */
static const char *updated(struct arena *m, const char *text, const char *key)
{
	char *cmd1[] = { "srv", "-a", NULL }, *cmd2[] = { "srv", "-b", "c d", NULL };
	char *env1[] = { "VERSION=1", "PATH=/bin", "GONE=x", "KEPT=1", NULL };
	char *env2[] = { "VERSION=2", "PATH=/opt:/bin", "KEPT=1", "ADDED=a b", NULL };
	char *volumes1[] = { "/data", NULL }, *volumes2[] = { "/data", "/log", NULL };
	const struct oci_image old = image(cmd1, env1, "www", volumes1);
	const struct oci_image new = image(cmd2, env2, "srv", volumes2);
	struct err e = { 0 };
	struct conf c;

	if (!text) text = application_config(m, &old, true, "docker://r/a:1", "", &e);
	text = update_config(m, text, &old, &new, &e);
	CHECK_STR(e.text, "");
	CHECK_INT(conf_parse(m, text, &c, &e), 0);
	return conf_value(&c, key, NULL);
}

TEST(what_the_image_said_becomes_what_the_new_one_says)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(updated(&m, NULL, "init_command"), "srv -b 'c d'");
	CHECK_STR(updated(&m, NULL, "init_user"), "srv");
	CHECK_STR(updated(&m, NULL, "init_env"),
	          "VERSION=2\nPATH=/opt:/bin\nKEPT=1\n'ADDED=a b'");
	CHECK_STR(updated(&m, NULL, "image_volumes"), "/data\n/log");
	CHECK_STR(updated(&m, NULL, "image_digest"), "sha256:new");
	CHECK_STR(updated(&m, NULL, "image"), "docker://r/a:1");
}

TEST(what_the_user_said_stays)
{
	static const char text[] = "# mine\ninit_command=srv -mine\ninit_user=www\n"
				   "init_env=OWN='x y'\n    VERSION=mine\n    PATH=/bin\n"
				   "image_volumes=/mine\n    /data\n";
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(updated(&m, text, "init_command"), "srv -mine");
	CHECK_STR(updated(&m, text, "init_user"), "srv");
	/* KEPT and GONE were taken out by the user, and stay out. */
	CHECK_STR(updated(&m, text, "init_env"),
	          "'OWN=x y'\nVERSION=mine\nPATH=/opt:/bin\n'ADDED=a b'");
	CHECK_STR(updated(&m, text, "image_volumes"), "/mine\n/data\n/log");
}

TEST(a_jail_that_boots_gets_no_command)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(updated(&m, "image=x\n", "init_command"), "");
	CHECK_STR(updated(&m, "image=x\n", "init_env"), "");
	CHECK_STR(updated(&m, "image=x\n", "image_digest"), "sha256:new");
}

TEST(without_the_old_image_all_stays)
{
	char *cmd[] = { "srv", NULL }, *env[] = { "A=2", "B=1", NULL };
	const struct oci_image new = image(cmd, env, "", none);
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct conf c;
	const char *text = update_config(&m, "init_command=old\ninit_env=A=1\n", NULL, &new,
	                                 &e);

	CHECK_INT(conf_parse(&m, text, &c, &e), 0);
	CHECK_STR(c.init_command.text, "old");
	CHECK_STR(c.init_env.text, "A=1\nB=1");
	CHECK_STR(c.image_digest.text, "sha256:new");
}

static const char *first_after(const char *text, bool old, bool new)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct conf c;

	text = update_first(&m, text, old, new, &e);
	CHECK_STR(e.text, "");
	CHECK_INT(conf_parse(&m, text, &c, &e), 0);
	return c.init_pid1.on ? "1" : "0";
}

TEST(init_pid1_is_what_the_image_needs_unless_the_user_has_changed_it)
{
	CHECK_STR(first_after("init_pid1=1\n", true, false), "0");
	CHECK_STR(first_after("init_pid1=1\n", true, true), "1");
	CHECK_STR(first_after("init_pid1=0\n", false, true), "1");
	CHECK_STR(first_after("", false, true), "1");
	CHECK_STR(first_after("", false, false), "0");
	CHECK_STR(first_after("init_pid1=1\n", false, false), "1");
	CHECK_STR(first_after("init_pid1=0\n", true, true), "0");
	CHECK_STR(first_after("init_pid1=0\n", true, false), "0");
}
