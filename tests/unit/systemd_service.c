#include "lib/systemd/service.h"

#include <signal.h>

#include "lib/base/auto.h"
#include "lib/systemd/manager.h"
#include "tests/unit/dbus_peer.h"
#include "tests/unit/test.h"

static void add_command(struct wire *w, const char *path, bool ignored, int code, int status)
{
	wire_open_struct(w);
	wire_str(w, path);
	wire_open_array(w, "s");
	wire_str(w, path);
	wire_close_array(w);
	wire_bool(w, ignored);
	for (int i = 0; i < 4; i++)
		wire_u64(w, 1);
	wire_u32(w, 7);
	wire_i32(w, code);
	wire_i32(w, status);
	wire_close_struct(w);
}

static void open_property(struct wire *w, const char *name, const char *sig)
{
	wire_open_entry(w);
	wire_str(w, name);
	wire_open_variant(w, sig);
}

static void close_property(struct wire *w)
{
	wire_close_variant(w);
	wire_close_entry(w);
}

static void part_tells(int fd)
{
	struct message msg;
	struct wire *w = peer_body();

	peer_begin(fd);
	peer_hear(fd, &msg);
	wire_open_array(w, "{sv}");
	open_property(w, "ExecStartPost", "a(sasbttttuii)");
	wire_open_array(w, "(sasbttttuii)");
	add_command(w, "/post", false, CLD_KILLED, 9);
	wire_close_array(w);
	close_property(w);
	open_property(w, "ExecStartPre", "a(sasbttttuii)");
	wire_open_array(w, "(sasbttttuii)");
	add_command(w, "/one", true, CLD_EXITED, 1);
	add_command(w, "/two", false, CLD_EXITED, 0);
	wire_close_array(w);
	close_property(w);
	open_property(w, "ExecStop", "s");
	wire_str(w, "not what it should be");
	close_property(w);
	open_property(w, "Conditions", "a(sbbsi)");
	wire_open_array(w, "(sbbsi)");
	for (int state = -1; state <= 1; state++) {
		wire_open_struct(w);
		wire_str(w, "ConditionPathExists");
		wire_bool(w, false);
		wire_bool(w, true);
		wire_str(w, "/etc");
		wire_i32(w, state);
		wire_close_struct(w);
	}
	wire_close_array(w);
	close_property(w);
	wire_close_array(w);
	peer_reply(fd, msg.serial, w);
}

TEST(commands_come_in_the_order_of_a_start)
{
	AUTOFREE struct arena m = { 0 };
	struct err e = { 0 };
	struct bus *b = peer_bus(part_tells, BUS_BROKER, &e);
	struct unit_service s;

	CHECK_INT(unit_service(b, "a.service", &m, &s, &e), 0);
	CHECK_INT(s.command_count, 3);
	CHECK_STR(s.commands[0].path, "/one");
	CHECK_INT(s.commands[0].left, 1);
	CHECK(!unit_command_failed(&s.commands[0]));
	CHECK(!unit_command_failed(&s.commands[1]));
	CHECK_STR(s.commands[2].property, "ExecStartPost");
	CHECK_INT(s.commands[2].left, 0);
	CHECK(unit_command_failed(&s.commands[2]));
	CHECK_INT(s.unmet_count, 1);
	CHECK(s.unmet[0].negated);
	CHECK(s.start_timeout == UNIT_UNKNOWN);
	bus_close(b);
	peer_end();
}
