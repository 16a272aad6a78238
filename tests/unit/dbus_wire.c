#include "lib/dbus/wire.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/dbus/impl.h"
#include "lib/dbus/message.h"
#include "tests/unit/test.h"

static struct arena m;

static struct wire *wire_new(void)
{
	struct wire *w = arena_alloc(&m, sizeof *w);

	wire_init(w, &m);
	return w;
}

static size_t from_hex(const char *text, unsigned char *out, size_t room)
{
	unsigned value;
	int used;
	size_t n = 0;

	while (n < room && sscanf(text, " %2x%n", &value, &used) == 1) {
		out[n++] = (unsigned char)value;
		text += used;
	}
	return n;
}

static void check_hex(const struct wire *w, const char *hex)
{
	unsigned char want[512];
	size_t n = from_hex(hex, want, sizeof want);

	CHECK_INT(w->body.len, n);
	CHECK(!memcmp(w->body.s, want, n));
}

static void check_fault(struct wire *w, const char *text)
{
	struct err e = { 0 };

	CHECK(wire_done(w, &e) == -1);
	if (!strstr(e.text, text)) CHECK_STR(e.text, text);
}

/* Read these bytes as `sig`: the fault, or NULL when all of it is good. */
static const char *skip_all(const char *hex, const char *sig, bool big_endian)
{
	static unsigned char bytes[512];
	size_t n = from_hex(hex, bytes, sizeof bytes);
	int fds[] = { 0, 1 };
	struct reader r;

	reader_init(&r, bytes, n, sig, fds, 2, big_endian);
	while (reader_more(&r))
		reader_skip(&r);
	if (!r.fault && r.at != n) return "something is left";
	return r.fault;
}

static void check_good(const char *hex, const char *sig)
{
	const char *fault = skip_all(hex, sig, false);

	if (fault) test_fail(__FILE__, __LINE__, "%s as %s: %s", hex, sig, fault);
}

static void check_bad(const char *hex, const char *sig, const char *why)
{
	const char *fault = skip_all(hex, sig, false);

	if (!fault || !strstr(fault, why))
		test_fail(__FILE__, __LINE__, "%s as %s: %s", hex, sig, fault ? fault : "good");
}

/* -- signatures, paths, names, text -- */

static char *repeat(const char *s, size_t times, const char *end)
{
	struct str b = { .m = &m };

	while (times--)
		str_add(&b, s);
	str_add(&b, end);
	return b.s;
}

TEST(signatures)
{
	CHECK(sig_is_valid(""));
	CHECK(sig_is_valid("ybnqiuxtdhsogv"));
	CHECK(sig_is_valid("a{sv}(ia(sv))aay"));
	CHECK(sig_is_single("a{s(ii)}"));
	CHECK(!sig_is_single(""));
	CHECK(!sig_is_single("ss"));
	CHECK(!sig_is_valid("a"));
	CHECK(!sig_is_valid("z"));
	CHECK(!sig_is_valid("()"));
	CHECK(!sig_is_valid("(s"));
	CHECK(!sig_is_valid("s)"));
	CHECK(!sig_is_valid("{sv}"));
	CHECK(!sig_is_valid("a{vs}"));
	CHECK(!sig_is_valid("a{s}"));
	CHECK(!sig_is_valid("a{sss}"));
	CHECK(!sig_is_valid("a{}"));
}

TEST(signatures_are_not_too_deep)
{
	CHECK(sig_is_valid(repeat("a", 32, "y")));
	CHECK(!sig_is_valid(repeat("a", 33, "y")));
	CHECK(sig_is_valid(repeat("(", 32, repeat("y", 1, repeat(")", 32, "")))));
	CHECK(!sig_is_valid(repeat("(", 33, repeat("y", 1, repeat(")", 33, "")))));
	CHECK(sig_is_valid(repeat("y", 255, "")));
	CHECK(!sig_is_valid(repeat("y", 256, "")));
}

TEST(paths_and_names)
{
	CHECK(path_is_valid("/"));
	CHECK(path_is_valid("/a_1/B"));
	CHECK(!path_is_valid(""));
	CHECK(!path_is_valid("a"));
	CHECK(!path_is_valid("/a/"));
	CHECK(!path_is_valid("//a"));
	CHECK(!path_is_valid("/a-b"));
	CHECK(member_is_valid("Get_All2"));
	CHECK(!member_is_valid("2a"));
	CHECK(!member_is_valid("a.b"));
	CHECK(!member_is_valid(""));
	CHECK(iface_is_valid("a.b_.C3"));
	CHECK(!iface_is_valid("a"));
	CHECK(!iface_is_valid("a..b"));
	CHECK(!iface_is_valid("a.b."));
	CHECK(!iface_is_valid("a.3b"));
	CHECK(!iface_is_valid("a.b-c"));
	CHECK(peer_is_valid(":1.42"));
	CHECK(peer_is_valid("org.a-b.c"));
	CHECK(!peer_is_valid(":1"));
	CHECK(!peer_is_valid("org"));
	CHECK(!peer_is_valid(repeat("a.", 128, "b")));
}

