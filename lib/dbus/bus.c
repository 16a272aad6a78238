/* sort_message sees each message that arrives once: it puts replies to calls that still
 * wait, and signals that a match asked for, into the inbox, and drops the rest. Functions
 * that wait for a message look into the inbox first. */

#include "lib/dbus/bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/wait.h"
#include "lib/dbus/inbox.h"
#include "lib/dbus/link.h"

enum { KEPT_MAX = 64 << 20, ECHOES = 4, UNMATCH_MS = 1000 };

/* A call without a reply so far. The reply to an AddMatch is not kept. */
struct waiting {
	uint32_t serial;
	bool is_match;
};

struct watch {
	struct watch *next;
	int id;
	struct bus_match match;
	const char *rule;
};

struct bus {
	struct arena m;
	struct link link;
	enum bus_kind kind;
	size_t limit;			/* on what the peer says, echoes not counted */
	size_t sent_max;		/* the size of our largest message */
	uint32_t serial;
	struct waiting *waiting;
	size_t waiting_count, waiting_room;
	struct watch *watches;
	int watch_id;
	struct inbox inbox;
};

static const struct bus_dest driver = {
	"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
};

/* -- calls on their way -- */

static void waiting_add(struct bus *b, uint32_t serial, bool is_match)
{
	b->waiting = arena_grow(&b->m, b->waiting, b->waiting_count, &b->waiting_room,
	                        sizeof *b->waiting);
	b->waiting[b->waiting_count++] = (struct waiting){ serial, is_match };
}

static struct waiting *waiting_find(struct bus *b, uint32_t serial)
{
	for (size_t i = 0; i < b->waiting_count; i++)
		if (b->waiting[i].serial == serial) return &b->waiting[i];
	return NULL;
}

static void waiting_remove(struct bus *b, struct waiting *w)
{
	if (w) *w = b->waiting[--b->waiting_count];
}

/* -- what arrives -- */

static bool is_match_term(const char *want, const char *is)
{
	return !want || (is && !strcmp(want, is));
}

static bool has_arg0(const char *want, const struct message *msg)
{
	struct reader r;

	if (!want) return true;
	message_reader(msg, &r);
	return reader_type(&r) == 's' && is_match_term(want, reader_str(&r)) && !r.fault;
}

static bool is_watched(const struct bus *b, const struct message *msg)
{
	for (const struct watch *w = b->watches; w; w = w->next)
		if (is_match_term(w->match.path, msg->path) &&
		    is_match_term(w->match.iface, msg->iface) &&
		    is_match_term(w->match.member, msg->member) && has_arg0(w->match.arg0, msg))
			return true;
	return false;
}

/* The peer's message in an error reply; without one, the name of the error. */
static const char *error_text(const struct message *msg)
{
	const char *text = "";
	struct reader r;

	message_reader(msg, &r);
	if (reader_type(&r) == 's') text = reader_str(&r);
	return *text && !r.fault ? text : msg->error;
}

static int keep_message(struct bus *b, const void *bytes, size_t size, struct message *msg,
                        struct err *e)
{
	if (inbox_add(&b->inbox, bytes, size, msg)) return 0;
	message_close(msg);
	return link_refuse(&b->link, e, "D-Bus sends too many messages");
}

static int sort_message(struct bus *b, const void *bytes, size_t size, struct message *msg,
                        struct err *e)
{
	bool is_reply = msg->type == MESSAGE_RETURN || msg->type == MESSAGE_ERROR;
	struct waiting *w = is_reply ? waiting_find(b, msg->reply_serial) : NULL;
	bool is_match = w && w->is_match;

	waiting_remove(b, w);
	if (!is_reply) message_close(msg);	/* the descriptors of a signal are not used */
	if ((w && !is_match) || (msg->type == MESSAGE_SIGNAL && is_watched(b, msg)))
		return keep_message(b, bytes, size, msg, e);
	if (is_match && msg->type == MESSAGE_ERROR)
		fail(e, ERR_HOST, "D-Bus refuses our match: %s", error_text(msg));
	message_close(msg);
	return is_match && msg->type == MESSAGE_ERROR ? -1 : 0;
}

/* The oldest descriptors belong to the first message. */
static int attach_fds(struct bus *b, struct message *msg, struct err *e)
{
	if (msg->fds_promised > b->link.fd_count)
		return link_refuse(&b->link, e, "a D-Bus message came without its descriptors");
	msg->fds = b->link.fds;
	msg->fd_count = msg->fds_promised;
	return 0;
}

static size_t message_max(const struct bus *b)
{
	size_t max = b->limit + ECHOES * b->sent_max;

	return max < BUS_OF_HOST ? max : BUS_OF_HOST;
}

static void set_limits(struct bus *b)
{
	size_t kept = 4 * message_max(b);

	b->link.in_max = 2 * message_max(b);
	b->inbox.bytes_max = kept < KEPT_MAX ? kept : KEPT_MAX;
}

