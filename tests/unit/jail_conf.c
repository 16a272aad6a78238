#include "lib/jail/conf.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "tests/unit/test.h"

static const struct conf_override none = { 0 };

static void load(struct arena *m, const char *name, struct conf *c)
{
	const char *path = arena_printf(m, "tests/data/configs/%s", name);
	struct err e = { 0 };

	if (conf_load(m, AT_FDCWD, path, path, c, &e) < 0) CHECK_STR(e.text, "");
}

/* The words of an args value, as "LINE:WORD|...". */
static const char *words(struct arena *m, const struct conf_text *t)
{
	struct str out = { .m = m };
	struct err e = { 0 };
	struct split s;

	if (conf_words(m, t, &s, &e) < 0) return arena_strdup(m, e.text);
	for (size_t i = 0; i < s.n; i++)
		str_addf(&out, "%u:%s|", s.lines[i], s.v[i]);
	return str_text(&out);
}

TEST(an_empty_config_is_all_defaults)
{
	AUTOFREE struct arena m = { 0 };
	struct conf c;

	CHECK_INT(conf_parse(&m, "", &c, NULL), 0);
	CHECK(!c.startup.on && !c.gpu_intel.on && !c.gpu_nvidia.on && c.seccomp.on);
	CHECK_INT(c.seccomp.line, 0);
	CHECK_STR(c.distro.text, "debian");
	CHECK_STR(c.release.text, "bookworm");
	CHECK_STR(c.user_args.text, "");
	CHECK_STR(c.pre_start_hook.text, "");
	CHECK_STR(words(&m, &c.nspawn_args), "0:--bind-ro=/sys/module|1:--boot|"
	          "2:--inaccessible=/sys/module/apparmor|3:--quiet|4:--keep-unit|");
	CHECK(str_starts(c.run_args.text, "--collect\n--property=Delegate=yes\n"));
	CHECK_INT(c.notes.n, 0);
}

TEST(the_default_text_says_the_defaults)
{
	AUTOFREE struct arena m = { 0 };
	struct conf empty, c;

	CHECK_INT(conf_parse(&m, "", &empty, NULL), 0);
	CHECK_INT(conf_parse(&m, conf_default_text(&m), &c, NULL), 0);
	CHECK_INT(c.notes.n, 0);
	CHECK(c.startup.on == empty.startup.on && c.startup.line == 2);
	CHECK(c.seccomp.on == empty.seccomp.on && c.seccomp.line);
	CHECK_STR(c.distro.text, empty.distro.text);
	CHECK_STR(c.user_args.text, empty.user_args.text);
	CHECK_STR(c.initial_setup.text, empty.initial_setup.text);
	CHECK_STR(c.post_stop_hook.text, empty.post_stop_hook.text);
	CHECK_STR(c.run_args.text, empty.run_args.text);
	CHECK_STR(c.nspawn_args.text, empty.nspawn_args.text);
}

TEST(configs_of_the_first_release)
{
	AUTOFREE struct arena m = { 0 };
	struct conf c;

	load(&m, "release1", &c);
	CHECK(!c.startup.on);
	CHECK_STR(words(&m, &c.user_args), "4:--network-macvlan=eno1|4:--resolv-conf=bind-host|"
	          "4:--bind=/mnt/tank/my media/:/media|");
	CHECK_STR(words(&m, &c.nspawn_args), "7:--keep-unit|7:--quiet|7:--boot|");
	CHECK_INT(c.notes.n, 2);
	CHECK_STR(c.notes.v[0].text, "'docker_compatible' no longer does anything");
}

TEST(hooks_lose_their_inner_indentation)
{
	AUTOFREE struct arena m = { 0 };
	struct conf c;

	load(&m, "hooks", &c);
	CHECK(c.startup.on && !c.gpu_intel.on && c.gpu_nvidia.on && !c.seccomp.on);
	CHECK_INT(c.gpu_nvidia.line, 3);
	CHECK_STR(words(&m, &c.user_args), "6:--network-bridge=br1|7:--resolv-conf=bind-host|"
	          "8:--system-call-filter=add_key keyctl bpf|");
	CHECK_STR(c.pre_start_hook.text, "#!/usr/bin/bash\nset -euo pipefail\n\n"
	          "# an indented comment belongs to the script\n"
	          "for m in br_netfilter overlay; do\nmodprobe \"$m\"\ndone");
	CHECK_STR(c.post_start_hook.text, "/usr/bin/logger -t jail \"started %n\"");
	CHECK_STR(c.post_stop_hook.text, "");
	CHECK_STR(c.distro.text, "ubuntu");
	CHECK_STR(c.initial_setup.text, "bash -c 'apt-get update && apt-get -y upgrade'");
	CHECK_INT(c.notes.n, 0);
}

