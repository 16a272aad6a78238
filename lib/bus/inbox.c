#include "lib/bus/inbox.h"

enum { COUNT_MAX = 4096, BYTES_MAX = 64 << 20 };

void inbox_init(struct inbox *in)
{
	*in = (struct inbox){ .end = &in->first };
}

void inbox_close(struct inbox *in)
{
	while (in->first)
		inbox_drop(in, &in->first);
}

bool inbox_add(struct inbox *in, const void *bytes, size_t size, const struct message *msg)
{
	struct kept *k;

	if (in->count >= COUNT_MAX || in->bytes + size > BYTES_MAX) return false;
	k = arena_alloc(&in->m, sizeof *k);
	k->bytes = arena_memdup(&in->m, bytes, size);
	k->size = size;
	message_parse(&k->msg, k->bytes, size, NULL);
	k->msg.fds = arena_memdup(&in->m, msg->fds, msg->fd_count * sizeof *msg->fds);
	k->msg.fd_count = msg->fd_count;
	*in->end = k;
	in->end = &k->next;
	in->count++;
	in->bytes += size;
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
	in->bytes -= k->size;
	if (--in->count == 0) arena_free(&in->m);
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