static int fail_bad_message(struct bus *b, struct err *e)
{
	b->link.dead = true;
	if (e) e->sys = EPROTO;
	return -1;
}

/* Take the next whole message off the link: 1, or 0 if there is none, or -1. */
static int take_message(struct bus *b, struct err *e)
{
	struct link *l = &b->link;
	const unsigned char *bytes = l->in + l->start;
	size_t have = l->end - l->start, size;
	int fds[WIRE_FDS_MAX];
	struct message msg;
	int rc;

	if (have < MESSAGE_START) return 0;
	if (message_size(bytes, message_max(b), &size, e) < 0) return fail_bad_message(b, e);
	if (have < size) return 0;
	if (message_parse(&msg, bytes, size, e) < 0) return fail_bad_message(b, e);
	if (attach_fds(b, &msg, e) < 0) return -1;
	if (msg.fd_count) memcpy(fds, msg.fds, msg.fd_count * sizeof *fds);
	msg.fds = fds;
	link_consume_fds(l, msg.fd_count);
	rc = sort_message(b, bytes, size, &msg, e);
	link_consume(l, size);
	return rc < 0 ? -1 : 1;
}

/* Sort all messages that the link has collected. */
static int sort_all(struct bus *b, struct err *e)
{
	int n;

	while ((n = take_message(b, e)) > 0)
		;
	if (n == 0 && b->link.start == b->link.end) link_drop_fds(&b->link);
	return n;
}

/* Read until the message is there: 1, or 0 at the deadline, or -1. The deadline and signals
 * are checked even while a peer sends without a pause. */
static int await_message(struct bus *b, uint32_t serial, int64_t deadline, struct kept ***found,
                         struct err *e)
{
	bool once = true;

	if (sort_all(b, e) < 0) return -1;
	while (!(*found = inbox_find(&b->inbox, serial))) {
		int n;

		if (!once && !deadline_left(deadline)) return 0;
		if (check_signal(e) < 0) return -1;
		n = link_wait(&b->link, deadline, e);
		if (n <= 0) return n;
		if (sort_all(b, e) < 0) return -1;
		once = false;
	}
	return 1;
}

/* -- calls -- */

static int send_call(struct bus *b, const struct bus_dest *to, const char *member,
                     struct wire *body, unsigned flags, int64_t deadline, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct str head = { .m = &m };
	struct parcel out = { 0 };
	struct message msg = {
		.type = MESSAGE_CALL, .flags = flags,
		.path = to->path, .iface = to->iface, .member = member,
		.dest = b->kind == BUS_BROKER ? to->name : NULL,
	};

	if (body && wire_done(body, e) < 0) return -1;
	if (!++b->serial) b->serial = 1;
	msg.serial = b->serial;
	if (message_header(&msg, body, &m, &head, e) < 0) return -1;
	out.head = head.s;
	out.head_len = head.len;
	if (body) {
		out.body = body->body.s;
		out.body_len = body->body.len;
		out.fds = body->fds;
		out.fd_count = body->fd_count;
	}
	if (out.head_len + out.body_len > BUS_OF_HOST)
		return fail(e, ERR_INPUT, "%zu bytes are too many for a D-Bus message",
		            out.body_len);
	if (out.head_len + out.body_len > b->sent_max) {
		b->sent_max = out.head_len + out.body_len;
		set_limits(b);
	}
	if (out.fd_count && !b->link.passes_fds)
		return fail(e, ERR_HOST, "this D-Bus does not accept descriptors");
	return link_send(&b->link, &out, deadline, e);
}

int bus_send(struct bus *b, const struct bus_dest *to, const char *member,
             struct wire *body, int64_t deadline, uint32_t *serial, struct err *e)
{
	if (send_call(b, to, member, body, 0, deadline, e) < 0) return fail_in(e, "%s", member);
	*serial = b->serial;
	waiting_add(b, b->serial, false);
	return 0;
}

int bus_reply(struct bus *b, uint32_t serial, int64_t deadline, struct arena *m,
              struct message *reply, struct err *e)
{
	struct kept **at;
	int n;

	message_close(reply);
	*reply = (struct message){ .sig = "" };
	n = await_message(b, serial, deadline, &at, e);
	if (n <= 0) {
		waiting_remove(b, waiting_find(b, serial));
		if (n == 0) fail(e, ERR_HOST, "no answer in time");
		if (n == 0 && e) e->sys = ETIMEDOUT;
		return -1;
	}
	inbox_take(&b->inbox, at, m, reply);
	return reply->type == MESSAGE_ERROR ? fail(e, ERR_HOST, "%s", error_text(reply)) : 0;
}

int bus_call(struct bus *b, const struct bus_dest *to, const char *member,
             struct wire *body, int64_t deadline, struct arena *m, struct message *reply,
             struct err *e)
{
	uint32_t serial = 0;

	message_close(reply);
	*reply = (struct message){ .sig = "" };
	if (bus_send(b, to, member, body, deadline, &serial, e) < 0) return -1;
	if (bus_reply(b, serial, deadline, m, reply, e) == 0) return 0;
	return reply->error ? -1 : fail_in(e, "%s", member);
}

