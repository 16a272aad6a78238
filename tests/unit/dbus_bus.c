#include "lib/dbus/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/un.h>

#include "lib/base/auto.h"
#include "tests/unit/dbus_peer.h"
#include "tests/unit/memory.h"
#include "tests/unit/test.h"

static const struct bus_dest somewhere = { "a.b", "/a", "a.b.C" };
static struct arena m;

static struct wire *wire_new(void)
{
	struct wire *w = arena_alloc(&m, sizeof *w);

	wire_init(w, &m);
	return w;
}

static int ask(struct bus *b, int64_t ms, struct message *reply, struct err *e)
{
	return bus_call(b, &somewhere, "Do", NULL, deadline_in(ms), &m, reply, e);
}

/* -- introduction -- */

static void check_no_bus(void (*part)(int fd), int64_t ms, const char *why, int sys)
{
	struct err e = { 0 };
	int before = count_fds();
	int64_t start = now_ms();
	struct bus *b = bus_open_fd(peer_socket(part), BUS_BROKER, BUS_OF_HOST, deadline_in(ms),
	                            &e);

	CHECK(!b);
	CHECK(now_ms() - start < ms + 1000);
	if (!strstr(e.text, why)) CHECK_STR(e.text, why);
	CHECK_INT(e.sys, sys);
	CHECK_INT(count_fds(), before);
	peer_end();
}

static void part_rejects(int fd)
{
	peer_hear_auth(fd);
	peer_say_text(fd, "REJECTED EXTERNAL\r\n");
}

static void part_closes(int fd)
{
	peer_hear_auth(fd);
}

static void part_is_silent(int fd)
{
	char c;

	while (read(fd, &c, 1) == 1)
		;
}

static void part_is_http(int fd)
{
	peer_hear_auth(fd);
	peer_say_text(fd, "HTTP/1.1 400 Bad Request\r\n");
}

static void part_ends_lines_badly(int fd)
{
	peer_hear_auth(fd);
	peer_say_text(fd, "DATA\nOK 01\nAGREE_UNIX_FD\n");
}

static void part_never_ends_the_line(int fd)
{
	static const char text[4096] = { 'O', 'K', ' ' };

	peer_hear_auth(fd);
	for (int i = 0; i < 100; i++)
		peer_say(fd, text, sizeof text);
}

static void part_asks_again_and_again(int fd)
{
	peer_hear_auth(fd);
	for (int i = 0; i < 100; i++)
		peer_say_text(fd, "DATA\r\n");
}

static void part_ends_in_the_middle(int fd)
{
	peer_hear_auth(fd);
	peer_say_text(fd, "DATA\r\nOK 0123\r\nAGREE_");
}

TEST(introductions_that_fail)
{
	check_no_bus(part_rejects, 5000, "rejects our user", EACCES);
	check_no_bus(part_closes, 5000, "D-Bus: ", ECONNRESET);
	check_no_bus(part_is_silent, 100, "no answer in time", ETIMEDOUT);
	check_no_bus(part_is_http, 5000, "does not speak D-Bus", EPROTO);
	check_no_bus(part_ends_lines_badly, 5000, "does not speak D-Bus", EPROTO);
	check_no_bus(part_never_ends_the_line, 5000, "does not speak D-Bus", EPROTO);
	check_no_bus(part_asks_again_and_again, 5000, "does not speak D-Bus", EPROTO);
	check_no_bus(part_ends_in_the_middle, 5000, "D-Bus: ", ECONNRESET);
}

/* Everything in one go, a byte at a time. */
static void part_is_slow(int fd)
{
	static const char text[] = "DATA\r\nOK 0123456789abcdef\r\nAGREE_UNIX_FD\r\n";
	struct message msg;

	peer_hear_auth(fd);
	for (size_t i = 0; i < sizeof text - 1; i++) {
		peer_say(fd, text + i, 1);
		usleep(200);
	}
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
}

TEST(a_slow_introduction)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_is_slow, BUS_PEER, &e);

	CHECK(b);
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	bus_close(b);
	peer_end();
}

static void part_takes_no_fds(int fd)
{
	struct message msg;

	peer_hear_auth(fd);
	peer_say_text(fd, "DATA\r\nOK 0123456789abcdef\r\nERROR\r\n");
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
}

