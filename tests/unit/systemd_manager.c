#include "lib/systemd/manager.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>

#include "lib/base/auto.h"
#include "lib/systemd/impl.h"
#include "tests/unit/dbus_peer.h"
#include "tests/unit/memory.h"
#include "tests/unit/test.h"

#define UNIT "jlmkr-a.service"
#define UNIT_PATH "/org/freedesktop/systemd1/unit/jlmkr_2da_2eservice"
#define JOB "/org/freedesktop/systemd1/job/7"
#define MANAGER "org.freedesktop.systemd1.Manager"
#define NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"
#define PROPERTIES "org.freedesktop.DBus.Properties"

static struct arena m;

/* -- names -- */

TEST(names_are_escaped)
{
	CHECK_STR(unit_path(&m, "jlmkr-my.jail.service"),
	          "/org/freedesktop/systemd1/unit/jlmkr_2dmy_2ejail_2eservice");
	CHECK_STR(unit_path(&m, "1a2"), "/org/freedesktop/systemd1/unit/_31a2");
	CHECK_STR(unit_path(&m, "a_b"), "/org/freedesktop/systemd1/unit/a_5fb");
	CHECK_STR(unit_path(&m, ""), "/org/freedesktop/systemd1/unit/_");
}

/* -- what the other side says -- */

static void add_value(struct wire *w, const char *name, const char *value)
{
	wire_open_entry(w);
	wire_str(w, name);
	wire_open_variant(w, "s");
	wire_str(w, value);
	wire_close_variant(w);
	wire_close_entry(w);
}

static void add_job(struct wire *w, uint32_t id)
{
	wire_open_entry(w);
	wire_str(w, "Job");
	wire_open_variant(w, "(uo)");
	wire_open_struct(w);
	wire_u32(w, id);
	wire_path(w, id ? JOB : "/");
	wire_close_struct(w);
	wire_close_variant(w);
	wire_close_entry(w);
}

static void add_state(struct wire *w, const char *load, const char *active, const char *result,
                      uint32_t job)
{
	wire_open_array(w, "{sv}");
	add_value(w, "LoadState", load);
	add_value(w, "ActiveState", active);
	if (result) add_value(w, "Result", result);
	add_job(w, job);
	wire_close_array(w);
}

static void say_state(int fd, const char *load, const char *active, const char *result,
                      uint32_t job)
{
	struct wire *w = peer_body();
	struct message msg;

	peer_hear(fd, &msg);
	if (strcmp(msg.member, "GetAll") != 0) _exit(1);
	add_state(w, load, active, result, job);
	peer_reply(fd, msg.serial, w);
}

static struct wire *changed(const char *active, const char *result, uint32_t job)
{
	struct wire *w = peer_body();

	wire_str(w, "org.freedesktop.systemd1.Unit");
	add_state(w, "loaded", active, result, job);
	wire_open_array(w, "s");
	wire_close_array(w);
	return w;
}

static void say_changed(int fd, const char *active, const char *result, uint32_t job)
{
	peer_signal(fd, UNIT_PATH, PROPERTIES, "PropertiesChanged",
	            changed(active, result, job));
}

static struct wire *job_removed(const char *job, const char *result)
{
	struct wire *w = peer_body();

	wire_u32(w, 7);
	wire_path(w, job);
	wire_str(w, UNIT);
	wire_str(w, result);
	return w;
}

static void say_job_removed(int fd, const char *job, const char *result)
{
	peer_signal(fd, "/org/freedesktop/systemd1", MANAGER, "JobRemoved",
	            job_removed(job, result));
}

static void hear_matches(int fd)
{
	struct message msg;

	for (int i = 0; i < 2; i++) {
		peer_hear(fd, &msg);
		if (strcmp(msg.member, "AddMatch") != 0) _exit(1);
		peer_reply(fd, msg.serial, NULL);
	}
}

/* Hear a call and answer with the job. */
static void give_job(int fd, const char *member)
{
	struct wire *w = peer_body();
	struct message msg;

	peer_hear(fd, &msg);
	if (strcmp(msg.member, member) != 0) _exit(1);
	wire_path(w, JOB);
	peer_reply(fd, msg.serial, w);
}

