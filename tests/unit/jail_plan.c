#include "lib/jail/plan.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/jail/command.h"
#include "tests/unit/test.h"

static const struct plan_facts plain = {
	.dir = "/mnt/tank/jailmaker/jails/web",
	.nspawn = "/usr/bin/systemd-nspawn",
	.has_apparmor = true,
};

static void make(struct arena *m, const char *config, const struct plan_facts *facts,
                 struct plan *p)
{
	struct conf_options o;
	struct err e = { 0 };
	struct conf c;

	CHECK_INT(conf_parse(m, config, &c, &e), 0);
	conf_options_read(m, &c, &o);
	CHECK_INT(plan_make(m, "web", &c, &o, facts, p, &e), 0);
	CHECK_STR(e.text, "");
}

TEST(the_default_config)
{
	struct arena m = { 0 };
	struct plan p;

	make(&m, "", &plain, &p);
	CHECK_STR(p.unit, "jlmkr-web.service");
	CHECK_STR(plan_command(&m, &p),
	          "systemd-run --unit=jlmkr-web.service "
	          "--working-directory=/mnt/tank/jailmaker/jails/web "
	          "--description='My nspawn jail web [created with jailmaker]' "
	          "--collect --property=Delegate=yes "
	          "--property=RestartForceExitStatus=133 --property=SuccessExitStatus=133 "
	          "--property=TasksMax=infinity --property=Type=notify "
	          "--setenv=SYSTEMD_NSPAWN_LOCK=0 --property=KillMode=mixed -- "
	          "/usr/bin/systemd-nspawn --bind-ro=/sys/module --boot "
	          "--inaccessible=/sys/module/apparmor --quiet --keep-unit --machine=web "
	          "--directory=rootfs");
	CHECK_INT(p.file_count, 0);
	CHECK_INT(p.notes.n, 0);
	arena_free(&m);
}

TEST(a_kernel_without_apparmor)
{
	struct arena m = { 0 };
	struct plan_facts facts = plain;
	struct plan p;

	facts.has_apparmor = false;
	make(&m, "", &facts, &p);
	CHECK(!strstr(plan_command(&m, &p), "apparmor"));
	CHECK_INT(p.notes.n, 1);
	make(&m, "systemd_nspawn_default_args=--boot --inaccessible /sys/module/apparmor -q\n",
	     &facts, &p);
	CHECK_INT(p.argv.n, 5);
	CHECK_STR(p.argv.v[2], "-q");
	CHECK_INT(p.notes.n, 1);
	/* what the user wrote is the user's */
	make(&m, "systemd_nspawn_user_args=--inaccessible=/sys/module/apparmor\n", &facts, &p);
	CHECK(strstr(plan_command(&m, &p), "--inaccessible=/sys/module/apparmor"));
	arena_free(&m);
}

TEST(arguments_reach_nspawn_as_they_are)
{
	struct arena m = { 0 };
	struct plan p;

	make(&m, "systemd_nspawn_default_args=--quiet\n"
	         "systemd_nspawn_user_args=--bind='/mnt/my data' --setenv=A=$HOME%h\n"
	         "    # --bind=/not/this\n"
	         "    --bind-ro=/x\n", &plain, &p);
	CHECK_INT(p.argv.n, 7);
	CHECK_STR(p.argv.v[1], "--quiet");
	CHECK_STR(p.argv.v[4], "--bind=/mnt/my data");
	CHECK_STR(p.argv.v[5], "--setenv=A=$HOME%h");
	CHECK_STR(p.argv.v[6], "--bind-ro=/x");
	arena_free(&m);
}

TEST(scripts_become_files_and_commands_stay)
{
	struct arena m = { 0 };
	struct plan_facts facts = plain;
	struct plan p;

	facts.dir = "/mnt/my \"pool\"/jails/web";
	make(&m, "systemd_run_default_args=\n"
	         "pre_start_hook=#!/bin/sh\n"
	         "    echo hi\n"
	         "post_stop_hook=-/bin/echo $EXIT_CODE\n", &facts, &p);
	CHECK_INT(p.file_count, 1);
	CHECK_STR(p.files[0].name, ".ExecStartPre");
	CHECK_STR(p.files[0].text, "#!/bin/sh\necho hi\n");
	CHECK_INT(p.run.n, 4);
	CHECK_STR(words_join(&m, p.run.v[2].words, "|"),
	          "--property=ExecStartPre=/mnt/my\\x20\\x22pool\\x22/jails/web/.ExecStartPre");
	CHECK_INT(p.run.v[2].line, 2);
	CHECK_STR(words_join(&m, p.run.v[3].words, "|"),
	          "--property=ExecStopPost=-/bin/echo $EXIT_CODE");
	arena_free(&m);
}