TEST(a_peer_that_takes_no_descriptors)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_takes_no_fds, BUS_PEER, &e);
	struct wire *w = wire_new();

	CHECK(b);
	wire_fd(w, 0);
	CHECK_INT(bus_call(b, &somewhere, "Do", w, deadline_in(2000), &m, &reply, &e), -1);
	CHECK_STR(e.text, "Do: this D-Bus does not accept descriptors");
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	bus_close(b);
	peer_end();
}

/* -- calls -- */

static void part_answers(int fd)
{
	struct wire *w = peer_body();
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial + 77, NULL);	/* to nobody */
	wire_str(w, "yes");
	peer_reply(fd, msg.serial, w);
	peer_reply(fd, msg.serial, w);		/* once more: to nobody */
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "a.b.NoSuchThing", "there is no such thing");
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "a.b.NoWords", NULL);
}

TEST(answers)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_answers, BUS_BROKER, &e);
	struct reader r;

	CHECK(b);
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	message_reader(&reply, &r);
	CHECK_STR(reader_str(&r), "yes");
	CHECK_INT(ask(b, 2000, &reply, &e), -1);
	CHECK_STR(e.text, "there is no such thing");
	CHECK(message_is_error(&reply, "a.b.NoSuchThing"));
	CHECK_INT(ask(b, 2000, &reply, &e), -1);
	CHECK_STR(e.text, "a.b.NoWords");
	CHECK_INT(ask(b, 2000, &reply, &e), -1);	/* the peer is gone */
	CHECK(!reply.error);
	CHECK_INT(e.sys, ECONNRESET);
	CHECK_INT(ask(b, 2000, &reply, &e), -1);
	CHECK_INT(e.sys, ECONNRESET);
	bus_close(b);
	peer_end();
}

static void part_answers_backwards(int fd)
{
	struct message msgs[100];

	peer_begin(fd);
	for (int i = 0; i < 100; i++)
		peer_hear(fd, &msgs[i]);
	for (int i = 99; i >= 0; i--) {
		struct wire *w = peer_body();

		wire_u32(w, msgs[i].serial);
		peer_reply(fd, msgs[i].serial, w);
	}
}

TEST(many_calls_at_once)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_answers_backwards, BUS_BROKER, &e);
	uint32_t serials[100];
	struct reader r;

	CHECK(b);
	for (int i = 0; i < 100; i++)
		CHECK_INT(bus_send(b, &somewhere, "Do", NULL, deadline_in(2000), &serials[i],
		                   &e), 0);
	for (int i = 0; i < 100; i++) {
		CHECK_INT(bus_reply(b, serials[i], deadline_in(2000), &m, &reply, &e), 0);
		message_reader(&reply, &r);
		CHECK_INT(reader_u32(&r), serials[i]);
	}
	bus_close(b);
	peer_end();
}

static void part_is_late(int fd)
{
	struct wire *w = peer_body();
	struct message msg, next;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_hear(fd, &next);
	peer_reply(fd, msg.serial, NULL);
	wire_str(w, "second");
	peer_reply(fd, next.serial, w);
}

TEST(an_answer_that_is_late)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_is_late, BUS_BROKER, &e);
	int64_t start = now_ms();

	CHECK(b);
	CHECK_INT(ask(b, 50, &reply, &e), -1);
	CHECK_INT(e.sys, ETIMEDOUT);
	CHECK_STR(e.text, "Do: no answer in time");
	CHECK(now_ms() - start < 1000);
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	CHECK_STR(reply.sig, "s");
	bus_close(b);
	peer_end();
}

static void part_never_stops_talking(int fd)
{
	peer_begin(fd);
	for (;;)
		peer_signal(fd, "/x", "x.y", "Z", NULL);
}

TEST(a_peer_that_never_stops_talking)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_never_stops_talking, BUS_BROKER, &e);
	int64_t start = now_ms();

	CHECK(b);
	CHECK_INT(ask(b, 100, &reply, &e), -1);
	CHECK_INT(e.sys, ETIMEDOUT);
	CHECK(now_ms() - start < 2000);
	bus_close(b);
	peer_end();
}

/* Both sides send more than the socket takes before either reads. */
static void part_says_a_lot(int fd)
{
	struct wire *w = peer_body();
	char *big = arena_alloc(&peer_m, 1 << 20);
	char *heard = arena_alloc(&peer_m, 1 << 20);

	memset(big, 'x', (1 << 20) - 1);
	wire_str(w, big);
	peer_begin(fd);
	peer_reply(fd, 2, w);
	peer_read(fd, heard, 1 << 20);
}

