#include "lib/dbus/inbox.h"

enum { COUNT_MAX = 4096, WASTE = 64 * 1024 };

void inbox_init(struct inbox *in)
{
	*in = (struct inbox){ .end = &in->first };
}

void inbox_close(struct inbox *in)
{
	while (in->first)
		inbox_drop(in, &in->first);
}

static size_t cost_of(size_t size, const struct message *msg)
{
	return sizeof(struct kept) + size + msg->fd_count * sizeof *msg->fds;
}

static void append_message(struct inbox *in, const void *bytes, size_t size,
                           const struct message *msg)
{
	struct kept *k = arena_alloc(&in->m, sizeof *k);

	k->bytes = arena_memdup(&in->m, bytes, size);
	k->size = size;
	k->cost = cost_of(size, msg);
	message_parse(&k->msg, k->bytes, size, NULL);
	k->msg.fds = arena_memdup(&in->m, msg->fds, msg->fd_count * sizeof *msg->fds);
	k->msg.fd_count = msg->fd_count;
	*in->end = k;
	in->end = &k->next;
	in->count++;
	in->bytes += k->cost;
	in->spent += k->cost;
}

/* An arena cannot free single messages, and an inbox that is never quite empty would grow
 * for ever. So copy the messages that are left into a new arena. */
static void compact(struct inbox *in)
{
	struct inbox tight;

	inbox_init(&tight);
	tight.bytes_max = in->bytes_max;
	for (const struct kept *k = in->first; k; k = k->next)
		append_message(&tight, k->bytes, k->size, &k->msg);
	arena_free(&in->m);
	*in = tight;
	if (!in->first) in->end = &in->first;
}

bool inbox_add(struct inbox *in, const void *bytes, size_t size, const struct message *msg)
{
	if (in->count >= COUNT_MAX || in->bytes + cost_of(size, msg) > in->bytes_max)
		return false;
	if (in->spent > 2 * in->bytes + WASTE) compact(in);
	append_message(in, bytes, size, msg);
	return true;
}

struct kept **inbox_find(struct inbox *in, uint32_t serial)
{
	for (struct kept **at = &in->first; *at; at = &(*at)->next) {
		const struct message *msg = &(*at)->msg;
		bool is_signal = msg->type == MESSAGE_SIGNAL;

		if (serial ? !is_signal && msg->reply_serial == serial : is_signal) return at;
	}
	return NULL;
}

static void unlink_kept(struct inbox *in, struct kept **at)
{
	struct kept *k = *at;

	*at = k->next;
	if (in->end == &k->next) in->end = at;
	in->bytes -= k->cost;
	if (--in->count) return;
	arena_free(&in->m);
	in->spent = 0;
}

void inbox_take(struct inbox *in, struct kept **at, struct arena *m, struct message *msg)
{
	struct kept *k = *at;
	void *bytes = arena_memdup(m, k->bytes, k->size);

	message_close(msg);
	message_parse(msg, bytes, k->size, NULL);
	msg->fd_count = k->msg.fd_count;
	msg->fds = arena_memdup(m, k->msg.fds, msg->fd_count * sizeof *msg->fds);
	unlink_kept(in, at);
}

void inbox_drop(struct inbox *in, struct kept **at)
{
	message_close(&(*at)->msg);
	unlink_kept(in, at);
}