/* -- signals -- */

static void add_rule_term(struct str *rule, const char *key, const char *value)
{
	if (!value) return;
	str_addf(rule, ",%s='", key);
	for (; *value; value++)
		if (*value == '\'') str_add(rule, "'\\''");
		else str_addc(rule, *value);
	str_addc(rule, '\'');
}

static const char *copy_of(struct bus *b, const char *s)
{
	return s ? arena_strdup(&b->m, s) : NULL;
}

static struct watch *watch_new(struct bus *b, const struct bus_match *what)
{
	struct watch *w = arena_alloc(&b->m, sizeof *w);
	struct str rule = { .m = &b->m };

	w->id = ++b->watch_id;
	w->match = (struct bus_match){
		copy_of(b, what->sender), copy_of(b, what->path), copy_of(b, what->iface),
		copy_of(b, what->member), copy_of(b, what->arg0),
	};
	str_add(&rule, "type='signal'");
	add_rule_term(&rule, "sender", what->sender);
	add_rule_term(&rule, "path", what->path);
	add_rule_term(&rule, "interface", what->iface);
	add_rule_term(&rule, "member", what->member);
	add_rule_term(&rule, "arg0", what->arg0);
	w->rule = rule.s;
	return w;
}

static int send_rule(struct bus *b, const char *member, const char *rule, unsigned flags,
                     int64_t deadline, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct wire *w = arena_alloc(&m, sizeof *w);

	wire_init(w, &m);
	wire_str(w, rule);
	return send_call(b, &driver, member, w, flags, deadline, e);
}

int bus_match(struct bus *b, const struct bus_match *what, int64_t deadline, struct err *e)
{
	struct watch *w = watch_new(b, what);

	if (b->kind == BUS_BROKER) {
		if (send_rule(b, "AddMatch", w->rule, 0, deadline, e) < 0) return -1;
		waiting_add(b, b->serial, true);
	}
	w->next = b->watches;
	b->watches = w;
	return w->id;
}

void bus_unmatch(struct bus *b, int id)
{
	struct watch **at = &b->watches;
	struct kept **k = &b->inbox.first;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	if (!*at) return;
	if (b->kind == BUS_BROKER)
		send_rule(b, "RemoveMatch", (*at)->rule, MESSAGE_NO_REPLY,
		          deadline_in(UNMATCH_MS), NULL);
	*at = (*at)->next;
	while (*k) {
		if ((*k)->msg.type == MESSAGE_SIGNAL && !is_watched(b, &(*k)->msg))
			inbox_drop(&b->inbox, k);
		else k = &(*k)->next;
	}
}

int bus_next_signal(struct bus *b, int64_t deadline, struct arena *m, struct message *msg,
                    struct err *e)
{
	struct kept **at;
	int n = await_message(b, 0, deadline, &at, e);

	message_close(msg);
	*msg = (struct message){ .sig = "" };
	if (n > 0) inbox_take(&b->inbox, at, m, msg);
	return n;
}

/* -- the connection -- */

/* Send everything first, then read the answers: a peer that refuses us may close the
 * connection before we have sent all, and its answer tells more than a failed send. */
static int say_hello(struct bus *b, int64_t deadline, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };
	uint32_t serial = 0;
	int sent = 0;

	if (link_hello(&b->link, deadline, e) < 0) return -1;
	if (b->kind == BUS_BROKER)
		sent = bus_send(b, &driver, "Hello", NULL, deadline, &serial, e);
	if (link_welcome(&b->link, deadline, e) < 0 || sent < 0) return -1;
	return serial ? bus_reply(b, serial, deadline, &m, &reply, e) : 0;
}

struct bus *bus_open_fd(int fd, enum bus_kind kind, enum bus_limit limit, int64_t deadline,
                        struct err *e)
{
	struct arena m = { 0 };
	struct bus *b = arena_alloc(&m, sizeof *b);

	b->m = m;
	b->kind = kind;
	b->limit = limit;
	inbox_init(&b->inbox);
	if (link_init(&b->link, fd, e) == 0) {
		set_limits(b);
		if (say_hello(b, deadline, e) == 0) return b;
	}
	fail_in(e, "D-Bus");
	bus_close(b);
	return NULL;
}

struct bus *bus_open(const char *addresses, enum bus_kind kind, int64_t deadline,
                     struct err *e)
{
	int fd = link_connect(addresses, deadline, e);

	return fd < 0 ? NULL : bus_open_fd(fd, kind, BUS_OF_HOST, deadline, e);
}

void bus_close(struct bus *b)
{
	struct arena m;

	if (!b) return;
	inbox_close(&b->inbox);
	link_close(&b->link);
	m = b->m;
	arena_free(&m);
}

enum bus_kind bus_kind(const struct bus *b)
{
	return b->kind;
}

int bus_fd(const struct bus *b)
{
	return b->link.fd;
}