TEST(a_megabyte_both_ways)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_says_a_lot, BUS_BROKER, &e);
	struct wire *w = wire_new();
	char *big = arena_alloc(&m, 1 << 20);
	struct reader r;

	memset(big, 'y', (1 << 20) - 1);
	wire_str(w, big);
	CHECK(b);
	CHECK_INT(bus_call(b, &somewhere, "Do", w, deadline_in(5000), &m, &reply, &e), 0);
	message_reader(&reply, &r);
	CHECK_INT(strlen(reader_str(&r)), (1 << 20) - 1);
	bus_close(b);
	peer_end();
}

TEST(what_cannot_be_sent_is_not_sent)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_answers, BUS_BROKER, &e);
	struct wire *w = wire_new();

	CHECK(b);
	wire_str(w, "\xff");
	CHECK_INT(bus_call(b, &somewhere, "Do", w, deadline_in(2000), &m, &reply, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	w = wire_new();
	wire_open_struct(w);
	CHECK_INT(bus_call(b, &somewhere, "Do", w, deadline_in(2000), &m, &reply, &e), -1);
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	bus_close(b);
	peer_end();
}

/* -- hostile messages -- */

static const char *spoiled;
static size_t spoiled_len;

static void part_says_spoiled(int fd)
{
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_say(fd, spoiled, spoiled_len);
	part_is_silent(fd);
}

static void check_spoiled(const char *bytes, size_t n, const char *why, int sys)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b;

	spoiled = bytes;
	spoiled_len = n;
	b = peer_bus(part_says_spoiled, BUS_BROKER, &e);
	CHECK(b);
	CHECK_INT(ask(b, 100, &reply, &e), -1);
	if (!strstr(e.text, why)) CHECK_STR(e.text, why);
	CHECK_INT(e.sys, sys);
	if (sys != ETIMEDOUT) CHECK_INT(ask(b, 100, &reply, &e), -1);
	bus_close(b);
	peer_end();
}

TEST(messages_that_lie)
{
	char good[] = "l\2\0\1\0\0\0\0\1\0\0\0\10\0\0\0\5\1u\0\2\0\0\0";
	size_t n = sizeof good - 1;

	check_spoiled("GET / HTTP/1.1\r\n\r\n", 18, "does not speak D-Bus", EPROTO);
	check_spoiled(good, n - 1, "no answer in time", ETIMEDOUT);
	good[4] = 8;
	check_spoiled(good, n, "no answer in time", ETIMEDOUT);
	good[7] = 0x7f;
	check_spoiled(good, n, "too large", EPROTO);
	good[7] = 0;
	good[4] = 0;
	good[15] = 0x7f;
	check_spoiled(good, n, "too large", EPROTO);
	good[15] = 0;
	good[18] = 'x';
	check_spoiled(good, n, "malformed", EPROTO);
	good[18] = 'u';
	good[20] = 99;
	check_spoiled(good, n, "no answer in time", ETIMEDOUT);
}

/* -- descriptors -- */

static void part_gives_fds(int fd)
{
	struct wire *w = peer_body();
	int pipes[2];
	struct message msg;

	if (pipe(pipes) < 0) _exit(1);
	peer_begin(fd);
	wire_fd(w, pipes[0]);
	wire_fd(w, pipes[1]);
	wire_fd(w, pipes[1]);
	peer_signal(fd, "/x", "x.y", "Unasked", w);
	peer_signal(fd, "/x", "x.y", "Asked", w);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial + 5, w);
	peer_reply(fd, msg.serial, w);
}

TEST(descriptors_that_nobody_takes_are_closed)
{
	struct err e = { 0 };
	int before = count_fds();
	struct message reply = { 0 };
	struct bus *b = peer_bus(part_gives_fds, BUS_BROKER, &e);

	CHECK(b);
	bus_close(b);
	peer_end();
	CHECK_INT(count_fds(), before);
	b = peer_bus(part_gives_fds, BUS_BROKER, &e);
	CHECK(b);
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	bus_close(b);
	CHECK_INT(count_fds(), before + 3);
	message_close(&reply);
	CHECK_INT(count_fds(), before);
	peer_end();
}

