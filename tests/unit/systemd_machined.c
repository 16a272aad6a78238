#include "lib/systemd/machined.h"

#include <errno.h>
#include <fcntl.h>

#include "lib/base/auto.h"
#include "tests/unit/dbus_peer.h"
#include "tests/unit/test.h"

static struct arena m;

static void add_machine(struct wire *w, const char *name, const char *class,
                        const char *service)
{
	wire_open_struct(w);
	wire_str(w, name);
	wire_str(w, class);
	wire_str(w, service);
	wire_path(w, "/org/freedesktop/machine1/machine/x");
	wire_close_struct(w);
}

static void say_machines(int fd)
{
	struct wire *w = peer_body();
	struct message msg;

	peer_hear(fd, &msg);
	wire_open_array(w, "(ssso)");
	add_machine(w, "web", "container", "systemd-nspawn");
	add_machine(w, ".host", "host", "");
	add_machine(w, "gone", "container", "systemd-nspawn");
	add_machine(w, "virtual", "vm", "libvirt-qemu");
	add_machine(w, "db", "container", "systemd-nspawn");
	wire_close_array(w);
	peer_reply(fd, msg.serial, w);
}

static struct wire *addresses(void)
{
	struct wire *w = peer_body();

	wire_open_array(w, "(iay)");
	wire_open_struct(w);
	wire_i32(w, 2);
	wire_bytes(w, "\12\0\0\7", 4);
	wire_close_struct(w);
	wire_open_struct(w);
	wire_i32(w, 2);
	wire_bytes(w, "too long", 8);
	wire_close_struct(w);
	wire_open_struct(w);
	wire_i32(w, 10);
	wire_bytes(w, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	wire_close_struct(w);
	wire_close_array(w);
	return w;
}

/* All questions come before the first answer; db, gone, web. */
static void part_lists(int fd)
{
	struct message q[3];

	peer_begin(fd);
	say_machines(fd);
	for (int i = 0; i < 3; i++)
		peer_hear(fd, &q[i]);
	peer_refuse(fd, q[2].serial, "org.freedesktop.machine1.NoPrivateNetworking", "no");
	peer_refuse(fd, q[1].serial, "org.freedesktop.machine1.NoSuchMachine", "gone");
	peer_reply(fd, q[0].serial, addresses());
}

TEST(machines_with_their_details)
{
	struct err e = { 0 };
	struct bus *b = peer_bus(part_lists, BUS_BROKER, &e);
	struct machine_row *rows;
	size_t n;

	CHECK(b);
	CHECK((rows = machine_list(b, "systemd-nspawn", true, &m, &n, &e)));
	CHECK_INT(n, 4);
	CHECK_STR(rows[0].name, "db");
	CHECK_STR(rows[0].addresses[0], "10.0.0.7");
	CHECK_STR(rows[0].addresses[1], "fe80::1");
	CHECK(!rows[0].addresses[2]);
	CHECK_STR(rows[1].name, "gone");
	CHECK(!rows[1].addresses && !rows[1].shares_network);
	CHECK_STR(rows[2].class, "vm");
	CHECK(!rows[2].addresses);
	CHECK_STR(rows[3].name, "web");
	CHECK(rows[3].shares_network);
	bus_close(b);
	peer_end();
}

static void part_ends_in_the_middle(int fd)
{
	struct message msg;

	peer_begin(fd);
	say_machines(fd);
	for (int i = 0; i < 3; i++)
		peer_hear(fd, &msg);
}

TEST(a_list_that_breaks_off)
{
	struct err e = { 0 };
	struct bus *b = peer_bus(part_ends_in_the_middle, BUS_BROKER, &e);
	size_t n = 7;

	CHECK(b);
	CHECK(!machine_list(b, "systemd-nspawn", true, &m, &n, &e));
	CHECK_INT(e.sys, ECONNRESET);
	CHECK_INT(n, 0);
	bus_close(b);
	peer_end();
}

static void part_refuses(int fd)
{
	static const char *const names[] = {
		"org.freedesktop.machine1.NoSuchMachine", "System.Error.ESRCH",
		"org.freedesktop.DBus.Error.FileExists",
		"org.freedesktop.DBus.Error.ServiceUnknown",
	};
	struct message msg;

	peer_begin(fd);
	for (int i = 0; i < 4; i++) {
		peer_hear(fd, &msg);
		peer_refuse(fd, msg.serial, names[i], "no");
	}
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "org.freedesktop.DBus.Error.UnknownObject", "no");
}

TEST(refusals)
{
	struct err e = { 0 };
	struct bus *b = peer_bus(part_refuses, BUS_BROKER, &e);

	CHECK(b);
	CHECK_INT(machine_unregister(b, "x", &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(machine_unregister(b, "x", &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(machine_unregister(b, "x", &e), -1);
	CHECK_INT(e.sys, ENOSYS);
	CHECK_INT(machine_unregister(b, "x", &e), -1);
	CHECK_INT(e.sys, ENOSYS);
	CHECK_INT(machine_unregister(b, "x", &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	bus_close(b);
	peer_end();
}

static void part_gives_pty(int fd)
{
	struct wire *w = peer_body();
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	if (strcmp(msg.sig, "s") != 0) _exit(1);
	wire_fd(w, fd);
	wire_str(w, "/dev/pts/3");
	peer_reply(fd, msg.serial, w);
	peer_hear(fd, &msg);
	w = peer_body();
	wire_str(w, "not what was asked");
	wire_fd(w, fd);
	peer_reply(fd, msg.serial, w);
}

TEST(a_terminal)
{
	struct err e = { 0 };
	int before = count_fds();
	struct bus *b = peer_bus(part_gives_pty, BUS_BROKER, &e);
	const char *path;
	int fd;

	CHECK(b);
	fd = machine_open_pty(b, "x", &m, &path, &e);
	CHECK(fd >= 0);
	CHECK_STR(path, "/dev/pts/3");
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	CHECK_INT(machine_open_pty(b, "x", &m, &path, &e), -1);
	bus_close(b);
	CHECK_INT(count_fds(), before);
	peer_end();
}
