#include "lib/dbus/message.h"

#include <string.h>
#include <unistd.h>

#include "lib/dbus/impl.h"

enum field { PATH = 1, IFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DEST, SENDER, SIG, FDS };

static const char head_sig[] = "yyyyuua(yv)";

void message_close(struct message *msg)
{
	for (size_t i = 0; i < msg->fd_count; i++)
		if (msg->fds[i] >= 0) close(msg->fds[i]);
	msg->fd_count = 0;
}

int message_take_fd(struct message *msg, int fd, struct err *e)
{
	for (size_t i = 0; fd >= 0 && i < msg->fd_count; i++)
		if (msg->fds[i] == fd) {
			msg->fds[i] = -1;
			return fd;
		}
	return fail(e, ERR_HOST, "a D-Bus message lacks its descriptor");
}

void message_reader(const struct message *msg, struct reader *r)
{
	reader_init(r, msg->body, msg->body_len, msg->sig, msg->fds, msg->fd_count,
	            msg->big_endian);
}

bool message_is_error(const struct message *msg, const char *name)
{
	return msg->error && !strcmp(msg->error, name);
}

static uint32_t number_at(const unsigned char *p, bool big_endian)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < 4; i++)
		v |= (uint32_t)p[big_endian ? 3 - i : i] << 8 * i;
	return v;
}

int message_size(const void *start, size_t limit, size_t *size, struct err *e)
{
	const unsigned char *p = start;
	bool big_endian = p[0] == 'B';
	uint64_t body = number_at(p + 4, big_endian), fields = number_at(p + 12, big_endian);
	uint64_t n = MESSAGE_START + (fields + 7) / 8 * 8 + body;

	if ((p[0] != 'l' && p[0] != 'B') || p[3] != 1)
		return fail(e, ERR_HOST, "the other side does not speak D-Bus");
	if (fields > WIRE_ARRAY_MAX || n > limit)
		return fail(e, ERR_HOST, "D-Bus message of %llu bytes is too large",
		            (unsigned long long)n);
	*size = (size_t)n;
	return 0;
}

/* Read the variant of a field. A field of a later version is skipped. */
static void read_header_field(struct message *msg, unsigned field, struct reader *r)
{
	static const char *const types[] = { "", "o", "s", "s", "s", "u", "s", "s", "g", "u" };

	if (field < 1 || field > FDS) {
		reader_skip(r);
		return;
	}
	reader_open_variant(r, types[field]);
	switch (field) {
	case PATH: msg->path = reader_path(r); break;
	case IFACE: msg->iface = reader_str(r); break;
	case MEMBER: msg->member = reader_str(r); break;
	case ERROR_NAME: msg->error = reader_str(r); break;
	case REPLY_SERIAL: msg->reply_serial = reader_u32(r); break;
	case DEST: msg->dest = reader_str(r); break;
	case SENDER: msg->sender = reader_str(r); break;
	case SIG: msg->sig = reader_sig(r); break;
	case FDS: msg->fds_promised = reader_u32(r); break;
	}
	reader_close(r);
}

static bool names_are_valid(const struct message *msg)
{
	return (!msg->iface || iface_is_valid(msg->iface)) &&
	       (!msg->member || member_is_valid(msg->member)) &&
	       (!msg->error || iface_is_valid(msg->error)) &&
	       (!msg->dest || peer_is_valid(msg->dest)) &&
	       (!msg->sender || peer_is_valid(msg->sender));
}

/* Whether the message has the fields that its type needs. Unknown types need none. */
static bool is_complete(const struct message *msg)
{
	switch (msg->type) {
	case 0: return false;
	case MESSAGE_CALL: return msg->path && msg->member;
	case MESSAGE_RETURN: return msg->reply_serial;
	case MESSAGE_ERROR: return msg->reply_serial && msg->error;
	case MESSAGE_SIGNAL: return msg->path && msg->iface && msg->member;
	}
	return true;
}

