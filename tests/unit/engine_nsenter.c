#include "lib/engine/nsenter.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "lib/base/auto.h"
#include "lib/base/wait.h"
#include "tests/unit/dbus_peer.h"
#include "tests/unit/test.h"

/* A bus on which systemd is: matches, a question for the name, and the last. */
static void has_systemd(int fd)
{
	struct wire *w = peer_body();
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
	peer_hear(fd, &msg);
	wire_bool(w, true);
	peer_reply(fd, msg.serial, w);
	peer_hear(fd, &msg);
}

static int serving_socket(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 5) < 0) _exit(1);
	return fd;
}

/* The first process of a small jail: a root of its own with /run, and in it after
 * a while a bus. It runs as a copy of this program that is called systemd, because
 * that is looked at. */
static void be_jail(const char *root, int ready, int delay_ms)
{
	int fd;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) _exit(1);
	if (mount("tmpfs", root, "tmpfs", 0, NULL) < 0) _exit(1);
	if (chroot(root) < 0 || chdir("/") < 0) _exit(1);
	if (mkdir("/run", 0755) < 0 || write(ready, "r", 1) != 1) _exit(1);
	usleep((useconds_t)delay_ms * 1000);
	if (mkdir("/run/dbus", 0755) < 0) _exit(1);
	fd = serving_socket("/run/dbus/system_bus_socket");
	for (;;) {
		int one = accept(fd, NULL, NULL);

		if (one < 0) continue;
		if (fork() == 0) {
			has_systemd(one);
			_exit(0);
		}
		close(one);
	}
}

static void exec_jail(const char *dir, int ready, int delay_ms)
{
	char self[512], program[64], copy[600], words[64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (n < 0) _exit(1);
	self[n] = 0;
	snprintf(program, sizeof program, "%s/systemd", dir);
	snprintf(copy, sizeof copy, "cp '%s' %s", self, program);
	snprintf(words, sizeof words, "%s %d %d", dir, ready, delay_ms);
	if (system(copy) != 0 || setenv("TEST_JAIL", words, 1) < 0) _exit(1);
	execl(program, program, "the_jail_itself", (char *)NULL);
	_exit(1);
}

/* Its pid, or -1 where we may not make one. */
static pid_t jail_start(int delay_ms)
{
	char dir[] = "/tmp/bus-enter-XXXXXX", program[64];
	int ends[2];
	char c;
	pid_t pid;

	if (!mkdtemp(dir) || pipe(ends) < 0) return -1;
	pid = (pid_t)syscall(SYS_clone, CLONE_NEWPID | CLONE_NEWNS | SIGCHLD, NULL, NULL, NULL,
	                     NULL);
	if (pid == 0) {
		close(ends[0]);
		exec_jail(dir, ends[1], delay_ms);
	}
	close(ends[1]);
	if (pid > 0 && read(ends[0], &c, 1) != 1) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	close(ends[0]);
	snprintf(program, sizeof program, "%s/systemd", dir);
	unlink(program);
	rmdir(dir);
	return pid;
}

static void jail_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static pid_t need_jail(int delay_ms)
{
	pid_t pid = jail_start(delay_ms);

	if (pid < 0) SKIP("needs root");
	return pid;
}

TEST(the_jail_itself)
{
	const char *words = getenv("TEST_JAIL");
	char root[64];
	int ready, delay_ms;

	if (!words) return;
	alarm(20);
	if (sscanf(words, "%63s %d %d", root, &ready, &delay_ms) != 3) _exit(1);
	be_jail(root, ready, delay_ms);
}

TEST(processes_that_are_no_jail)
{
	struct err e = { 0 };
	struct nsenter en;
	int before = count_fds();
	pid_t pid;

	CHECK_INT(nsenter_open(&en, getpid(), &e), -1);
	if (!strstr(e.text, "first process") && !strstr(e.text, "on this host"))
		CHECK_STR(e.text, "something about the first process");
	pid = fork();
	if (pid == 0) _exit(0);
	waitpid(pid, NULL, 0);
	CHECK_INT(nsenter_open(&en, pid, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	nsenter_close(&en);
	CHECK_INT(count_fds(), before);
}

TEST(what_is_there_is_seen)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct nsenter en;
	pid_t leader = need_jail(0);
	int before = count_fds();

	CHECK_INT(nsenter_open(&en, leader, &e), 0);
	CHECK(!en.own_users);
	CHECK_INT(en.uid, 0);
	CHECK(nsenter_has(&en, "/run", S_IFDIR, 0));
	CHECK(nsenter_has(&en, "run/../../run", S_IFDIR, 0));
	CHECK(!nsenter_has(&en, "/run", S_IFREG, 0));
	CHECK(!nsenter_has(&en, "/usr", S_IFDIR, 0));
	CHECK(!nsenter_read(&en, "/run", 100, deadline_in(1000), &m, &e));
	CHECK_INT(e.sys, EINVAL);
	CHECK(!nsenter_read(&en, "/etc/passwd", 100, deadline_in(1000), &m, &e));
	CHECK_INT(e.sys, ENOENT);
	nsenter_close(&en);
	CHECK_INT(count_fds(), before);
	jail_end(leader);
}

TEST(a_bus_that_is_there_later)
{
	struct err e = { 0 };
	struct nsenter en;
	pid_t leader = need_jail(300);
	struct bus *b;
	int before = count_fds();
	int64_t start = now_ms();

	CHECK_INT(nsenter_open(&en, leader, &e), 0);
	b = nsenter_bus(&en, deadline_in(5000), &e);
	if (!b) CHECK_STR(e.text, "");
	CHECK_INT(bus_kind(b), BUS_BROKER);
	CHECK(now_ms() - start < 3000);
	bus_close(b);
	nsenter_close(&en);
	CHECK_INT(count_fds(), before);
	jail_end(leader);
}

TEST(a_bus_that_does_not_come)
{
	struct err e = { 0 };
	struct nsenter en;
	pid_t leader = need_jail(10000);
	int64_t start = now_ms();

	CHECK_INT(nsenter_open(&en, leader, &e), 0);
	CHECK(!nsenter_bus(&en, deadline_in(300), &e));
	CHECK_INT(e.sys, ETIMEDOUT);
	CHECK(now_ms() - start < 2000);
	nsenter_close(&en);
	jail_end(leader);
}

TEST(a_socket_that_nobody_listens_to)
{
	struct err e = { 0 };
	struct nsenter en;
	pid_t leader = need_jail(0);

	CHECK_INT(nsenter_open(&en, leader, &e), 0);
	CHECK_INT(nsenter_connect(&en, "/run/nothing", deadline_in(1000), &e), -1);
	CHECK_INT(e.sys, ENOENT);
	jail_end(leader);
	CHECK_INT(nsenter_connect(&en, "/run/nothing", deadline_in(1000), &e), -1);
	nsenter_close(&en);
}

TEST(a_jail_that_ends_while_it_boots)
{
	struct err e = { 0 };
	struct nsenter en;
	pid_t leader = need_jail(10000), killer;
	int64_t start = now_ms();

	CHECK_INT(nsenter_open(&en, leader, &e), 0);
	killer = fork();
	if (killer == 0) {
		usleep(100 * 1000);
		_exit(kill(leader, SIGKILL));
	}
	CHECK(!nsenter_bus(&en, deadline_in(8000), &e));
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK(now_ms() - start < 4000);
	waitpid(killer, NULL, 0);
	nsenter_close(&en);
	jail_end(leader);
}