static void start(struct unit_watch *uw, struct bus *b, int want)
{
	struct err e = { 0 };
	struct wire *w = arena_alloc(&m, sizeof *w);

	CHECK_INT(unit_watch(uw, b, UNIT, &e), 0);
	unit_begin_start(w, &m, UNIT);
	wire_open_array(w, "(sv)");
	wire_close_array(w);
	CHECK_INT(unit_send_start(uw, w, &e), want);
}

/* -- starting -- */

/* The end of the job overtakes the answer that names it. */
static void part_starts(int fd)
{
	peer_begin(fd);
	hear_matches(fd);
	say_changed(fd, "inactive", NULL, 7);
	say_job_removed(fd, JOB "7", "canceled");
	say_job_removed(fd, JOB, "done");
	give_job(fd, "StartTransientUnit");
	say_state(fd, "loaded", "active", "success", 0);
	say_changed(fd, "active", NULL, 0);
	say_changed(fd, "deactivating", NULL, 0);
	say_changed(fd, "inactive", "exit-code", 0);
	say_state(fd, "loaded", "failed", "exit-code", 0);
}

TEST(start_and_end)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = peer_bus(part_starts, BUS_BROKER, &e);

	CHECK(b);
	start(&uw, b, 0);
	CHECK_STR(uw.job, JOB);
	CHECK_INT(unit_wait_job(&uw, deadline_in(2000), &e), 1);
	CHECK_STR(uw.job_result, "done");
	CHECK_INT(unit_wait_end(&uw, deadline_in(2000), &e), 1);
	CHECK_STR(uw.state.active, "failed");
	CHECK_STR(uw.state.result, "exit-code");
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

static void part_starts_slowly(int fd)
{
	peer_begin(fd);
	hear_matches(fd);
	give_job(fd, "StartTransientUnit");
	say_changed(fd, "activating", NULL, 7);
	usleep(300 * 1000);
}

TEST(a_job_that_takes_its_time)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = peer_bus(part_starts_slowly, BUS_BROKER, &e);

	CHECK(b);
	start(&uw, b, 0);
	CHECK_INT(unit_wait_job(&uw, deadline_in(50), &e), 0);
	CHECK(!uw.job_result);
	CHECK_INT(unit_wait_end(&uw, deadline_in(50), &e), 0);
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

static void part_refuses(int fd)
{
	struct message msg;

	peer_begin(fd);
	hear_matches(fd);
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "org.freedesktop.systemd1.UnitExists", "Unit exists.");
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "org.freedesktop.systemd1.NoSuchUnit", "No such unit.");
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "System.Error.ESRCH", "No process.");
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "org.freedesktop.systemd1.AlreadySubscribed", "Already.");
}

