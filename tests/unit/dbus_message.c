#include "lib/dbus/message.h"

#include <string.h>

#include "tests/unit/test.h"

static struct arena m;

/* A whole message, ready to be spoiled. */
static struct str whole(const struct message *msg, struct wire *body)
{
	struct str out = { .m = &m };

	CHECK_INT(message_header(msg, body, &m, &out, NULL), 0);
	if (body) str_addn(&out, body->body.s, body->body.len);
	return out;
}

static struct wire *a_body(void)
{
	struct wire *w = arena_alloc(&m, sizeof *w);

	wire_init(w, &m);
	wire_str(w, "text");
	wire_u32(w, 7);
	return w;
}

static const struct message a_signal = {
	.type = MESSAGE_SIGNAL, .serial = 9, .path = "/a/b", .iface = "a.b", .member = "C",
	.sender = ":1.2",
};

static void check_bad(struct str s, const char *why)
{
	struct message msg;
	struct err e = { 0 };

	CHECK_INT(message_parse(&msg, s.s, s.len, &e), -1);
	if (!strstr(e.text, why)) CHECK_STR(e.text, why);
}

TEST(round_trip)
{
	struct str s = whole(&a_signal, a_body());
	struct message msg;
	struct reader r;
	size_t size;

	CHECK_INT(message_size(s.s, 1 << 20, &size, NULL), 0);
	CHECK_INT(size, s.len);
	CHECK_INT(message_parse(&msg, s.s, s.len, NULL), 0);
	CHECK_INT(msg.type, MESSAGE_SIGNAL);
	CHECK_INT(msg.serial, 9);
	CHECK_STR(msg.path, "/a/b");
	CHECK_STR(msg.iface, "a.b");
	CHECK_STR(msg.member, "C");
	CHECK_STR(msg.sender, ":1.2");
	CHECK_STR(msg.sig, "su");
	CHECK(!msg.error && !msg.dest);
	message_reader(&msg, &r);
	CHECK_STR(reader_str(&r), "text");
	CHECK_INT(reader_u32(&r), 7);
	CHECK_INT(reader_done(&r, NULL), 0);
}

TEST(big_endian)
{
	static const unsigned char bytes[] = {
		'B', 2, 1, 1, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 15,
		5, 1, 'u', 0, 0, 0, 0, 8, 8, 1, 'g', 0, 1, 'u', 0, 0,
		0, 0, 1, 0,
	};
	struct message msg;
	struct reader r;
	size_t size;

	CHECK_INT(message_size(bytes, 1 << 20, &size, NULL), 0);
	CHECK_INT(size, sizeof bytes);
	CHECK_INT(message_parse(&msg, bytes, sizeof bytes, NULL), 0);
	CHECK_INT(msg.type, MESSAGE_RETURN);
	CHECK_INT(msg.reply_serial, 8);
	message_reader(&msg, &r);
	CHECK_INT(reader_u32(&r), 256);
}

TEST(lengths_that_lie)
{
	struct str s = whole(&a_signal, a_body());
	struct message msg;
	size_t size;

	CHECK_INT(message_size(s.s, s.len - 1, &size, NULL), -1);
	s.s[4]++;
	CHECK_INT(message_size(s.s, 1 << 20, &size, NULL), 0);
	CHECK_INT(size, s.len + 1);
	check_bad(s, "lengths");
	s.s[4]--;
	s.s[12] -= 4;
	check_bad(s, "malformed");
	s.s[12] += 4;
	memset(s.s + 4, 0xff, 4);
	CHECK_INT(message_size(s.s, 1 << 20, &size, NULL), -1);
	for (size_t n = 0; n < s.len; n++)
		CHECK_INT(message_parse(&msg, memcpy(arena_alloc(&m, n), s.s, n), n, NULL), -1);
}

TEST(other_protocols)
{
	struct str s = whole(&a_signal, NULL);
	struct err e = { 0 };
	size_t size;

	s.s[0] = 'x';
	CHECK_INT(message_size(s.s, 1 << 20, &size, &e), -1);
	CHECK_STR(e.text, "the other side does not speak D-Bus");
	s.s[0] = 'l';
	s.s[3] = 2;
	CHECK_INT(message_size(s.s, 1 << 20, &size, &e), -1);
	check_bad(s, "unknown version");
}

TEST(headers_that_lack_something)
{
	struct str s = whole(&a_signal, NULL);

	memset(s.s + 8, 0, 4);
	check_bad(s, "lengths");
	s = whole(&a_signal, NULL);
	s.s[1] = 0;
	check_bad(s, "incomplete");
	s.s[1] = MESSAGE_RETURN;
	check_bad(s, "incomplete");
	s.s[1] = MESSAGE_ERROR;
	check_bad(s, "incomplete");
}

/* A field of 99 instead of the sender: passed over. */
TEST(fields_of_later_versions)
{
	struct str s = whole(&a_signal, NULL);
	struct message msg;
	char *p = memmem(s.s, s.len, "\7\1s\0\4\0\0\0:1.2", 12);

	CHECK(p);
	*p = 99;
	CHECK_INT(message_parse(&msg, s.s, s.len, NULL), 0);
	CHECK(!msg.sender);
}

TEST(fields_of_another_type)
{
	struct str s = whole(&a_signal, NULL);
	char *p = memmem(s.s, s.len, "\7\1s\0", 4);

	CHECK(p);
	p[2] = 'o';
	check_bad(s, "not the expected ones");
}

TEST(names_that_are_none)
{
	const struct message bad_member = {
		.type = MESSAGE_CALL, .serial = 1, .path = "/", .member = "not good",
	};
	const struct message bad_path = {
		.type = MESSAGE_CALL, .serial = 1, .path = "x", .member = "M",
	};
	struct str s = whole(&a_signal, NULL);
	char *p = memmem(s.s, s.len, ":1.2", 4);

	p[0] = ' ';
	check_bad(s, "incomplete");
	CHECK_INT(message_header(&bad_member, NULL, &m, &(struct str){ .m = &m }, NULL), -1);
	CHECK_INT(message_header(&bad_path, NULL, &m, &(struct str){ .m = &m }, NULL), -1);
}

TEST(a_body_needs_a_signature)
{
	struct wire *w = a_body();

	w->sig[0] = 0;
	check_bad(whole(&a_signal, w), "without signature");
}

TEST(descriptors_that_were_not_taken)
{
	int fds[] = { 600, 601 };
	struct message msg = { .fds = fds, .fd_count = 2 };
	struct err e = { 0 };

	CHECK_INT(message_take_fd(&msg, 601, &e), 601);
	CHECK_INT(message_take_fd(&msg, 601, &e), -1);
	CHECK_INT(message_take_fd(&msg, -1, &e), -1);
	CHECK_INT(fds[0], 600);
	message_close(&msg);
	message_close(&msg);
	CHECK_INT(msg.fd_count, 0);
}