TEST(descriptors_that_are_taken)
{
	struct err e = { 0 };
	struct message reply = { 0 };
	struct bus *b = peer_bus(part_gives_fds, BUS_BROKER, &e);
	AUTOCLOSE int in = -1;
	AUTOCLOSE int out = -1;
	struct reader r;
	char c = 0;

	CHECK(b);
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	bus_close(b);
	message_reader(&reply, &r);
	in = message_take_fd(&reply, reader_fd(&r), &e);
	out = message_take_fd(&reply, reader_fd(&r), &e);
	CHECK_INT(reader_done(&r, &e), 0);
	message_close(&reply);
	CHECK(fcntl(in, F_GETFD) & FD_CLOEXEC);
	CHECK_INT(write(out, "x", 1), 1);
	CHECK_INT(read(in, &c, 1), 1);
	peer_end();
}

static void part_gives_fds_often(int fd)
{
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
	peer_hear(fd, &msg);
	for (int i = 0; i < 4; i++) {
		struct wire *w = peer_body();

		for (int k = 0; k < 100; k++)
			wire_fd(w, fd);
		peer_signal(fd, "/a", "x.y", "Z", w);
	}
	peer_reply(fd, msg.serial, NULL);
	peer_hear(fd, &msg);
}

/* They are kept, and what came with them is not. */
TEST(signals_bring_no_descriptors)
{
	struct err e = { 0 };
	int before = count_fds();
	AUTOMESSAGE struct message msg = { 0 };
	struct bus *b = peer_bus(part_gives_fds_often, BUS_BROKER, &e);
	struct reader r;

	CHECK(b);
	CHECK(bus_match(b, &(struct bus_match){ .member = "Z" }, deadline_in(2000), &e) > 0);
	CHECK_INT(ask(b, 2000, &msg, &e), 0);
	CHECK_INT(count_fds(), before + 1);
	CHECK_INT(bus_next_signal(b, 0, &m, &msg, &e), 1);
	CHECK_INT(count_fds(), before + 1);
	message_reader(&msg, &r);
	CHECK_INT(reader_fd(&r), -1);
	CHECK_INT(reader_done(&r, &e), -1);
	bus_close(b);
	CHECK_INT(count_fds(), before);
	peer_end();
}

/* Descriptors beside bytes that promise none, and the other way round. */
static void part_gives_too_much(int fd)
{
	struct wire *w = peer_body();
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	for (int i = 0; i < WIRE_FDS_MAX; i++)
		wire_fd(w, 0);
	w->sig[0] = 0;
	w->body.len = 0;
	for (int i = 0; i < 4; i++)
		peer_signal(fd, "/x", "x.y", "Z", w);
	peer_reply(fd, msg.serial, NULL);
}

static void part_promises(int fd)
{
	struct wire *w = peer_body();
	struct str s = { .m = &peer_m };
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	wire_fd(w, 0);
	msg = (struct message){
		.type = MESSAGE_RETURN, .serial = 1, .reply_serial = msg.serial,
	};
	if (message_header(&msg, w, &peer_m, &s, NULL) < 0) _exit(1);
	str_addn(&s, w->body.s, w->body.len);
	peer_say(fd, s.s, s.len);
	part_is_silent(fd);
}

TEST(descriptors_that_do_not_fit)
{
	struct err e = { 0 };
	int before = count_fds();
	struct message reply = { 0 };
	struct bus *b = peer_bus(part_gives_too_much, BUS_BROKER, &e);

	CHECK(b);
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	CHECK_INT(count_fds(), before + 1);
	bus_close(b);
	peer_end();
	b = peer_bus(part_promises, BUS_BROKER, &e);
	CHECK(b);
	CHECK_INT(ask(b, 2000, &reply, &e), -1);
	CHECK_STR(e.text, "Do: a D-Bus message came without its descriptors");
	bus_close(b);
	peer_end();
	CHECK_INT(count_fds(), before);
}

/* Beside bytes of a message that never ends: as many as the kernel lets through. */
static void part_piles_up_fds(int fd)
{
	struct message msg;
	union {
		char room[CMSG_SPACE(sizeof(int) * 200)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec io = { "\1", 1 };
	struct msghdr h = {
		.msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
		.msg_controllen = sizeof control.room,
	};

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_say(fd, "l\2\0\1\xff\xff\1\0\1\0\0\0\10\0\0\0", 16);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int) * 200);
	for (int i = 0; i < 200; i++)
		memcpy(CMSG_DATA(&control.align) + i * (int)sizeof fd, &fd, sizeof fd);
	for (int i = 0; i < 5; i++)
		if (sendmsg(fd, &h, MSG_NOSIGNAL) < 0) break;
}