static int check_message(const struct message *msg, size_t body_len, struct err *e)
{
	if (!msg->serial || msg->body_len != body_len)
		return fail(e, ERR_HOST, "malformed D-Bus message: its lengths do not fit");
	if (!names_are_valid(msg) || !is_complete(msg))
		return fail(e, ERR_HOST, "malformed D-Bus message: its header is incomplete");
	if (msg->fds_promised > WIRE_FDS_MAX)
		return fail(e, ERR_HOST, "malformed D-Bus message: too many descriptors");
	if (!*msg->sig && body_len)
		return fail(e, ERR_HOST, "malformed D-Bus message: a body without signature");
	return 0;
}

int message_parse(struct message *msg, const void *bytes, size_t size, struct err *e)
{
	const unsigned char *p = bytes;
	uint32_t body_len;
	struct reader r;
	size_t at;

	*msg = (struct message){ .sig = "", .big_endian = size && *p == 'B' };
	reader_init(&r, bytes, size, head_sig, NULL, 0, msg->big_endian);
	reader_byte(&r);
	msg->type = reader_byte(&r);
	msg->flags = reader_byte(&r);
	if (reader_byte(&r) != 1 && !r.fault)
		return fail(e, ERR_HOST, "unknown version of the D-Bus protocol");
	body_len = reader_u32(&r);
	msg->serial = reader_u32(&r);
	for (reader_open_array(&r, "(yv)"); reader_more(&r); reader_close(&r)) {
		unsigned field;

		reader_open_struct(&r);
		field = reader_byte(&r);
		read_header_field(msg, field, &r);
	}
	reader_close(&r);
	if (reader_done(&r, e) < 0) return -1;
	for (at = r.at; at % 8 && at < size; at++)
		if (p[at])
			return fail(e, ERR_HOST, "malformed D-Bus message: bad padding");
	if (at % 8) return fail(e, ERR_HOST, "malformed D-Bus message: its lengths do not fit");
	msg->body = p + at;
	msg->body_len = size - at;
	return check_message(msg, body_len, e);
}

static void open_field(struct wire *w, enum field field, const char *type)
{
	wire_open_struct(w);
	wire_byte(w, (uint8_t)field);
	wire_open_variant(w, type);
}

static void close_field(struct wire *w)
{
	wire_close_variant(w);
	wire_close_struct(w);
}

static void add_text_field(struct wire *w, enum field field, const char *text)
{
	if (!text) return;
	open_field(w, field, field == PATH ? "o" : "s");
	if (field == PATH) wire_path(w, text);
	else wire_str(w, text);
	close_field(w);
}

static void add_number_field(struct wire *w, enum field field, uint32_t v)
{
	if (!v) return;
	open_field(w, field, "u");
	wire_u32(w, v);
	close_field(w);
}

static void add_fields(struct wire *w, const struct message *msg, const struct wire *body)
{
	add_text_field(w, PATH, msg->path);
	add_text_field(w, MEMBER, msg->member);
	add_text_field(w, IFACE, msg->iface);
	add_text_field(w, ERROR_NAME, msg->error);
	add_number_field(w, REPLY_SERIAL, msg->reply_serial);
	add_text_field(w, DEST, msg->dest);
	add_text_field(w, SENDER, msg->sender);
	if (body && *body->sig) {
		open_field(w, SIG, "g");
		wire_sig(w, body->sig);
		close_field(w);
	}
	add_number_field(w, FDS, body ? (uint32_t)body->fd_count : 0);
}

int message_header(const struct message *msg, const struct wire *body, struct arena *m,
                   struct str *out, struct err *e)
{
	struct wire *w = arena_alloc(m, sizeof *w);

	wire_init(w, m);
	wire_byte(w, 'l');
	wire_byte(w, (uint8_t)msg->type);
	wire_byte(w, (uint8_t)msg->flags);
	wire_byte(w, 1);
	wire_u32(w, body ? (uint32_t)body->body.len : 0);
	wire_u32(w, msg->serial);
	wire_open_array(w, "(yv)");
	add_fields(w, msg, body);
	wire_close_array(w);
	if (wire_done(w, e) < 0) return -1;
	if (!names_are_valid(msg) || !is_complete(msg))
		return fail(e, ERR_HOST, "a D-Bus message lacks a valid destination");
	str_addn(out, str_text(&w->body), w->body.len);
	str_addn(out, "\0\0\0\0\0\0\0", (8 - w->body.len % 8) % 8);
	return 0;
}