TEST(refusals)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = peer_bus(part_refuses, BUS_BROKER, &e);
	struct wire *w = arena_alloc(&m, sizeof *w);

	CHECK(b);
	CHECK_INT(unit_watch(&uw, b, UNIT, &e), 0);
	unit_begin_start(w, &m, UNIT);
	wire_open_array(w, "(sv)");
	wire_close_array(w);
	CHECK_INT(unit_send_start(&uw, w, &e), -1);
	CHECK_INT(e.kind, ERR_EXISTS);
	CHECK_STR(e.text, "Unit exists.");
	CHECK_INT(unit_hold(&uw, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(unit_kill(b, UNIT, "all", 9, &e), -1);
	CHECK_INT(e.kind, ERR_MISSING);
	CHECK_INT(systemd_subscribe(b, &e), 0);
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

/* -- the end -- */

/* A jail that is started again passes through inactive. */
static void part_restarts(int fd)
{
	peer_begin(fd);
	hear_matches(fd);
	say_state(fd, "loaded", "active", "success", 0);
	say_changed(fd, "inactive", NULL, 0);
	say_state(fd, "loaded", "activating", "success", 0);
	say_changed(fd, "inactive", NULL, 0);
	say_state(fd, "loaded", "inactive", "success", 8);
	say_job_removed(fd, "/other", "done");
	say_state(fd, "not-found", "inactive", "success", 0);
}

TEST(an_end_is_judged_by_the_state)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = peer_bus(part_restarts, BUS_BROKER, &e);

	CHECK(b);
	CHECK_INT(unit_watch(&uw, b, UNIT, &e), 0);
	CHECK_INT(unit_wait_end(&uw, deadline_in(2000), &e), 1);
	CHECK(!unit_is_loaded(&uw.state));
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

/* It ended, and waits for its next start. */
static void part_waits_for_restart(int fd)
{
	struct wire *w = peer_body();
	struct message hold;

	peer_begin(fd);
	hear_matches(fd);
	say_state(fd, "loaded", "active", "success", 0);
	wire_str(w, "org.freedesktop.systemd1.Unit");
	wire_open_array(w, "{sv}");
	add_value(w, "ActiveState", "activating");
	add_value(w, "SubState", "auto-restart");
	wire_close_array(w);
	wire_open_array(w, "s");
	wire_close_array(w);
	peer_signal(fd, UNIT_PATH, PROPERTIES, "PropertiesChanged", w);
	peer_hear(fd, &hold);
	say_changed(fd, "inactive", NULL, 0);
	peer_reply(fd, hold.serial, NULL);
	say_state(fd, "loaded", "inactive", "success", 0);
}

TEST(a_restart_ends_the_wait_once)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = peer_bus(part_waits_for_restart, BUS_BROKER, &e);

	CHECK(b);
	CHECK_INT(unit_watch(&uw, b, UNIT, &e), 0);
	CHECK_INT(unit_wait_end(&uw, deadline_in(2000), &e), 0);
	CHECK(uw.restarting);
	uw.restarting = false;
	CHECK_INT(unit_hold(&uw, &e), 0);
	CHECK_INT(unit_wait_end(&uw, deadline_in(2000), &e), 1);
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

/* -- a connection that is lost -- */

static void part_dies(int fd)
{
	peer_begin(fd);
	hear_matches(fd);
	give_job(fd, "StopUnit");
}

/* Listens, subscribes, holds: the answers of the second connection. */
static void part_goes_on(int fd, const char *load, uint32_t job)
{
	struct message msg;

	peer_begin(fd);
	hear_matches(fd);
	peer_hear(fd, &msg);
	if (strcmp(msg.member, "Subscribe") != 0) _exit(1);
	peer_reply(fd, msg.serial, NULL);
	peer_hear(fd, &msg);
	if (strcmp(msg.member, "RefUnit") != 0) _exit(1);
	if (strcmp(load, "loaded") != 0) peer_refuse(fd, msg.serial, NO_SUCH_UNIT, "no");
	else peer_reply(fd, msg.serial, NULL);
	say_state(fd, load, "inactive", "success", job);
}

static void part_has_the_job(int fd)
{
	part_goes_on(fd, "loaded", 7);
	say_job_removed(fd, JOB, "done");
}

static void part_has_another_job(int fd)
{
	part_goes_on(fd, "loaded", 8);
}

static void part_has_no_unit(int fd)
{
	part_goes_on(fd, "not-found", 0);
}

static void part_says_nothing(int fd)
{
	peer_begin(fd);
}

/* The result of the job, waited for over two connections. */
static const char *go_on(void (*part)(int fd))
{
	struct err e = { 0 };
	struct unit_watch uw;
	struct bus *b = peer_bus(part_dies, BUS_BROKER, &e), *second;
	const char *result;

	CHECK(b);
	CHECK_INT(unit_watch(&uw, b, UNIT, &e), 0);
	CHECK_INT(unit_stop(&uw, &e), 0);
	CHECK_INT(unit_wait_job(&uw, deadline_in(2000), &e), -1);
	CHECK_INT(e.sys, ECONNRESET);
	peer_end();
	CHECK((second = peer_bus(part, BUS_BROKER, &e)));
	if (unit_rewatch(&uw, second, &e) < 0) {
		CHECK(uw.bus == b);
		result = "no new connection";
	} else {
		CHECK_INT(unit_wait_job(&uw, deadline_in(2000), &e), 1);
		result = arena_strdup(&m, uw.job_result);
	}
	unit_unwatch(&uw);
	bus_close(b);
	bus_close(second);
	peer_end();
	return result;
}

TEST(a_watch_goes_on_over_another_connection)
{
	CHECK_STR(go_on(part_has_the_job), "done");
	CHECK_STR(go_on(part_has_another_job), "");
	CHECK_STR(go_on(part_has_no_unit), "");
	CHECK_STR(go_on(part_says_nothing), "no new connection");
}

/* On a private socket the unit is gone when we ask; the signals told why. */
static void part_is_private(int fd)
{
	peer_welcome(fd);
	give_job(fd, "StartTransientUnit");
	say_job_removed(fd, JOB, "done");
	say_changed(fd, "failed", "exit-code", 0);
	say_state(fd, "not-found", "inactive", "success", 0);
}

TEST(a_private_socket)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = peer_bus(part_is_private, BUS_PEER, &e);

	CHECK(b);
	start(&uw, b, 0);
	CHECK_INT(unit_hold(&uw, &e), 0);
	CHECK_INT(unit_wait_job(&uw, deadline_in(2000), &e), 1);
	CHECK_INT(unit_wait_end(&uw, deadline_in(2000), &e), 1);
	CHECK(!unit_is_loaded(&uw.state));
	CHECK_STR(uw.last.active, "failed");
	CHECK_STR(uw.last.result, "exit-code");
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

/* Nobody has the name while systemd replaces itself. */
static void part_is_away(int fd)
{
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "org.freedesktop.DBus.Error.NoReply", "gone");
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "org.freedesktop.DBus.Error.NameHasNoOwner", "gone");
	say_state(fd, "loaded", "active", "success", 0);
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "org.freedesktop.DBus.Error.AccessDenied", "Access denied");
}