TEST(descriptors_that_pile_up)
{
	struct err e = { 0 };
	int before = count_fds();
	struct message reply = { 0 };
	struct bus *b = peer_bus(part_piles_up_fds, BUS_BROKER, &e);

	CHECK(b);
	CHECK_INT(ask(b, 2000, &reply, &e), -1);
	CHECK_STR(e.text, "Do: D-Bus sends too many descriptors");
	bus_close(b);
	CHECK_INT(count_fds(), before);
	peer_end();
}

static void part_takes_fds(int fd)
{
	union { char room[CMSG_SPACE(sizeof(int) * 3)]; struct cmsghdr align; } control;
	char bytes[4096];
	struct iovec io = { bytes, sizeof bytes };
	struct msghdr h = {
		.msg_iov = &io, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control,
	};
	int got;

	peer_begin(fd);
	if (recvmsg(fd, &h, 0) < MESSAGE_START || !h.msg_controllen) _exit(1);
	memcpy(&got, CMSG_DATA(&control.align), sizeof got);
	if (write(got, "here", 4) != 4) _exit(1);
	peer_reply(fd, 2, NULL);
}

TEST(descriptors_are_sent)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_takes_fds, BUS_BROKER, &e);
	struct wire *w = wire_new();
	char text[4];
	int ends[2];

	CHECK(b);
	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	wire_fd(w, ends[1]);
	CHECK_INT(bus_call(b, &somewhere, "Do", w, deadline_in(2000), &m, &reply, &e), 0);
	CHECK_INT(read(ends[0], text, 4), 4);
	CHECK(!memcmp(text, "here", 4));
	CHECK(fcntl(ends[1], F_GETFD) >= 0);
	close(ends[0]);
	close(ends[1]);
	bus_close(b);
	peer_end();
}

/* -- signals -- */

static struct wire *one_string(const char *s)
{
	struct wire *w = peer_body();

	wire_str(w, s);
	return w;
}

static void part_signals(int fd)
{
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);			/* AddMatch */
	peer_reply(fd, msg.serial, NULL);
	peer_hear(fd, &msg);
	peer_signal(fd, "/a", "x.y", "Z", one_string("other"));
	peer_signal(fd, "/a", "x.y", "Z", one_string("mine"));
	peer_signal(fd, "/b", "x.y", "Z", one_string("mine"));
	peer_signal(fd, "/a", "x.y", "Q", one_string("mine"));
	peer_signal(fd, "/a", "x.y", "Z", NULL);
	peer_reply(fd, msg.serial, NULL);
	peer_signal(fd, "/a", "x.y", "Z", one_string("mine"));
	peer_hear(fd, &msg);			/* RemoveMatch */
	peer_signal(fd, "/a", "x.y", "Z", one_string("mine"));
}

static const struct bus_match mine = { .path = "/a", .member = "Z", .arg0 = "mine" };

TEST(signals_are_kept_when_asked_for)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message msg = { 0 };
	struct bus *b = peer_bus(part_signals, BUS_BROKER, &e);
	int id;

	CHECK(b);
	CHECK((id = bus_match(b, &mine, deadline_in(2000), &e)) > 0);
	CHECK_INT(ask(b, 2000, &msg, &e), 0);
	CHECK_INT(bus_next_signal(b, 0, &m, &msg, &e), 1);
	CHECK_STR(msg.path, "/a");
	CHECK_INT(bus_next_signal(b, deadline_in(2000), &m, &msg, &e), 1);
	CHECK_INT(bus_next_signal(b, deadline_in(20), &m, &msg, &e), 0);
	bus_unmatch(b, id);
	CHECK_INT(bus_next_signal(b, deadline_in(2000), &m, &msg, &e), -1);
	CHECK_INT(e.sys, ECONNRESET);
	bus_close(b);
	peer_end();
}

static void part_refuses_matches(int fd)
{
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_refuse(fd, msg.serial, "a.b.LimitsExceeded", "too many rules");
	part_is_silent(fd);
}

