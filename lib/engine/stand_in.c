#include "lib/engine/stand_in.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/engine/terminal.h"

static bool set(int fs, const char *key, const char *value)
{
	return syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value, 0) == 0;
}

/* A new, empty devpts; it is gone with its last open file. */
static int make_devpts(struct err *e)
{
	AUTOCLOSE int fs = (int)syscall(SYS_fsopen, "devpts", FSOPEN_CLOEXEC);
	long mounted = -1;

	if (fs >= 0 && set(fs, "mode", "0666") && set(fs, "ptmxmode", "0666") &&
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0)
		mounted = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return mounted < 0 ? fail_sys(e, "make a terminal for the command") : (int)mounted;
}

int stand_in_slave(int master, struct err *e)
{
	int unlock = 0, slave = -1;

	if (ioctl(master, TIOCSPTLCK, &unlock) == 0)
		slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return slave < 0 ? fail_sys(e, "open the command's terminal") : slave;
}

static int open_pair(struct stand_in *s, struct err *e)
{
	AUTOCLOSE int devpts = make_devpts(e), master = -1;

	if (devpts < 0) return -1;
	master = openat(devpts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0) return fail_sys(e, "make a terminal for the command");
	if ((s->slave = stand_in_slave(master, e)) < 0) return -1;
	s->master = take_fd(&master);
	return 0;
}

/* It begins as the terminal that it stands for. */
static void take_after(const struct stand_in *s)
{
	struct termios now;

	if (tcgetattr(s->out, &now) == 0) tcsetattr(s->slave, TCSANOW, &now);
	terminal_resize(s->master, s->out);
}

int stand_in_open(struct stand_in *s, int stdio[3], struct err *e)
{
	static const int by_rank[] = { 0, 2, 1 };	/* the last that is one is `out` */

	*s = (struct stand_in){ .master = -1, .slave = -1, .in = -1, .out = -1 };
	for (int i = 0; i < 3; i++)
		if (isatty(by_rank[i])) s->out = by_rank[i];
	if (s->out < 0) return 0;
	if (isatty(0)) s->in = 0;
	if (open_pair(s, e) < 0) return -1;
	take_after(s);
	for (int i = 0; i < 3; i++)
		if (isatty(stdio[i])) stdio[i] = s->slave;
	return 0;
}

void stand_in_hand_over(struct stand_in *s)
{
	if (s->slave >= 0) close(s->slave);
	s->slave = -1;
}

void stand_in_close(struct stand_in *s)
{
	stand_in_hand_over(s);
	if (s->master >= 0) close(s->master);
	s->master = -1;
}
