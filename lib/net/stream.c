#include "lib/net/stream.h"

#include <string.h>

#include "lib/base/arena.h"

ssize_t stream_read(struct stream *s, void *buf, size_t n, struct err *e)
{
	ssize_t k;

	if (s->fault.kind) {
		if (e) *e = s->fault;
		return -1;
	}
	if (s->ended || !n) return 0;
	k = s->pull(s, buf, n, &s->fault);
	if (k > 0)
		s->count += (uint64_t)k;
	else if (!k)
		s->ended = true;
	else if (e)
		*e = s->fault;
	return k;
}

char *stream_read_all(struct stream *s, struct arena *m, size_t limit, size_t hint, size_t *len,
                      struct err *e)
{
	size_t room = hint && hint <= limit ? hint + 1 : 64 * 1024, n = 0;
	char *text = arena_alloc(m, room + 1), *larger;
	ssize_t k;

	while ((k = stream_read(s, text + n, room - n, e)) > 0) {
		n += (size_t)k;
		if (n > limit)
			return fail(e, ERR_NETWORK, "larger than %zu bytes", limit), NULL;
		if (n < room) continue;
		larger = arena_alloc(m, room * 2 + 1);
		memcpy(larger, text, n);
		text = larger;
		room *= 2;
	}
	if (k < 0) return NULL;
	text[n] = 0;
	*len = n;
	return text;
}

int64_t stream_skip(struct stream *s, uint64_t n, struct err *e)
{
	char buf[16 * 1024];
	uint64_t done = 0;
	ssize_t k = 0;

	while (done < n && (k = stream_read(s, buf, n - done < sizeof buf ?
	                                    (size_t)(n - done) : sizeof buf, e)) > 0)
		done += (uint64_t)k;
	return k < 0 ? -1 : (int64_t)done;
}
