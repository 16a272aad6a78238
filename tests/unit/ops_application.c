#include "lib/ops/application.h"

#include "lib/base/arena.h"
#include "lib/base/auto.h"
#include "lib/jail/conf.h"
#include "lib/jail/conf_options.h"
#include "lib/text/oci.h"
#include "tests/unit/disk_world.h"

#define WORDS(...) ((char *[]){ __VA_ARGS__, NULL })
static char *none[] = { NULL };

static struct oci_image image_of(char **entrypoint, char **cmd)
{
	return (struct oci_image){
		.digest = "sha256:1",
		.config = { .arch = "amd64", .entrypoint = entrypoint, .cmd = cmd, .env = none,
		            .user = "", .directory = "", .stop_signal = "", .volumes = none,
		            .ports = none },
	};
}

TEST(an_init_boots_and_a_program_runs)
{
	CHECK_INT(application_init(WORDS("/sbin/init")), APPLICATION_INIT);
	CHECK_INT(application_init(WORDS("/lib/systemd/systemd", "--log-level=info")),
	          APPLICATION_INIT);
	CHECK_INT(application_init(none), APPLICATION_IF_IT_CAN);
	CHECK_INT(application_init(WORDS("bash")), APPLICATION_IF_IT_CAN);
	CHECK_INT(application_init(WORDS("/bin/sh")), APPLICATION_IF_IT_CAN);
	CHECK_INT(application_init(WORDS("/bin/sh", "-c", "nginx")), APPLICATION_NONE);
	CHECK_INT(application_init(WORDS("nginx", "-g", "daemon off;")), APPLICATION_NONE);
	/* What s6-overlay has at the top is no init of the system, nor are words of others. */
	CHECK_INT(application_init(WORDS("/init")), APPLICATION_NONE);
	CHECK_INT(application_init(WORDS("init")), APPLICATION_NONE);
	CHECK_INT(application_init(WORDS("/usr/bin/tini", "--", "/sbin/init")),
	          APPLICATION_NONE);
}

TEST(the_words_come_back_from_the_config)
{
	AUTOFREE struct arena m = { 0 };
	struct oci_image image = image_of(WORDS("app", "a b"),
	                                  WORDS("$HOME", "it's", "two\nlines"));
	struct conf_options o;
	struct err e = { 0 };
	struct conf c;
	const char *text;

	image.config.env = WORDS("PATH=/usr/bin", "A=x y", "B=one\n#two\n three", "C==");
	image.config.user = "1000:web";
	image.config.directory = "/srv/a b";
	image.config.stop_signal = "SIGQUIT";
	image.config.volumes = WORDS("/data", "/var/lib/a b");
	text = application_config(&m, &image, true, "docker://docker.io/library/x:1",
	                          conf_default_text(&m), &e);
	CHECK_STR(e.text, "");
	CHECK_INT(conf_usable(&m, text, &c, &o, &e), 0);
	CHECK_INT(o.command.n, 5);
	CHECK_STR(o.command.v[1], "a b");
	CHECK_STR(o.command.v[2], "$HOME");
	CHECK_STR(o.command.v[4], "two\nlines");
	CHECK_INT(o.env.n, 4);
	CHECK_STR(o.env.v[2], "B=one\n#two\n three");
	CHECK_STR(c.init_user.text, "1000:web");
	CHECK_STR(c.init_directory.text, "/srv/a b");
	CHECK_STR(c.stop_signal.text, "SIGQUIT");
	CHECK_STR(c.image.text, "docker://docker.io/library/x:1");
	CHECK_STR(c.image_digest.text, image.digest);
	CHECK_STR(c.image_volumes.text, "/data\n'/var/lib/a b'");
}

TEST(a_jail_that_boots_has_no_command)
{
	AUTOFREE struct arena m = { 0 };
	struct oci_image image = image_of(WORDS("/sbin/init"), none);
	struct err e = { 0 };
	struct conf c;
	const char *text;

	image.config.env = WORDS("A=b");
	image.config.user = "web";
	text = application_config(&m, &image, false, NULL, conf_default_text(&m), &e);
	CHECK_INT(conf_parse(&m, text, &c, &e), 0);
	CHECK_STR(c.init_command.text, "");
	CHECK_STR(c.init_env.text, "");
	CHECK_STR(c.init_user.text, "");
	CHECK_STR(c.image.text, "");
	CHECK_STR(c.image_digest.text, "");
}

TEST(directories_of_the_image_are_made_inside)
{
	struct world w;
	struct oci_image image = image_of(none, none);
	const char *text;

	world_make(&w);
	text = conf_default_text(&w.m);
	CHECK_INT(symlinkat("../outside", w.inside, "out"), 0);
	CHECK_INT(symlinkat("/real", w.inside, "link"), 0);
	CHECK_INT(mkdirat(w.inside, "real", 0700), 0);
	image.config.directory = "/work/here";
	image.config.volumes = WORDS("/link/data", "/real/data/more");
	CHECK_INT(application_prepare(&w.m, &image, w.inside, text, &w.e), 0);
	CHECK_STR(w.e.text, "");
	CHECK_INT(world_shell(&w, "cd inside/work/here && cd ../../real/data/more"), 0);

	image.config.directory = "/out/new";
	CHECK_INT(application_prepare(&w.m, &image, w.inside, text, &w.e), -1);
	world_check_outside(&w);
	CHECK_INT(world_shell(&w, "test ! -e outside/new"), 0);
	world_drop(&w);
}

TEST(what_the_config_runs_tells_whether_it_is_the_first_process)
{
	struct world w;

	world_make(&w);
	CHECK_INT(application_must_be_first(&w.m, "init_command=/usr/bin/tini -- app\n",
	                                    w.inside, &w.e), 1);
	CHECK_INT(application_must_be_first(&w.m, "init_command=app tini\n", w.inside, &w.e),
	          0);
	CHECK_INT(application_must_be_first(&w.m, "", w.inside, &w.e), 0);
	CHECK_INT(world_shell(&w, "mkdir -p inside/package/admin/s6-overlay"), 0);
	CHECK_INT(application_must_be_first(&w.m, "init_command=app\n", w.inside, &w.e), 1);
	CHECK_INT(application_must_be_first(&w.m, "", w.inside, &w.e), 0);
	CHECK_STR(w.e.text, "");
	world_drop(&w);
}

TEST(an_image_without_a_command_is_prepared_for_that_of_the_config)
{
	struct world w;
	struct oci_image image = image_of(none, none);

	world_make(&w);
	CHECK_INT(application_prepare(&w.m, &image, w.inside, "init_command=app mine\n", &w.e),
	          0);
	CHECK_STR(w.e.text, "");
	world_drop(&w);
}