TEST(text_is_utf8)
{
	CHECK(text_is_valid("", 0));
	CHECK(text_is_valid("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10));
	CHECK(text_is_valid("\xf4\x8f\xbf\xbf", 4));
	CHECK(!text_is_valid("\xf4\x90\x80\x80", 4));
	CHECK(!text_is_valid("\xc0\x80", 2));
	CHECK(!text_is_valid("\xc1\xbf", 2));
	CHECK(!text_is_valid("\xe0\x80\x80", 3));
	CHECK(!text_is_valid("\xed\xa0\x80", 3));
	CHECK(!text_is_valid("\x80", 1));
	CHECK(!text_is_valid("\xc3", 1));
	CHECK(!text_is_valid("\xff", 1));
	CHECK(!text_is_valid("a\0b", 3));
}

/* -- writing -- */

/* Types that are read but never written: give the value just written, of the same size, another
 * type. */
static void change_type(struct wire *w, char type)
{
	w->sig[w->sig_len - 1] = type;
}

static void write_double(struct wire *w, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	wire_u64(w, bits);
	change_type(w, 'd');
}

TEST(bytes_of_each_type)
{
	struct wire *w = wire_new();

	wire_byte(w, 0xab);
	wire_u16(w, (uint16_t)-2);
	change_type(w, 'n');
	wire_u16(w, 0x1234);
	wire_bool(w, true);
	wire_i32(w, -3);
	wire_u32(w, 0xdeadbeef);
	wire_u64(w, (uint64_t)-4);
	change_type(w, 'x');
	wire_u64(w, 0x0102030405060708);
	write_double(w, -1.5);
	CHECK_INT(wire_done(w, NULL), 0);
	CHECK_STR(w->sig, "ynqbiuxtd");
	check_hex(w, "ab 00 fe ff 34 12 00 00  01 00 00 00 fd ff ff ff  ef be ad de 00 00 00 00"
	             "fc ff ff ff ff ff ff ff  08 07 06 05 04 03 02 01"
	             "00 00 00 00 00 00 f8 bf");
}

TEST(bytes_of_containers)
{
	struct wire *w = wire_new();

	wire_sig(w, "as");
	wire_open_array(w, "t");
	wire_close_array(w);
	wire_open_struct(w);
	wire_path(w, "/a");
	wire_open_variant(w, "ay");
	wire_bytes(w, "xyz", 3);
	wire_close_variant(w);
	wire_close_struct(w);
	wire_open_array(w, "{sv}");
	wire_open_entry(w);
	wire_str(w, "k");
	wire_open_variant(w, "(q)");
	wire_open_struct(w);
	wire_u16(w, 7);
	wire_close_struct(w);
	wire_close_variant(w);
	wire_close_entry(w);
	wire_close_array(w);
	wire_fd(w, 5);
	wire_fd(w, 6);
	CHECK_INT(wire_done(w, NULL), 0);
	CHECK_STR(w->sig, "gat(ov)a{sv}hh");
	CHECK_INT(w->fd_count, 2);
	CHECK_INT(w->fds[1], 6);
	check_hex(w, "02 61 73 00 00 00 00 00"		/* g, at of length 0, padding */
	             "02 00 00 00 2f 61 00 02 61 79 00 00 03 00 00 00 78 79 7a 00"
	             "12 00 00 00 01 00 00 00 6b 00 03 28 71 29 00 00 00 00 00 00 07 00"
	             "00 00 00 00 00 00 01 00 00 00");
}

/* What the real thing took: see the file. */
TEST(a_recorded_call)
{
	static const char *const argv[] = { "/bin/sleep", "1" };
	static const char *const texts[][2] = {
		{ "Description", "raw test" }, { "CollectMode", "inactive-or-failed" },
		{ "Type", "exec" },
	};
	struct message call = {
		.type = MESSAGE_CALL, .serial = 1, .path = "/org/freedesktop/systemd1",
		.iface = "org.freedesktop.systemd1.Manager", .member = "StartTransientUnit",
	};
	struct wire *w = wire_new();
	struct str out = { .m = &m };
	unsigned char want[512];
	size_t n = from_hex(read_file(&m, AT_FDCWD, "tests/data/bus/start-transient-unit.hex",
	                              4096, NULL, NULL), want, sizeof want);

	wire_str(w, "rawt2.service");
	wire_str(w, "fail");
	wire_open_array(w, "(sv)");
	for (size_t i = 0; i < 3; i++) {
		wire_open_struct(w);
		wire_str(w, texts[i][0]);
		wire_open_variant(w, "s");
		wire_str(w, texts[i][1]);
		wire_close_variant(w);
		wire_close_struct(w);
	}
	wire_open_struct(w);
	wire_str(w, "ExecStart");
	wire_open_variant(w, "a(sasb)");
	wire_open_array(w, "(sasb)");
	wire_open_struct(w);
	wire_str(w, argv[0]);
	wire_open_array(w, "s");
	wire_str(w, argv[0]);
	wire_str(w, argv[1]);
	wire_close_array(w);
	wire_bool(w, false);
	wire_close_struct(w);
	wire_close_array(w);
	wire_close_variant(w);
	wire_close_struct(w);
	wire_close_array(w);
	wire_open_array(w, "(sa(sv))");
	wire_close_array(w);
	CHECK_INT(wire_done(w, NULL), 0);
	CHECK_INT(message_header(&call, w, &m, &out, NULL), 0);
	str_addn(&out, w->body.s, w->body.len);
	CHECK_INT(n, 400);
	CHECK_INT(out.len, n);
	CHECK(!memcmp(out.s, want, n));
}

TEST(what_was_not_announced)
{
	struct wire *w = wire_new();

	wire_open_array(w, "s");
	wire_u32(w, 1);
	wire_close_array(w);
	check_fault(w, "has u where s was announced");

	w = wire_new();
	wire_open_variant(w, "s");
	wire_str(w, "a");
	wire_str(w, "b");
	check_fault(w, "nothing more");

	w = wire_new();
	wire_open_variant(w, "as");
	wire_open_array(w, "o");
	check_fault(w, "has ao where as was announced");

	w = wire_new();
	wire_open_array(w, "(su)");
	wire_open_struct(w);
	wire_str(w, "a");
	wire_close_struct(w);
	check_fault(w, "before u)");

	w = wire_new();
	wire_open_array(w, "(su)");
	wire_open_entry(w);
	check_fault(w, "has { where (su)");

	w = wire_new();
	wire_open_variant(w, "s");
	wire_close_variant(w);
	check_fault(w, "without its s");
}

TEST(what_does_not_fit_together)
{
	struct wire *w = wire_new();

	wire_open_array(w, "s");
	check_fault(w, "'a' left open");

	w = wire_new();
	wire_close_struct(w);
	check_fault(w, "not open");

	w = wire_new();
	wire_open_array(w, "s");
	wire_close_struct(w);
	check_fault(w, "not open");

	w = wire_new();
	wire_open_entry(w);
	check_fault(w, "entry outside");

	w = wire_new();
	wire_open_struct(w);
	wire_close_struct(w);
	check_fault(w, "empty struct");

	w = wire_new();
	wire_open_array(w, "ss");
	check_fault(w, "not a type");

	w = wire_new();
	wire_open_variant(w, "ss");
	check_fault(w, "not one type");
}

TEST(what_cannot_be_sent)
{
	struct wire *w = wire_new();

	wire_str(w, "\xff");
	wire_str(w, "fine");
	check_fault(w, "is not UTF-8 text");
	CHECK_INT(w->fault.kind, ERR_INPUT);
	CHECK_INT(w->body.len, 0);

	w = wire_new();
	wire_path(w, "a/b");
	check_fault(w, "not an object path");

	w = wire_new();
	wire_sig(w, "a");
	check_fault(w, "not a signature");

	w = wire_new();
	wire_fd(w, -1);
	check_fault(w, "not open");

	w = wire_new();
	for (int i = 0; i < 256; i++)
		wire_byte(w, 0);
	check_fault(w, "too many values");

	w = wire_new();
	wire_open_array(w, "h");
	for (int i = 0; i <= WIRE_FDS_MAX; i++)
		wire_fd(w, 0);
	check_fault(w, "too many descriptors");

	w = wire_new();
	for (int i = 0; i <= WIRE_DEPTH_MAX; i++)
		wire_open_variant(w, "v");
	check_fault(w, "nested too deeply");
}

TEST(the_first_fault_stays)
{
	struct wire *w = wire_new();

	wire_fault(w, ERR_INPUT, "first %d", 1);
	wire_fault(w, ERR_HOST, "second");
	wire_close_array(w);
	check_fault(w, "first 1");
	CHECK_INT(w->fault.kind, ERR_INPUT);
}

/* -- reading -- */

TEST(round_trip)
{
	struct wire *w = wire_new();
	struct reader r;
	size_t n;

	wire_byte(w, 255);
	wire_bool(w, true);
	wire_u16(w, (uint16_t)INT16_MIN);
	change_type(w, 'n');
	wire_u16(w, UINT16_MAX);
	wire_i32(w, INT32_MIN);
	wire_u32(w, UINT32_MAX);
	wire_u64(w, (uint64_t)INT64_MIN);
	change_type(w, 'x');
	wire_u64(w, UINT64_MAX);
	write_double(w, 0.1);
	wire_str(w, "");
	wire_path(w, "/");
	wire_sig(w, "a{sv}");
	wire_fd(w, 42);
	wire_bytes(w, "\0\1", 2);
	wire_open_array(w, "{s(uv)}");
	for (unsigned i = 0; i < 3; i++) {
		wire_open_entry(w);
		wire_str(w, i == 1 ? "longer key" : "k");
		wire_open_struct(w);
		wire_u32(w, i);
		wire_open_variant(w, "as");
		wire_open_array(w, "s");
		wire_str(w, "x");
		wire_close_array(w);
		wire_close_variant(w);
		wire_close_struct(w);
		wire_close_entry(w);
	}
	wire_close_array(w);
	CHECK_INT(wire_done(w, NULL), 0);

	reader_of(&r, w);
	CHECK_INT(reader_byte(&r), 255);
	CHECK(reader_bool(&r));
	CHECK_INT(reader_i16(&r), INT16_MIN);
	CHECK_INT(reader_u16(&r), UINT16_MAX);
	CHECK_INT(reader_i32(&r), INT32_MIN);
	CHECK_INT(reader_u32(&r), UINT32_MAX);
	CHECK(reader_i64(&r) == INT64_MIN);
	CHECK(reader_u64(&r) == UINT64_MAX);
	CHECK(reader_double(&r) == 0.1);
	CHECK_STR(reader_str(&r), "");
	CHECK_STR(reader_path(&r), "/");
	CHECK_STR(reader_sig(&r), "a{sv}");
	CHECK_INT(reader_fd(&r), 42);
	CHECK(!memcmp(reader_bytes(&r, &n), "\0\1", 2));
	CHECK_INT(n, 2);
	unsigned i = 0;
	for (reader_open_array(&r, "{s(uv)}"); reader_more(&r); reader_close(&r), i++) {
		reader_open_entry(&r);
		CHECK_STR(reader_str(&r), i == 1 ? "longer key" : "k");
		if (i == 2) continue;		/* the rest is skipped by reader_close */
		reader_open_struct(&r);
		CHECK_INT(reader_u32(&r), i);
		CHECK_STR(reader_variant(&r), "as");
		reader_open_variant(&r, "as");
		reader_open_array(&r, "s");
		CHECK_STR(reader_str(&r), "x");
		CHECK(!reader_more(&r));
		reader_close(&r);
		reader_close(&r);
		reader_close(&r);
	}
	reader_close(&r);
	CHECK_INT(i, 3);
	CHECK_INT(reader_type(&r), 0);
	CHECK_INT(reader_done(&r, NULL), 0);
	CHECK_INT(r.at, r.len);
}

TEST(big_endian)
{
	static const unsigned char bytes[] = {
		0x12, 0x34, 0, 0, 0xff, 0xff, 0xff, 0xfe, 1, 2, 3, 4, 5, 6, 7, 8,
		0, 0, 0, 2, 'h', 'i', 0, 0, 0, 0, 0, 4, 0, 0, 0, 1,
		0xbf, 0xf8, 0, 0, 0, 0, 0, 0,
	};
	struct reader r;

	reader_init(&r, bytes, sizeof bytes, "qitsabd", NULL, 0, true);
	CHECK_INT(reader_u16(&r), 0x1234);
	CHECK_INT(reader_i32(&r), -2);
	CHECK(reader_u64(&r) == 0x0102030405060708);
	CHECK_STR(reader_str(&r), "hi");
	reader_open_array(&r, "b");
	CHECK(reader_bool(&r));
	CHECK(!reader_more(&r));
	reader_close(&r);
	CHECK(reader_double(&r) == -1.5);
	CHECK_INT(reader_done(&r, NULL), 0);
}

TEST(malformed_values)
{
	check_good("01 00 00 00", "b");
	check_bad("02 00 00 00", "b", "a boolean");
	check_bad("01 00 00", "u", "too early");
	check_bad("", "y", "too early");
	check_bad("01 01 00 00 00 00 00 00", "yu", "padding");
	check_good("01 00 00 00 61 00", "s");
	check_bad("02 00 00 00 61 00", "s", "too early");
	check_bad("01 00 00 00 61 62", "s", "does not end");
	check_bad("02 00 00 00 61 00 00", "s", "does not end");
	check_bad("ff ff ff ff 61 00", "s", "too early");
	check_bad("fe ff ff ff 61 00", "s", "too early");
	check_bad("01 00 00 00 ff 00", "s", "UTF-8");
	check_bad("01 00 00 00 61 00", "o", "object path");
	check_bad("00 00 00 00 00", "o", "object path");
	check_bad("01 61 00", "g", "signature is invalid");
	check_bad("03 61 79 00", "g", "too early");
	check_good("01 00 00 00", "h");
	check_bad("02 00 00 00", "h", "lacks a descriptor");
	check_bad("00", "z", "signature");
}

TEST(malformed_containers)
{
	check_good("00 00 00 00 00 00 00 00", "at");
	check_bad("00 00 00 00", "at", "too early");
	check_bad("00 00 00 00 01 00 00 00", "at", "padding");
	check_bad("01 00 00 00 00 00 00 00 01", "at", "too early");
	check_bad("05 00 00 00 01 00 00 00", "au", "too long");
	check_bad("ff ff ff ff 01 00 00 00", "ay", "too long");
	check_bad("05 00 00 00 01 00 00 00 00 00 00 00", "au", "too early");
	check_bad("06 00 00 00 08 00 00 00 61 62 00 00", "as", "too early");
	check_good("02 00 00 00 00 00 ", "ay");
	check_good("01 75 00 00 01 00 00 00", "v");
	check_bad("02 75 75 00 01 00 00 00 02 00 00 00", "v", "exactly one type");
	check_bad("00 00", "v", "exactly one type");
	check_bad("01 7b 00", "v", "signature");
}

TEST(variants_are_not_too_deep)
{
	char *deepest = repeat("01 76 00 ", 63, "01 79 00 05");

	check_good(deepest, "v");
	check_bad(repeat("01 76 00 ", 64, "01 79 00 05"), "v", "too deeply");
}

TEST(an_inner_array_ends_within_the_outer)
{
	check_bad("04 00 00 00 08 00 00 00 01 02 03 04 05 06 07 08", "aay", "too long");
}

TEST(other_types_than_asked_for)
{
	static const char *const nothing = "";
	struct wire *w = wire_new();
	struct reader r;
	struct err e = { 0 };

	wire_u32(w, 1);
	wire_open_variant(w, "u");
	wire_u32(w, 2);
	wire_close_variant(w);
	reader_of(&r, w);
	CHECK_STR(reader_str(&r), nothing);
	CHECK_INT(reader_u32(&r), 0);
	CHECK_STR(reader_path(&r), nothing);
	CHECK_INT(reader_fd(&r), -1);
	CHECK(!reader_more(&r));
	CHECK_INT(reader_done(&r, &e), -1);
	CHECK_STR(e.text, "malformed D-Bus message: its types are not the expected ones");

	reader_of(&r, w);
	CHECK_STR(reader_variant(&r), "");
	CHECK_INT(reader_u32(&r), 1);
	CHECK_STR(reader_variant(&r), "u");
	reader_open_variant(&r, "s");
	CHECK(r.fault);

	w = wire_new();
	wire_open_array(w, "u");
	wire_close_array(w);
	reader_of(&r, w);
	for (reader_open_array(&r, "s"); reader_more(&r); reader_str(&r))
		CHECK(!"an element");
	CHECK(r.fault);
}

TEST(reading_past_the_end)
{
	struct wire *w = wire_new();
	struct reader r;

	wire_open_struct(w);
	wire_u32(w, 1);
	wire_close_struct(w);
	reader_of(&r, w);
	reader_open_struct(&r);
	CHECK_INT(reader_u32(&r), 1);
	CHECK(!reader_more(&r));
	CHECK_INT(reader_u32(&r), 0);
	CHECK(r.fault);

	reader_of(&r, w);
	reader_skip(&r);
	reader_skip(&r);
	CHECK(r.fault);
}