TEST(configs_that_the_python_tool_rewrote)
{
	AUTOFREE struct arena m = { 0 };
	struct conf c;

	load(&m, "rewritten", &c);
	CHECK_STR(words(&m, &c.user_args), "4:--network-bridge=br1|5:--resolv-conf=bind-host|"
	          "8:--bind=/dev/kmsg|");
	CHECK_STR(c.pre_start_hook.text, "#!/bin/sh\nset -eu\nmodprobe overlay");
	CHECK_STR(words(&m, &c.nspawn_args), "20:--keep-unit|21:--quiet|22:--boot|");
}

TEST(configs_from_other_systems)
{
	AUTOFREE struct arena m = { 0 };
	struct conf c;

	load(&m, "crlf", &c);
	CHECK(c.startup.on && c.gpu_intel.on);
	CHECK_STR(c.user_args.text, "\n--bind=/mnt/tank\n\n--bind-ro=/etc/ssl");
	CHECK_STR(words(&m, &c.user_args), "5:--bind=/mnt/tank|7:--bind-ro=/etc/ssl|");
	CHECK_STR(c.post_start_hook.text, "/bin/true");
	load(&m, "wide", &c);
	CHECK(c.startup.on && !c.seccomp.on && c.gpu_intel.on);
	CHECK_STR(c.release.text, "12=thirteen: fourteen");
	CHECK_STR(c.distro.text, "fedora");
	CHECK_INT(c.notes.n, 2);
	CHECK_STR(c.notes.v[1].text, "'startup' is not read: it stands under [x]");
}

static void refuses(const char *text, const char *why)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct conf c;

	CHECK_INT(conf_parse(&m, text, &c, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_STR(e.text, why);
}

TEST(switches_are_on_or_off)
{
	static const char *const on[] = { "1", "yes", "TRUE", "On" };
	static const char *const off[] = { "0", "NO", "false", "oFf" };
	AUTOFREE struct arena m = { 0 };
	struct conf c;

	for (size_t i = 0; i < 4; i++) {
		CHECK_INT(conf_parse(&m, arena_printf(&m, "startup=%s", on[i]), &c, NULL), 0);
		CHECK(c.startup.on);
		CHECK_INT(conf_parse(&m, arena_printf(&m, "seccomp=%s", off[i]), &c, NULL), 0);
		CHECK(!c.seccomp.on);
	}
	refuses("a=1\nstartup=2\n", "line 2: startup must be 1 or 0, not '2'");
	refuses("seccomp=\n", "line 1: seccomp must be 1 or 0, not ''");
	refuses("seccomp\n", "line 1: seccomp must be 1 or 0, not ''");
	refuses("startup=2\nx\n  y\n", "line 1: startup must be 1 or 0, not '2'");
}

TEST(unknown_keys_are_noted)
{
	AUTOFREE struct arena m = { 0 };
	struct conf c;

	CHECK_INT(conf_parse(&m, "\xef\xbb\xbfstartup=1\nsecomp=0\nwhatever=1\n", &c, NULL), 0);
	CHECK(!c.startup.on);
	CHECK_INT(c.notes.n, 3);
	CHECK_STR(c.notes.v[0].text, "'startup' is not read: a byte order mark is before it");
	CHECK_STR(c.notes.v[1].text, "unknown key 'secomp', did you mean 'seccomp'?");
	CHECK_STR(c.notes.v[2].text, "unknown key 'whatever'");
	CHECK_INT(c.notes.v[2].line, 3);
}

TEST(bad_quoting_does_not_hinder_loading)
{
	AUTOFREE struct arena m = { 0 };
	struct conf c;

	CHECK_INT(conf_parse(&m, "systemd_nspawn_user_args=a\n  'b\n", &c, NULL), 0);
	CHECK_STR(words(&m, &c.user_args),
	          "systemd_nspawn_user_args: line 2: the quote ' is not closed");
}

TEST(volumes_are_paths_that_are_written_in_one_way)
{
	static const char *const good[] = {
		"", "/data", "'/var/lib/x y'", "/.hidden/..data/...", "/a.", "/a/b\n/c",
	};
	static const char *const bad[] = {
		"/", "/data/", "data", "/a//b", "/a/./b", "/a/..", "/.", "//a", "/a\n/b/",
		"'/a\nb'", "''", "'/a",
	};
	AUTOFREE struct arena m = { 0 };

	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct err e = { 0 };

		CHECK(conf_set(&m, "", "image_volumes", good[i], &e));
		CHECK_STR(e.text, "");
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct err e = { 0 };

		if (conf_set(&m, "", "image_volumes", bad[i], &e)) CHECK_STR(bad[i], "refused");
		CHECK_INT(e.kind, ERR_INPUT);
	}
}

