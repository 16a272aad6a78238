#include "lib/jail/command.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/jail/conf.h"
#include "lib/jail/conf_options.h"
#include "tests/unit/test.h"

/* A root file system in a directory of its own, which the test ends in. */
static int make_root(void)
{
	char dir[] = "/tmp/jlmkr-command-XXXXXX";

	CHECK(mkdtemp(dir) && chdir(dir) == 0);
	return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void remove_root(void)
{
	CHECK_INT(system("rm -rf \"$(pwd -P)\""), 0);
}

static void put(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
}

static void fill_root(void)
{
	CHECK(mkdir("bin", 0755) == 0 && mkdir("opt", 0755) == 0 && mkdir("etc", 0755) == 0);
	put("bin/sh", "#!/bin/sh\n", 0755);
	put("bin/srv", "#!/bin/sh\n", 0755);
	put("opt/srv", "#!/bin/sh\n", 0755);
	put("opt/text", "#!/bin/sh\n", 0644);
	put("etc/passwd", "root:x:0:0::/root:/bin/sh\nwww:x:33:34::/var/www:\n"
	    "bad:x:-1:0::/:\nmax:x:65535:0::/:\n", 0644);
	put("etc/group", "www:x:34:\nmedia:x:50:www\nwheel:x:10:root\n", 0644);
}

/* "" or why not. */
static const char *find(struct arena *m, int root, const char *config, struct command *out)
{
	static struct err e;
	struct conf_options o;
	struct conf c;

	e = (struct err){ 0 };
	CHECK_INT(conf_parse(m, config, &c, &e), 0);
	conf_options_read(m, &c, &o);
	return command_find(m, &c, &o, root, out, &e) < 0 ? e.text : "";
}

TEST(the_program_is_looked_up_in_the_path_of_the_jail)
{
	AUTOCLOSE int root = make_root();
	AUTOFREE struct arena m = { 0 };
	struct command c;

	fill_root();
	CHECK_STR(find(&m, root, "init_command=srv -x\n", &c), "");
	CHECK_STR(c.argv[0], "/bin/srv");
	CHECK_STR(c.argv[1], "-x");
	CHECK(c.is_root);
	CHECK_INT(c.stop_signal, 15);
	CHECK_STR(find(&m, root, "init_command=srv\ninit_env=PATH=/no:opt:/opt\n", &c), "");
	CHECK_STR(c.argv[0], "/opt/srv");
	CHECK_STR(find(&m, root, "init_command=srv\ninit_env=PATH=/opt/\n", &c), "");
	CHECK_STR(c.argv[0], "/opt/srv");
	CHECK_STR(find(&m, root, "init_command=./srv\ninit_directory=/opt\n", &c), "");
	CHECK_STR(c.argv[0], "./srv");
	CHECK_STR(find(&m, root, "init_command=text\ninit_env=PATH=/opt\n", &c),
	          "it has no program 'text' to run: its init_command names one that is not in "
	          "/opt");
	CHECK_STR(find(&m, root, "init_command=/opt/text\n", &c),
	          "its init_command cannot be run: /opt/text is not executable");
	CHECK_STR(find(&m, root, "init_command=/srv\n", &c),
	          "its init_command cannot be run: /srv does not exist");
	CHECK_STR(find(&m, root, "init_command=srv\ninit_directory=/opt/x\n", &c),
	          "its init_directory /opt/x does not exist in it");
	CHECK_STR(find(&m, root, "init_command=srv\ninit_directory=/opt/srv\n", &c),
	          "its init_directory /opt/srv is not a directory");
	remove_root();
}

TEST(what_is_mounted_over_it_is_believed)
{
	AUTOCLOSE int root = make_root();
	AUTOFREE struct arena m = { 0 };
	struct command c;

	fill_root();
	CHECK_STR(find(&m, root, "init_command=/app/srv\ninit_directory=/data/x\n"
	               "systemd_nspawn_user_args=--bind=/mnt/a:/app --tmpfs=/data\n", &c), "");
	CHECK_STR(c.argv[0], "/app/srv");
	CHECK_STR(c.directory, "/data/x");
	remove_root();
}

TEST(who_it_runs_as)
{
	AUTOCLOSE int root = make_root();
	AUTOFREE struct arena m = { 0 };
	struct command c;

	fill_root();
	CHECK_STR(find(&m, root, "init_command=srv\ninit_user=www\n", &c), "");
	CHECK(!c.is_root);
	CHECK_INT(c.uid, 33);
	CHECK_INT(c.gid, 34);
	CHECK_INT(c.group_count, 1);
	CHECK_INT(c.groups[0], 50);
	CHECK_STR(c.home, "/var/www");
	CHECK_STR(find(&m, root, "init_command=srv\ninit_user=33:media\n", &c), "");
	CHECK_INT(c.gid, 50);
	CHECK_INT(c.group_count, 0);
	CHECK_STR(find(&m, root, "init_command=srv\ninit_user=1000\n", &c), "");
	CHECK_INT(c.uid, 1000);
	CHECK_INT(c.gid, 0);
	CHECK_STR(c.home, "/");
	CHECK_STR(find(&m, root, "init_command=srv\ninit_user=0:0\n", &c), "");
	CHECK(c.is_root);
	CHECK_STR(find(&m, root, "init_command=srv\ninit_user=root:media\n", &c), "");
	CHECK(!c.is_root);
	remove_root();
}

TEST(who_it_cannot_run_as)
{
	static const char *const bad[] = { "bob", "bad", "-1", "4294967295", "www:bob", "max",
	                                   "5:65535", "www:-1" };
	AUTOCLOSE int root = make_root();
	AUTOFREE struct arena m = { 0 };
	struct command c;

	fill_root();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[64];

		snprintf(text, sizeof text, "init_command=srv\ninit_user=%s\n", bad[i]);
		if (!*find(&m, root, text, &c)) CHECK_STR(bad[i], "refused");
	}
	CHECK_STR(find(&m, root, "init_command=srv\ninit_user=bob\n", &c),
	          "its init_user 'bob' is not in its /etc/passwd");
	remove_root();
}

/* A link of the jail leads nowhere else. */
TEST(a_link_stays_inside)
{
	AUTOCLOSE int root = make_root();
	AUTOFREE struct arena m = { 0 };
	struct command c;

	fill_root();
	CHECK(unlink("etc/passwd") == 0 && symlink("/etc/shadow", "etc/passwd") == 0);
	CHECK(symlink("/usr/bin/env", "bin/env") == 0);
	CHECK_STR(find(&m, root, "init_command=/bin/env\n", &c),
	          "its init_command cannot be run: /bin/env does not exist");
	CHECK_STR(find(&m, root, "init_command=srv\ninit_user=www\n", &c),
	          "its init_user 'www' is not in its /etc/passwd");
	CHECK_STR(find(&m, root, "init_command=srv\ninit_user=root\n", &c), "");
	CHECK(c.is_root);
	remove_root();
}

TEST(variables_that_nspawn_takes)
{
	CHECK(command_env_is_taken("A=1"));
	CHECK(command_env_is_taken("_a1="));
	CHECK(command_env_is_taken("A=x\ny\t\xc3\xa9"));
	CHECK(!command_env_is_taken("A"));
	CHECK(!command_env_is_taken("=1"));
	CHECK(!command_env_is_taken("1A=1"));
	CHECK(!command_env_is_taken("A-B=1"));
	CHECK(!command_env_is_taken("A=\x1b"));
	CHECK(!command_env_is_taken("A=\xff"));
}