TEST(a_match_that_is_refused)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message msg = { 0 };
	struct bus *b = peer_bus(part_refuses_matches, BUS_BROKER, &e);

	CHECK(b);
	CHECK(bus_match(b, &mine, deadline_in(2000), &e) > 0);
	CHECK_INT(bus_next_signal(b, deadline_in(2000), &m, &msg, &e), -1);
	CHECK_STR(e.text, "D-Bus refuses our match: too many rules");
	bus_close(b);
	peer_end();
}

static void part_signals_too_much(int fd)
{
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
	for (;;)
		peer_signal(fd, "/a", "x.y", "Z", one_string("mine"));
}

TEST(more_signals_than_can_be_kept)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message msg = { 0 };
	struct bus *b = peer_bus(part_signals_too_much, BUS_BROKER, &e);

	CHECK(b);
	CHECK(bus_match(b, &mine, deadline_in(2000), &e) > 0);
	CHECK_INT(ask(b, 15000, &msg, &e), -1);
	CHECK_STR(e.text, "Do: D-Bus sends too many messages");
	CHECK_INT(e.sys, EPROTO);
	bus_close(b);
	peer_end();
}

/* -- the bus of a jail -- */

/* As much memory as any peer may cost us, in KiB. */
enum { JAIL_KIB = 20 * 1024 };

static char *long_text(size_t n)
{
	char *text = arena_alloc(&m, n + 1);

	memset(text, 'x', n);
	return text;
}

static struct bus *jail_bus(void (*part)(int fd), struct err *e)
{
	return bus_open_fd(peer_socket(part), BUS_BROKER, BUS_OF_JAIL, deadline_in(5000), e);
}

static void part_signals_large(int fd)
{
	struct wire *w = one_string(long_text(16 << 20));
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
	for (int i = 0; i < 25; i++)
		peer_signal(fd, "/a", "x.y", "Z", w);
}

TEST(large_signals_of_a_jail)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message msg = { 0 };
	struct bus *b = jail_bus(part_signals_large, &e);

	CHECK(b);
	memory_begin();
	CHECK(bus_match(b, &(struct bus_match){ .member = "Z" }, deadline_in(2000), &e) > 0);
	CHECK_INT(ask(b, 10000, &msg, &e), -1);
	CHECK(strstr(e.text, "is too large"));
	CHECK_INT(e.sys, EPROTO);
	CHECK(memory_peak() < JAIL_KIB);
	bus_close(b);
	peer_end();
}

static void part_signals_almost_too_large(int fd)
{
	struct wire *w = one_string(long_text((1 << 20) - 1024));
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
	peer_hear(fd, &msg);
	for (int i = 0; i < 25; i++)
		peer_signal(fd, "/a", "x.y", "Z", w);
}

TEST(signals_of_a_jail_are_kept_up_to_a_size)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message msg = { 0 };
	struct bus *b = jail_bus(part_signals_almost_too_large, &e);

	CHECK(b);
	memory_begin();
	CHECK(bus_match(b, &(struct bus_match){ .member = "Z" }, deadline_in(2000), &e) > 0);
	CHECK_INT(ask(b, 10000, &msg, &e), -1);
	CHECK_STR(e.text, "Do: D-Bus sends too many messages");
	CHECK(memory_peak() < JAIL_KIB);
	bus_close(b);
	peer_end();
}

/* Always two of them more than are taken, and so one is always kept. */
static void part_signals_in_turn(int fd)
{
	struct wire *w = one_string(long_text(200 * 1000));
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, NULL);
	peer_signal(fd, "/a", "x.y", "Z", w);
	peer_signal(fd, "/a", "x.y", "Z", w);
	for (int i = 0; i < 200; i++) {
		peer_hear(fd, &msg);
		peer_signal(fd, "/a", "x.y", "Z", w);
		peer_reply(fd, msg.serial, NULL);
	}
}

TEST(signals_that_come_and_go_leave_no_memory_behind)
{
	struct err e = { 0 };
	struct bus *b = jail_bus(part_signals_in_turn, &e);

	CHECK(b);
	memory_begin();
	CHECK(bus_match(b, &(struct bus_match){ .member = "Z" }, deadline_in(2000), &e) > 0);
	for (int i = 0; i < 200; i++) {
		AUTOFREE struct arena tmp = { 0 };
		AUTOMESSAGE struct message msg = { 0 };

		CHECK_INT(bus_call(b, &somewhere, "Do", NULL, deadline_in(5000), &tmp, &msg,
		                   &e),
		          0);
		CHECK_INT(bus_next_signal(b, 0, &tmp, &msg, &e), 1);
		CHECK_INT(msg.body_len, 200 * 1000 + 5);
	}
	CHECK(memory_peak() < JAIL_KIB);
	bus_close(b);
	peer_end();
}