TEST(set_checks_the_value)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };

	CHECK_STR(conf_set(&m, "# c\nstartup=0\n", "startup", "1", &e), "# c\nstartup=1\n");
	CHECK(!conf_set(&m, "", "startup", "perhaps", &e));
	CHECK_STR(e.text, "startup must be 1 or 0, not 'perhaps'");
	CHECK(!conf_set(&m, "", "start", "1", &e));
	CHECK(!conf_set(&m, "", "snapshot_keep", "7x", &e));
	CHECK(!conf_set(&m, "", "quota", "7x", &e));
	CHECK_STR(conf_set(&m, "quota=1G\n", "quota", "", &e), "quota=\n");
	CHECK(!conf_set(&m, "", "systemd_nspawn_user_args", "'", &e));
	CHECK(str_starts(e.text, "systemd_nspawn_user_args: "));
}

TEST(create_overrides_in_place)
{
	AUTOFREE struct arena m = { 0 };
	const struct conf_override over[] = { { "distro", "ubuntu" }, { "release", NULL },
	                                      { "startup", "1" }, { NULL, NULL } };
	char bridge[] = "--network-bridge=br1", bind[] = "--bind=/my media:/m";
	char *args[] = { bridge, bind, NULL };
	const char *text = "startup: 0\n# mine\nsystemd_nspawn_user_args=--a\n    --b\n\n"
			   "release=12\n";

	CHECK_STR(conf_render(&m, text, over, args, NULL),
	          "startup: 1\n# mine\nsystemd_nspawn_user_args=--network-bridge=br1\n"
	          "    --bind='/my media:/m'\n\nrelease=12\ndistro=ubuntu\n");
	CHECK_STR(conf_render(&m, text, &none, NULL, NULL), text);
	CHECK_STR(conf_render(&m, text, &none, args + 2, NULL), text);
	CHECK_STR(conf_render(&m, NULL, &none, NULL, NULL), conf_default_text(&m));
}

/* What nspawn gets of one argument behind `create NAME`. */
static const char *arrives(struct arena *m, const char *arg)
{
	char *args[] = { arena_strdup(m, arg), NULL };
	struct err e = { 0 };
	const char *text = conf_render(m, "", &none, args, &e);
	struct conf c;

	if (!text || conf_parse(m, text, &c, &e) < 0) return arena_strdup(m, e.text);
	return words(m, &c.user_args);
}

TEST(nspawn_gets_what_the_user_typed)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(arrives(&m, "--quiet"), "1:--quiet|");
	CHECK_STR(arrives(&m, "--setenv=A=it's"), "1:--setenv=A=it's|");
	CHECK_STR(arrives(&m, "--setenv=A=\"b\""), "1:--setenv=A=\"b\"|");
	CHECK_STR(arrives(&m, "--system-call-filter=add_key bpf"),
	          "1:--system-call-filter=add_key bpf|");
	CHECK_STR(arrives(&m, "--system-call-filter='add_key bpf'"),
	          "1:--system-call-filter=add_key bpf|");
	CHECK_STR(arrives(&m, "# x"), "1:# x|");
	CHECK_STR(arrives(&m, ""), "");
	CHECK_STR(arrives(&m, "--bind=/a --network-bridge='b r'"),
	          "1:--bind=/a|1:--network-bridge=b r|");
	CHECK_STR(arrives(&m, "--bind=/my media"), "1:--bind=/my media|");
	CHECK_STR(arrives(&m, "--setenv=OPTS=-v -q"), "1:--setenv=OPTS=-v -q|");
	CHECK_STR(arrives(&m, "--setenv=OPTS=--what --ever"), "1:--setenv=OPTS=--what --ever|");
	CHECK_STR(arrives(&m, " a \n\n# b "), "1: a \n\n# b |");
	CHECK(strstr(arrives(&m, "a\rb"), "cannot be stored unchanged") != NULL);
}

TEST(files_are_bounded_and_are_text)
{
	AUTOFREE struct arena m = { 0 };
	char name[] = "/tmp/jlmkr-unit.XXXXXX";
	AUTOCLOSE int fd = mkstemp(name);
	struct err e = { 0 };
	struct conf c;

	CHECK_INT(write_all(fd, "a=1\nb=\0\n", 8, NULL), 0);
	CHECK_INT(conf_load(&m, AT_FDCWD, name, "x/config", &c, &e), -1);
	CHECK_STR(e.text, "x/config: line 2: a NUL byte, this is not text");
	CHECK_INT(ftruncate(fd, CONF_MAX + 1), 0);
	CHECK_INT(conf_load(&m, AT_FDCWD, name, "x/config", &c, &e), -1);
	CHECK(str_starts(e.text, "x/config: larger than "));
	CHECK_INT(unlink(name), 0);
	CHECK_INT(mkfifo(name, 0600), 0);
	CHECK_INT(conf_load(&m, AT_FDCWD, name, "x/config", &c, &e), -1);
	CHECK_STR(e.text, "x/config is not a file");
	CHECK_INT(unlink(name), 0);
	CHECK_INT(conf_load(&m, AT_FDCWD, name, "x/config", &c, &e), -1);
	CHECK_STR(e.text, "open x/config: No such file or directory");
}