TEST(systemd_is_asked_again)
{
	struct err e = { 0 };
	struct unit_state s;
	struct bus *b = peer_bus(part_is_away, BUS_BROKER, &e);

	CHECK(b);
	CHECK_INT(unit_get(b, UNIT, &m, &s, &e), 0);
	CHECK_STR(s.active, "active");
	CHECK_STR(s.sub, "");
	CHECK(s.memory == UNIT_UNKNOWN);
	CHECK_INT(unit_get(b, UNIT, &m, &s, &e), -1);
	CHECK_STR(e.text, "state of jlmkr-a.service: Access denied");
	bus_close(b);
	peer_end();
}

/* -- a systemd that means us ill -- */

enum { JAIL_KIB = 20 * 1024 };

/* Signals as fast as a socket takes them: the one about the unit, and some about others. */
static void add_signals(struct str *all, struct wire *of_unit, size_t n)
{
	const struct message about = {
		.type = MESSAGE_SIGNAL, .path = UNIT_PATH, .iface = PROPERTIES,
		.member = "PropertiesChanged",
	}, removed = {
		.type = MESSAGE_SIGNAL, .path = "/org/freedesktop/systemd1", .iface = MANAGER,
		.member = "JobRemoved",
	};

	for (size_t i = 0; i < n; i++) {
		peer_add(all, removed, job_removed(JOB "7", "done"));
		if (i % 100 == 0) peer_add(all, about, of_unit);
	}
}

static void part_floods(int fd)
{
	struct str all = { .m = &m };

	add_signals(&all, changed("active", NULL, 7), 10000);
	peer_begin(fd);
	hear_matches(fd);
	give_job(fd, "StopUnit");
	for (;;)
		peer_say(fd, all.s, all.len);
}

static struct bus *jail_bus(void (*part)(int fd), enum bus_kind kind, struct err *e)
{
	return bus_open_fd(peer_socket(part), kind, BUS_OF_JAIL, deadline_in(5000), e);
}

TEST(signals_without_end_keep_nobody_from_the_deadline)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = jail_bus(part_floods, BUS_BROKER, &e);
	int64_t start;

	CHECK(b);
	memory_begin();
	CHECK_INT(unit_watch(&uw, b, UNIT, &e), 0);
	CHECK_INT(unit_stop(&uw, &e), 0);
	start = now_ms();
	CHECK_INT(unit_wait_job(&uw, deadline_in(300), &e), 0);
	CHECK(now_ms() - start < 2000);
	start = now_ms();
	CHECK_INT(unit_wait_job(&uw, 0, &e), 0);
	CHECK(now_ms() - start < 2000);
	CHECK(memory_peak() < JAIL_KIB);
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

