#include "lib/jail/conf_check.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/nspawn/missing.h"
#include "tests/unit/test.h"

/* "E1: sentence\n" for an error in line 1, W and H for the others. */
static const char *found_in(struct arena *m, const char *text)
{
	struct str out = { .m = m };
	struct conf_check k;

	conf_check(m, text, &k);
	for (size_t i = 0; i < k.found.n; i++)
		str_addf(&out, "%c%s\n", "EWH"[k.found.v[i].severity],
		         fault_sentence(m, &k.found.v[i]) + strlen("line "));
	return str_text(&out);
}

#define DEFAULTS "--property=Delegate=yes --property=KillMode=mixed --property=Type=notify " \
	"--property=SuccessExitStatus=133"

TEST(the_default_config_has_no_faults)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, conf_default_text(&m)), "");
	CHECK_STR(found_in(&m, ""), "");
}

TEST(only_the_last_bridge_counts)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "pre_start_hook=/bin/true br1 br2\n"
	                       "systemd_nspawn_user_args=--network-bridge=br1\n"
	                       "  --network-bridge=br2\n"),
	          "W2: --network-bridge=br1 has no effect: only the last --network-bridge "
	          "counts; "
	          "for a second bridge use --network-veth-extra and a post_start_hook\n");
}

TEST(what_cannot_be_read_is_an_error)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct conf_check k;

	CHECK_STR(found_in(&m, "startup=1 # yes\n"),
	          "E1: startup must be 1 or 0, not '1 # yes'; '#' begins "
	          "a comment only on a line of its own\n");
	conf_check(&m, "a=1\nsystemd_run_user_args=--nice=1\n  '\nseccomp=x\n", &k);
	CHECK(!k.loads);
	CHECK_INT(conf_check_fail(&k, "C", &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_STR(e.text, "C: line 3: systemd_run_user_args: the quote ' is not closed");
	conf_check(&m, "systemd_run_user_args=--nice=99\n", &k);
	CHECK(k.loads && conf_check_fail(&k, "C", &e) < 0);
}

TEST(an_error_is_found_behind_many_warnings)
{
	AUTOFREE struct arena m = { 0 };
	struct str text = { .m = &m };
	struct err e = { 0 };
	struct conf_check k;

	for (int i = 0; i < FAULTS_MAX; i++)
		str_addf(&text, "key%d=1\n", i);
	str_add(&text, "systemd_nspawn_user_args='\n");
	conf_check(&m, str_text(&text), &k);
	CHECK(!k.loads);
	CHECK_INT(k.found.n, FAULTS_MAX);
	CHECK_INT(conf_check_fail(&k, "C", &e), -1);
	CHECK_STR(e.text, "C: line 101: systemd_nspawn_user_args: the quote ' is not closed");
}

TEST(keys_that_are_not_read)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "memory=2G\nsartup=1\n"),
	          "W1: unknown key 'memory'; 'jlmkr help config' "
	          "lists the keys\nW2: unknown key 'sartup', did you mean 'startup'?\n");
	CHECK_STR(found_in(&m, "docker_compatible=1\n"),
	          "H1: 'docker_compatible' no longer does anything\n");
	CHECK_STR(found_in(&m, "systemd_nspawn_user_args=-U\n--bind=/\n"),
	          "W2: '--bind' is not indented, so "
	          "it is not part of the value above; indent the line\n");
	CHECK_STR(found_in(&m, "[jail]\nstartup=1\nseccomp=0\ndistro=x\n"),
	          "W2: 'startup' is not read, nor "
	          "what follows it (2 keys): it stands under [jail]; remove the line [jail]\n");
}