/* A pipe by name, opened by its writer only when somebody waits for it. */
TEST(a_pipe_may_be_named)
{
	AUTOFREE struct arena m = { 0 };
	char name[] = "/tmp/jlmkr-unit.XXXXXX";
	struct err e = { 0 };
	pid_t pid;

	CHECK(mkdtemp(name));
	CHECK_INT(mkfifo(arena_printf(&m, "%s/p", name), 0600), 0);
	if ((pid = fork()) == 0) {
		AUTOCLOSE int fd = -1;

		usleep(100000);
		fd = open(arena_printf(&m, "%s/p", name), O_WRONLY | O_CLOEXEC);
		write_all(fd, "a=1\n", 4, NULL);
		usleep(100000);
		write_all(fd, "b=2\n", 4, NULL);
		_exit(0);
	}
	CHECK_STR(conf_read_named(&m, arena_printf(&m, "%s/p", name), &e), "a=1\nb=2\n");
	CHECK_INT(waitpid(pid, NULL, 0), pid);
	CHECK_INT(unlink(arena_printf(&m, "%s/p", name)), 0);
	CHECK_INT(rmdir(name), 0);
}

TEST(a_wait_for_a_writer_can_be_interrupted)
{
	AUTOFREE struct arena m = { 0 };
	char name[] = "/tmp/jlmkr-unit.XXXXXX";
	struct err e = { 0 };

	CHECK(mkdtemp(name));
	CHECK_INT(mkfifo(arena_printf(&m, "%s/p", name), 0600), 0);
	signals_catch();
	raise(SIGTERM);
	CHECK(!conf_read_named(&m, arena_printf(&m, "%s/p", name), &e));
	CHECK_INT(e.kind, ERR_INTERRUPTED);
	signal_forget();
	CHECK_INT(unlink(arena_printf(&m, "%s/p", name)), 0);
	CHECK_INT(rmdir(name), 0);
}

TEST(no_device_is_opened_but_null)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };

	CHECK_STR(conf_read_named(&m, "/dev/null", &e), "");
	CHECK(!conf_read_named(&m, "/dev/zero", &e));
	CHECK_STR(e.text, "/dev/zero is neither a file nor a pipe");
	CHECK(!conf_read_named(&m, "/tmp", &e));
	CHECK_STR(e.text, "/tmp is neither a file nor a pipe");
	CHECK(!conf_read_named(&m, "/tmp/no such file", &e));
	CHECK_STR(e.text, "open /tmp/no such file: No such file or directory");
}

TEST(what_others_may_write_is_read_but_not_run)
{
	AUTOFREE struct arena m = { 0 };
	char name[] = "/tmp/jlmkr-unit.XXXXXX";
	struct err e = { 0 };

	if (geteuid() != 0) SKIP("only root has something to lose");
	CHECK(mkdtemp(name));
	{
		AUTOCLOSE int dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		CHECK_INT(fchmod(dir, 0755), 0);
		CHECK_INT(replace_file(dir, "config", "a=1\n", 4, 0600, &e), 0);
		CHECK_INT(symlinkat("config", dir, "link"), 0);
		CHECK_STR(conf_read_own(&m, dir, "config", "C", &e), "a=1\n");
		CHECK_STR(conf_read_own(&m, dir, "link", "C", &e), "a=1\n");
		CHECK_INT(fchmodat(dir, "config", 0666, 0), 0);
		CHECK(!conf_read_own(&m, dir, "config", "C", &e));
		CHECK_INT(e.kind, ERR_UNTRUSTED);
		CHECK_INT(fchmod(dir, 0700), 0);
		CHECK_STR(conf_read_own(&m, dir, "config", "C", &e), "a=1\n");
		CHECK(!conf_read_own(&m, dir, "link", "C", &e));
		CHECK_INT(fchownat(dir, "config", 4711, 0, 0), 0);
		CHECK(!conf_read_own(&m, dir, "config", "C", &e));
		CHECK_STR(conf_read_file(&m, dir, "config", "C", &e), "a=1\n");
		unlinkat(dir, "link", 0);
		unlinkat(dir, "config", 0);
	}
	CHECK_INT(rmdir(name), 0);
}