/* It answers, and what it answers is that the unit goes on. */
static void part_floods_and_answers(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct str all = { .m = &m };

	add_signals(&all, changed("inactive", NULL, 0), 1000);
	peer_begin(fd);
	hear_matches(fd);
	for (;;) {
		if (poll(&p, 1, 0) > 0) say_state(fd, "loaded", "active", "success", 0);
		peer_say(fd, all.s, all.len);
	}
}

TEST(a_unit_that_never_stops_changing)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = jail_bus(part_floods_and_answers, BUS_BROKER, &e);
	int64_t start = now_ms();

	CHECK(b);
	memory_begin();
	CHECK_INT(unit_watch(&uw, b, UNIT, &e), 0);
	CHECK_INT(unit_wait_end(&uw, deadline_in(300), &e), 0);
	CHECK(now_ms() - start < 4000);
	CHECK(memory_peak() < JAIL_KIB);
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

TEST(a_caught_signal_ends_a_wait_among_signals)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = jail_bus(part_floods_and_answers, BUS_BROKER, &e);
	int64_t start = now_ms();

	CHECK(b);
	CHECK_INT(unit_watch(&uw, b, UNIT, &e), 0);
	signals_catch();
	if (fork() == 0) {
		usleep(300 * 1000);
		kill(getppid(), SIGTERM);
		_exit(0);
	}
	CHECK_INT(unit_wait_end(&uw, NO_DEADLINE, &e), -1);
	CHECK_INT(e.kind, ERR_INTERRUPTED);
	CHECK(now_ms() - start < 4000);
	signal_forget();
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
	wait(NULL);
}

/* A private socket tells in signals what nobody can be asked about later. */
static void part_tells_much(int fd)
{
	char *text = arena_alloc(&m, 100 * 1000);

	memset(text, 'x', 100 * 1000 - 1);
	peer_welcome(fd);
	give_job(fd, "StopUnit");
	for (int i = 0; i < 60; i++) {
		struct wire *w = peer_body();

		wire_str(w, "org.freedesktop.systemd1.Unit");
		wire_open_array(w, "{sv}");
		add_value(w, "StatusText", text);
		if (i == 0) add_value(w, "Result", "exit-code");
		wire_close_array(w);
		wire_open_array(w, "s");
		wire_close_array(w);
		peer_signal(fd, UNIT_PATH, PROPERTIES, "PropertiesChanged", w);
		say_job_removed(fd, JOB "7", text);
		arena_free(&peer_m);
	}
	say_job_removed(fd, JOB, text);
	say_job_removed(fd, JOB, text);
}

TEST(what_signals_told_does_not_pile_up)
{
	struct err e = { 0 };
	AUTOWATCH struct unit_watch uw = { 0 };
	struct bus *b = jail_bus(part_tells_much, BUS_PEER, &e);

	CHECK(b);
	memory_begin();
	CHECK_INT(unit_watch(&uw, b, UNIT, &e), 0);
	CHECK_INT(unit_stop(&uw, &e), 0);
	CHECK_INT(unit_wait_job(&uw, deadline_in(10000), &e), 1);
	CHECK_INT(strlen(uw.job_result), 64);
	CHECK_INT(strlen(uw.last.status_text), 4096);
	CHECK_STR(uw.last.result, "exit-code");
	CHECK(memory_peak() < 4 * 1024);
	unit_unwatch(&uw);
	bus_close(b);
	peer_end();
}