TEST(an_indented_key_is_part_of_what_stands_above)
{
	AUTOFREE struct arena m = { 0 };
	static const char why[] = "the line is indented, so it is not read as the key "
	                          "'startup'; remove the "
	                          "blanks before it\n";

	CHECK_STR(found_in(&m, "# mine\n startup=1\n"), arena_printf(&m, "W2: %s", why));
	CHECK_STR(found_in(&m, "# mine\r\n\tSTARTUP : 1\r\n"),
	          "W2: the line is indented, so it is not read as "
	          "the key 'STARTUP'; remove the blanks before it\n");
	CHECK(strstr(found_in(&m, "systemd_nspawn_user_args=-U\n\n  startup=1\n"),
	             arena_printf(&m, "W3: %s", why)));
	CHECK_STR(found_in(&m, "initial_setup=true\n  startup=1\n"),
	          arena_printf(&m, "W2: %s", why));
	/* these are read, or are a script's own */
	CHECK_STR(found_in(&m, " startup=1\n seccomp=0\n"), "");
	CHECK_STR(found_in(&m, "initial_setup=#!/bin/sh\n  startup=1\n  release=2\n"), "");
	CHECK_STR(found_in(&m, "initial_setup=true\n  hostname=x\n  other=1\n"), "");
}

TEST(properties_have_their_place)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "systemd_nspawn_user_args=-U\n  --property=MemoryMax=2G\n"),
	          "W2: --property=MemoryMax=2G has no effect here with --keep-unit; write "
	          "systemd_run_user_args=--property=MemoryMax=2G\n");
	CHECK_STR(found_in(&m, "systemd_nspawn_default_args=--boot\n"
	                       "systemd_nspawn_user_args=--property=MemoryMax=2G\n"), "");
	CHECK_STR(found_in(&m,
	                   "systemd_run_default_args=--property=MemoryMax=2G "
	                   "--property=KillMode=mixed "
	                       "--service-type=notify\n"),
	          "W1: systemd_run_default_args lacks --property=Delegate=yes "
	          "--property=SuccessExitStatus=133, "
	          "which jails need; keep the defaults, and write your own options to "
	          "systemd_run_user_args\n");
	CHECK_STR(found_in(&m, "systemd_run_default_args=" DEFAULTS "\n"), "");
	CHECK_STR(found_in(&m,
	                   "systemd_run_user_args=--property=MemoryMax=2G "
	                   "--property=Type=exec\n"), "");
	CHECK_STR(found_in(&m, "systemd_run_default_args=" DEFAULTS "\n  --unit=x\n"),
	          "W2: option --unit of systemd-run is ignored: the name of the unit follows "
	          "from "
	          "the jail's name; remove it\n");
}

TEST(what_is_missing_is_refused_unless_it_may_come)
{
	AUTOFREE struct arena m = { 0 };
	static const char args[] = "systemd_nspawn_user_args=--bind=/no/where";
	struct err e = { 0 };
	struct conf_check k;

	CHECK_STR(found_in(&m, args), "E1: --bind=/no/where: there is no /no/where\n");
	CHECK_STR(found_in(&m, arena_printf(&m, "%s\npre_start_hook=/bin/true\n", args)),
	          "W1: --bind=/no/where: there is no /no/where, unless the pre_start_hook "
	          "makes it\n");
	CHECK_STR(found_in(&m,
	                   arena_printf(&m, "%s\npre_start_hook=/bin/mkdir -p /no/where\n",
	                                args)), "");
	CHECK_STR(found_in(&m,
	                   arena_printf(&m, "%s\nsystemd_run_user_args=-p Requires=x.mount\n",
	                                args)),
	          "W1: --bind=/no/where: there is no /no/where, unless its unit makes it\n");
	CHECK_STR(found_in(&m,
	                   arena_printf(&m, "%s\nsystemd_run_user_args=-p Restart=on-failure\n",
	                                args)),
	          "W1: --bind=/no/where: there is no /no/where; systemd tries again, as "
	          "Restart= says\n");
	CHECK_STR(found_in(&m,
	                   arena_printf(&m, "%s\nsystemd_run_user_args=-p Restart=no\n", args)),
	          "E1: --bind=/no/where: there is no /no/where\n");
	conf_check(&m, args, &k);
	CHECK(k.loads);
	CHECK_STR(k.found.v[0].kind, NSPAWN_MISSING);
	CHECK_INT(conf_check_fail(&k, "C", &e), -1);
	CHECK_INT(e.kind, ERR_HOST);
}