static void part_answers_at_length(int fd)
{
	struct message msg;

	peer_begin(fd);
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, one_string(long_text((1 << 20) - 1024)));
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, one_string(long_text(1100 * 1000)));
	peer_hear(fd, &msg);
	peer_reply(fd, msg.serial, one_string(long_text(1400 * 1000)));
}

/* The state of a unit has its command line in it, twice: what was said may be said again. */
TEST(a_jail_may_repeat_what_it_was_told)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message msg = { 0 };
	struct bus *b = jail_bus(part_answers_at_length, &e);
	struct wire *w = wire_new();

	CHECK(b);
	CHECK_INT(ask(b, 5000, &msg, &e), 0);
	wire_str(w, long_text(60 * 1000));
	CHECK_INT(bus_call(b, &somewhere, "Do", w, deadline_in(5000), &m, &msg, &e), 0);
	CHECK_INT(ask(b, 5000, &msg, &e), -1);
	CHECK(strstr(e.text, "is too large"));
	bus_close(b);
	peer_end();
}

/* -- a caught signal -- */

TEST(a_caught_signal_ends_the_wait)
{
	struct err e = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	struct bus *b = peer_bus(part_is_late, BUS_BROKER, &e);

	CHECK(b);
	signals_catch();
	raise(SIGTERM);
	CHECK_INT(ask(b, 5000, &reply, &e), -1);
	CHECK_INT(e.kind, ERR_INTERRUPTED);
	signal_forget();
	CHECK_INT(ask(b, 2000, &reply, &e), 0);
	bus_close(b);
	peer_end();
}

/* -- addresses -- */

static int listener(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
	unlink(path);
	CHECK_INT(bind(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	CHECK_INT(listen(fd, 5), 0);
	return fd;
}

static void check_reaches(const char *addresses, int listening, bool yes)
{
	struct err e = { 0 };
	struct pollfd p = { .fd = listening, .events = POLLIN };
	struct bus *b = bus_open(addresses, BUS_BROKER, deadline_in(20), &e);
	bool reached = poll(&p, 1, 0) > 0;

	CHECK(!b);			/* nobody answers there */
	if (reached) close(accept(listening, NULL, NULL));
	if (reached != yes) test_fail(__FILE__, __LINE__, "%s: %s", addresses, e.text);
}

/* The address of a socket in the file system. */
static char *bus_address(struct arena *arena, const char *path)
{
	struct str s = { .m = arena };

	str_add(&s, "unix:path=");
	for (; *path; path++) {
		bool plain = (*path >= '0' && *path <= '9') || (*path >= 'A' && *path <= 'Z') ||
		             (*path >= 'a' && *path <= 'z') || strchr("-_/.", *path);

		if (plain) str_addc(&s, *path);
		else str_addf(&s, "%%%02x", (unsigned char)*path);
	}
	return s.s;
}

TEST(addresses)
{
	char path[] = "/tmp/bus test,XXXXXX", *address;
	AUTOCLOSE int tmp = mkstemp(path);
	AUTOCLOSE int fd = listener(path);

	address = bus_address(&m, path);
	CHECK(strstr(address, "unix:path=/tmp/bus%20test%2c"));
	check_reaches(address, fd, true);
	check_reaches(arena_printf(&m, "tcp:host=x;%s", address), fd, true);
	check_reaches(arena_printf(&m, "unix:path=/nonexistent;%s,guid=00", address), fd, true);
	check_reaches(arena_printf(&m, "unix:guid=00,%s", address + 5), fd, true);
	check_reaches(arena_printf(&m, "unix:xpath=%s", address + 10), fd, false);
	check_reaches(arena_printf(&m, "%s%%2", address), fd, false);
	check_reaches(arena_printf(&m, "%s%%zz", address), fd, false);
	check_reaches(arena_printf(&m, "%s%0200d", address, 0), fd, false);
	check_reaches("", fd, false);
	check_reaches(";;", fd, false);
	check_reaches("unix:", fd, false);
	check_reaches("unix:path=", fd, false);
	unlink(path);
}