TEST(gpus_and_seccomp)
{
	struct arena m = { 0 };
	struct plan_facts facts = plain;
	struct plan p;

	make(&m, "gpu_passthrough_intel=1\nseccomp=no\n", &facts, &p);
	CHECK(!strstr(plan_command(&m, &p), "/dev/dri"));
	CHECK(strstr(plan_command(&m, &p), "--setenv=SYSTEMD_SECCOMP=0"));
	CHECK_INT(p.notes.n, 1);
	facts.has_dri = true;
	make(&m, "gpu_passthrough_intel=1\n", &facts, &p);
	CHECK(strstr(plan_command(&m, &p), "--bind=/dev/dri"));
	CHECK_INT(p.notes.n, 0);
	arena_free(&m);
}

TEST(faults_name_file_and_line)
{
	struct arena m = { 0 };
	struct conf_options o;
	struct err e = { 0 };
	struct conf c;
	struct plan p;

	CHECK_INT(conf_parse(&m, "startup=0\nsystemd_nspawn_user_args=--a\n  'b\n", &c, &e), 0);
	conf_options_read(&m, &c, &o);
	CHECK_INT(plan_make(&m, "web", &c, &o, &plain, &p, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK(strstr(e.text, "/mnt/tank/jailmaker/jails/web/config"));
	CHECK(strstr(e.text, "line 3"));
	arena_free(&m);
}

TEST(a_pasted_command_reaches_nspawn_as_it_is)
{
	struct arena m = { 0 };
	struct plan p;

	make(&m, "systemd_run_default_args=--collect\n"
	         "systemd_nspawn_default_args=\n"
	         "systemd_nspawn_user_args=--setenv='A=$HOME 100%% \"x\"'\n", &plain, &p);
	CHECK(strstr(plan_command(&m, &p), "--setenv='A=$$HOME 100%% \"x\"'"));
	make(&m, "systemd_run_default_args=--collect --expand-environment yes\n"
	         "systemd_nspawn_default_args=\n"
	         "systemd_nspawn_user_args=--setenv='A=$HOME'\n", &plain, &p);
	CHECK(strstr(plan_command(&m, &p), "--setenv='A=$HOME'"));
	CHECK(!strstr(plan_command(&m, &p), "expand"));
	arena_free(&m);
}

TEST(what_the_user_says_of_the_unit_wins)
{
	struct arena m = { 0 };
	struct plan p;

	make(&m, "systemd_run_default_args=--description=mine --working-directory=/\n", &plain,
	     &p);
	CHECK(strstr(plan_command(&m, &p),
	             "'My nspawn jail web [created with jailmaker]' --description=mine"));
	CHECK(strstr(plan_command(&m, &p), "--directory=/mnt/tank/jailmaker/jails/web/rootfs"));
	arena_free(&m);
}

TEST(docker_on_the_hosts_network_is_warned_of)
{
	struct arena m = { 0 };
	struct plan p;

	make(&m, "systemd_nspawn_user_args=--system-call-filter='add_key keyctl bpf'\n", &plain,
	     &p);
	CHECK(strstr(words_join(&m, words_list(&p.notes), " "), "change the host's firewall"));
	make(&m, "systemd_nspawn_user_args=--capability=all --network-bridge=br1\n", &plain,
	     &p);
	CHECK(!strstr(words_join(&m, words_list(&p.notes), " "), "firewall"));
	make(&m, "systemd_nspawn_user_args=--bind=/mnt\n", &plain, &p);
	CHECK(!strstr(words_join(&m, words_list(&p.notes), " "), "firewall"));
	arena_free(&m);
}

static const char *command_text(struct arena *m, const char *config,
                                const struct command *command, struct plan *p)
{
	struct plan_facts facts = plain;

	facts.command = command;
	make(m, config, &facts, p);
	return strstr(plan_command(m, p), "/usr/bin/systemd-nspawn ");
}

/* --boot is left out, and the words of the command are the last. */
TEST(a_command_instead_of_an_init)
{
	char *argv[] = { "/bin/srv", "-g", "a b", "$X", NULL };
	struct command command = {
		.argv = argv, .directory = "/srv", .home = "/root", .stop_signal = 3,
		.is_root = true,
	};
	struct arena m = { 0 };
	struct plan p;

	CHECK_STR(command_text(&m, "init_command=srv\ninit_env=A=1\n  'B=x y'\n  b.d=1\n"
	                       "systemd_nspawn_user_args=--bind=/mnt\n", &command, &p),
	          "/usr/bin/systemd-nspawn --bind-ro=/sys/module "
	          "--inaccessible=/sys/module/apparmor --quiet --keep-unit --machine=web "
	          "--directory=rootfs --as-pid2 --chdir=/srv --setenv=HOME=/root --setenv=A=1 "
	          "--setenv='B=x y' --bind=/mnt /bin/srv -g 'a b' '$$X'");
	CHECK(strstr(plan_command(&m, &p), "--property='ExecStop=-:/bin/sh -c "));
	CHECK(strstr(plan_command(&m, &p), "kill -3 $pid"));
	CHECK_STR(p.command, "/bin/srv");
	CHECK(strstr(plan_command(&m, &p), " --setenv=JLMKR_RUNS=command "));
	CHECK_INT(p.notes.n, 0);
	CHECK_INT(p.file_count, 0);
	arena_free(&m);
}

TEST(a_boot_of_the_users_is_left_out_with_a_note)
{
	char *argv[] = { "/bin/srv", NULL };
	struct command command = {
		.argv = argv, .directory = "/", .home = "/root", .stop_signal = 15,
		.is_root = true,
	};
	struct arena m = { 0 };
	struct plan p;

	CHECK(!strstr(command_text(&m, "init_command=srv\nsystemd_nspawn_user_args=-b\n",
	                           &command, &p), " -b"));
	CHECK_INT(p.notes.n, 1);
	CHECK_STR(p.notes.v[0], "left out -b: web runs its init_command");
	CHECK(!strstr(command_text(&m, "init_command=srv\nsystemd_nspawn_default_args=--boot\n",
	                           &command, &p), "boot"));
	CHECK_INT(p.notes.n, 0);
	arena_free(&m);
}

TEST(a_command_as_the_first_process_gets_its_signal_from_nspawn)
{
	char *argv[] = { "/init", NULL };
	struct command command = {
		.argv = argv, .directory = "/", .home = "/root", .stop_signal = 37,
		.is_root = true,
	};
	struct arena m = { 0 };
	struct plan p;
	const char *text = command_text(&m, "init_command=/init\ninit_pid1=1\n"
	                                "init_env=HOME=/x\n", &command, &p);

	CHECK(strstr(text, "--kill-signal=SIGRTMIN+3 --setenv=HOME=/x /init"));
	CHECK(!strstr(text, "--as-pid2"));
	CHECK(!strstr(plan_command(&m, &p), "ExecStop"));
	arena_free(&m);
}

/* By a file with its numbers: --user= would ask a program of the jail. */
TEST(the_user_of_a_command)
{
	char *argv[] = { "/bin/srv", NULL };
	struct command command = {
		.argv = argv, .directory = "/", .home = "/data", .stop_signal = 15,
		.uid = 1000, .gid = 4294967294, .groups = { 5, 6 }, .group_count = 2,
	};
	struct arena m = { 0 };
	struct plan p;

	CHECK(strstr(command_text(&m, "init_command=srv\n", &command, &p),
	             "--oci-bundle=. --timezone=auto --setenv=HOME=/data /bin/srv"));
	CHECK_INT(p.file_count, 1);
	CHECK_STR(p.files[0].name, "config.json");
	CHECK_INT(p.files[0].mode, 0600);
	CHECK_STR(p.files[0].text,
	          "{\"ociVersion\":\"1.0.0\",\"process\":{\"user\":{\"uid\":1000,"
	          "\"gid\":4294967294,\"additionalGids\":[5,6]},\"args\":[\"/\"],"
	          "\"cwd\":\"/\"},\"root\":{\"path\":\"rootfs\"}}\n");
	CHECK(strstr(command_text(&m, "init_command=srv\n"
	                          "systemd_run_user_args=--working-directory=/\n", &command,
	                          &p), "--oci-bundle=/mnt/tank/jailmaker/jails/web "));
	arena_free(&m);
}