TEST(hooks_have_no_shell)
{
	AUTOFREE struct arena m = { 0 };
	static const char fix[] = "; begin with #!/bin/sh, and the commands in indented lines "
	                          "below\n";

	CHECK_STR(found_in(&m, "pre_start_hook=/bin/echo a > /tmp/b\n"),
	          arena_printf(&m,
	                       "W1: pre_start_hook: no shell reads this, so '>' is an "
	                       "argument%s", fix));
	CHECK_STR(found_in(&m, "post_stop_hook=/bin/true && /bin/false\n"),
	          arena_printf(&m,
	                       "W1: post_stop_hook: no shell reads this, so '&&' is an "
	                       "argument%s", fix));
	CHECK_STR(found_in(&m, "post_start_hook=/bin/ls |wc\n"), "");
	CHECK_STR(found_in(&m, "pre_start_hook=/bin/true\n  /bin/true\n"),
	          arena_printf(&m,
	                       "W1: pre_start_hook: several lines without '#!' are one "
	                       "command%s", fix));
	CHECK_STR(found_in(&m, "pre_start_hook=/bin/true # nothing\n"),
	          "W1: pre_start_hook: '#' is an "
	          "argument; '#' begins a comment only on a line of its own\n");
	CHECK_STR(found_in(&m, "pre_start_hook=/bin/sh -c 'echo a > /dev/null && true | cat'\n"
	                       "post_start_hook=#!/bin/sh\n  true > /dev/null\n"), "");
}

TEST(a_hooks_program_must_be_there)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "pre_start_hook=/no/script x\n"),
	          "E1: pre_start_hook: there is no /no/script\n");
	CHECK_STR(found_in(&m, "post_start_hook=#! /no/sh -e\n"),
	          "E1: post_start_hook: its interpreter /no/sh does not exist\n");
	CHECK_STR(found_in(&m, "pre_start_hook=-/no/script\npost_stop_hook=/no/other\n"),
	          "W1: pre_start_hook: there is no /no/script\nW2: post_stop_hook: there is no "
	          "/no/other\n");
	CHECK_STR(found_in(&m,
	                   "pre_start_hook=/bin/cp /bin/true /no/script\n"
	                   "post_start_hook=+/no/script\n"), "");
	CHECK_STR(found_in(&m, "pre_start_hook=a/b c\n"),
	          "E1: pre_start_hook=a/b c: systemd refuses it: 'a/b' is not an absolute "
	          "path\n");
	CHECK_STR(found_in(&m, "pre_start_hook=modprobe overlay\n"), "");
}

TEST(what_the_python_tool_did_in_another_way_is_a_hint)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m,
	                   "systemd_nspawn_user_args=--setenv=A=1\n  --setenv=P=$$x "
	                   "'--setenv=Q=${HOME}'\n"),
	          "H2: --setenv=P=$$x: jlmkr hands '$' on as it is; the Python tool had "
	          "systemd expand '$$' and "
	          "'${NAME}'\n"
	          "H2: --setenv=Q=${HOME}: jlmkr hands '$' on as it is; the Python tool had "
	          "systemd expand '$$' "
	          "and '${NAME}'\n");
	CHECK_STR(found_in(&m, "systemd_nspawn_user_args=--setenv=P=$x\n"), "");
	CHECK_STR(found_in(&m, "systemd_nspawn_user_args=--setenv=P=$$x\n"
	                       "systemd_run_user_args=--expand-environment=yes\n"), "");
}

TEST(host_names)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "hostname=web-1.example.org\n"), "");
	CHECK(strstr(found_in(&m, "hostname=my_host\n"), "E1: hostname 'my_host' must be"));
	CHECK(strstr(found_in(&m, "hostname=web # mine\n"), "'#' begins a comment only"));
	CHECK_STR(found_in(&m, "release=12 # old\n"),
	          "W1: the value of release is '12 # old'; '#' begins a "
	          "comment only on a line of its own\n");
}