/* Away at length, and with descriptors in an answer that has none. */
static void part_is_away_at_length(int fd)
{
	char *text = arena_alloc(&m, 1000 * 1000);
	struct wire *w;
	struct message msg;

	memset(text, 'x', 1000 * 1000 - 1);
	peer_begin(fd);
	for (int i = 0; i < 10; i++) {
		peer_hear(fd, &msg);
		peer_refuse(fd, msg.serial, "org.freedesktop.DBus.Error.NoReply", text);
		arena_free(&peer_m);
	}
	peer_hear(fd, &msg);
	w = peer_body();
	add_state(w, "loaded", "active", "success", 0);
	wire_fd(w, fd);
	wire_fd(w, fd);
	peer_reply(fd, msg.serial, w);
	peer_hear(fd, &msg);
}

TEST(answers_do_not_pile_up)
{
	struct err e = { 0 };
	struct unit_state s;
	int before = count_fds();
	struct bus *b = jail_bus(part_is_away_at_length, BUS_BROKER, &e);

	CHECK(b);
	memory_begin();
	CHECK_INT(unit_get(b, UNIT, &m, &s, &e), 0);
	CHECK_STR(s.active, "active");
	CHECK(memory_peak() < 8 * 1024);
	bus_close(b);
	CHECK_INT(count_fds(), before);
	peer_end();
}

/* -- states and lists -- */

TEST(a_state_is_read)
{
	struct wire *w = peer_body();
	struct unit_state s;
	struct reader r;

	wire_open_array(w, "{sv}");
	add_value(w, "Id", UNIT);
	add_value(w, "Unknown", "x");
	add_value(w, "MainPID", "not a number");
	wire_open_entry(w);
	wire_str(w, "ExecMainStatus");
	wire_open_variant(w, "i");
	wire_i32(w, 7);
	wire_close_variant(w);
	wire_close_entry(w);
	wire_open_entry(w);
	wire_str(w, "TasksCurrent");
	wire_open_variant(w, "t");
	wire_u64(w, 12);
	wire_close_variant(w);
	wire_close_entry(w);
	wire_open_entry(w);
	wire_str(w, "InvocationID");
	wire_open_variant(w, "ay");
	wire_bytes(w, "0123456789abcdef", 16);
	wire_close_variant(w);
	wire_close_entry(w);
	add_job(w, 3);
	wire_close_array(w);
	CHECK_INT(wire_done(w, NULL), 0);
	unit_state_init(&s);
	reader_of(&r, w);
	unit_state_read(&s, &m, &r);
	CHECK_INT(reader_done(&r, NULL), 0);
	CHECK_STR(s.id, UNIT);
	CHECK_INT(s.main_pid, 0);
	CHECK_INT(s.exec_status, 7);
	CHECK_INT(s.tasks, 12);
	CHECK_INT(s.job, 3);
	CHECK(!memcmp(s.invocation_id, "0123456789abcdef", 16));
	CHECK(s.memory == UNIT_UNKNOWN);
}

static void part_lists(int fd)
{
	struct wire *w = peer_body();
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	if (strcmp(msg.sig, "asas") != 0) _exit(1);
	wire_open_array(w, "(ssssssouso)");
	for (unsigned i = 0; i < 40; i++) {
		wire_open_struct(w);
		wire_str(w, UNIT);
		wire_str(w, "description");
		wire_str(w, "loaded");
		wire_str(w, "active");
		wire_str(w, "running");
		wire_str(w, "");
		wire_path(w, UNIT_PATH);
		wire_u32(w, i);
		wire_str(w, "");
		wire_path(w, "/");
		wire_close_struct(w);
	}
	wire_close_array(w);
	peer_reply(fd, msg.serial, w);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
}

TEST(units_are_listed)
{
	struct err e = { 0 };
	char *patterns[] = { "jlmkr-*.service", NULL };
	struct bus *b = peer_bus(part_lists, BUS_BROKER, &e);
	struct unit_row *rows;
	size_t n;

	CHECK(b);
	CHECK((rows = unit_list(b, patterns, &m, &n, &e)));
	CHECK_INT(n, 40);
	CHECK_STR(rows[39].id, UNIT);
	CHECK_STR(rows[39].sub, "running");
	CHECK_INT(rows[39].job, 39);
	CHECK(!unit_list(b, patterns, &m, &n, &e));
	CHECK_STR(e.text, "malformed D-Bus message: its types are not the expected ones");
	bus_close(b);
	peer_end();
}