TEST(limits_that_cannot_be_read_keep_no_jail_from_its_start)
{
	AUTOFREE struct arena m = { 0 };
	struct conf_check k;

	CHECK_STR(found_in(&m, "snapshot_keep=7d 4w\nquota=20G\nauto_snapshot=1\n"), "");
	CHECK_STR(found_in(&m, "snapshot_keep=7 days\n"),
	          "W1: snapshot_keep: 'days' is not a number with h, d, w, m, y or nothing "
	          "behind it, such as 7d\n");
	CHECK_STR(found_in(&m, "quota=much\n"),
	          "W1: quota: 'much' is not a size, such as 500M, 64G or 1.5T\n");
	CHECK_STR(found_in(&m, "image=x\nimage_volumes=/data/\n"),
	          "W2: image_volumes: '/data/' is not an absolute path without '.', '..', "
	          "double slashes and a slash at the end\n");
	conf_check(&m, "snapshot_keep=7 days\nquota=much\n", &k);
	CHECK(k.loads);
	CHECK(!faults_first_error(&k.found));
}

static size_t count_news(struct arena *m, const char *before, const char *now)
{
	struct conf_check old, new;

	conf_check(m, before, &old);
	conf_check(m, now, &new);
	return faults_new(&new.found, &old.found).n;
}

TEST(news_are_told_by_kind_and_subject)
{
	AUTOFREE struct arena m = { 0 };

	/* the same in another line, in other words, with another line in its sentence */
	CHECK_INT(count_news(&m, "a=1\nb=1\na=2\n", "b=1\n\na=1\na=2\n"), 0);
	CHECK_INT(count_news(&m, "systemd_nspawn_user_args=--bind=/no/x",
	                     "systemd_nspawn_user_args=-U "
	                     "--bind-ro=/no/x:/y"), 0);
	CHECK_INT(count_news(&m, "startup=x", "startup=y"), 0);
	/* another one of the kind, and one more of the same */
	CHECK_INT(count_news(&m, "sartup=1", "sartup=1\nsecomp=1"), 1);
	CHECK_INT(count_news(&m, "systemd_nspawn_user_args=--bind=/no/x",
	                     "systemd_nspawn_user_args=--bind=/no/x"
	                     " --bind=/no/x:/b"), 1);
}

TEST(a_command_instead_of_an_init)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "init_command=/bin/srv -g 'a b'\ninit_env=A=1\n  B\n  a.b=c\n"
	                       "  1A=c\ninit_user=www:5\ninit_directory=/srv\n"
	                       "stop_signal=quit\n"),
	          "W3: init_env: B is left out: it has no '='\n"
	          "W4: init_env: a.b=c is left out: systemd-nspawn takes names of letters, "
	          "digits and '_' only\n"
	          "W5: init_env: 1A=c is left out: systemd-nspawn takes names of letters, "
	          "digits and '_' only\n"
	          "E8: stop_signal: there is no signal 'quit'\n");
	CHECK_STR(found_in(&m, "init_command=/bin/srv\ninit_directory=srv\n"
	                       "stop_signal=SIGRTMIN+3\ninitial_setup=true\n"
	                       "systemd_nspawn_user_args=--quiet srv\n"),
	          "E2: init_directory must be an absolute path\n"
	          "W4: initial_setup is not run in a jail that has an init_command\n"
	          "W5: 'srv' is not an option: it and everything after it go to the jail's "
	          "init; quote values that contain spaces\n"
	          "E5: systemd_nspawn_user_args: 'srv' would be run instead of the "
	          "init_command\n");
	CHECK_STR(found_in(&m, "init_command=/bin/srv 'x\n"),
	          "E1: init_command: the quote ' is not closed\n");
	CHECK_STR(found_in(&m, "init_user=www\nstop_signal=QUIT\n"),
	          "W1: init_user has no effect without an init_command\n"
	          "W2: stop_signal has no effect without an init_command\n");
}
