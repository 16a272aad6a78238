#include "lib/net/tls13/impl.h"

#include <string.h>

unsigned octets_number(struct octets *in, unsigned bytes)
{
	struct octets part = octets_bytes(in, bytes);
	unsigned value = 0;

	for (; part.n; part.p++, part.n--)
		value = value << 8 | *part.p;
	return value;
}

struct octets octets_bytes(struct octets *in, size_t n)
{
	struct octets part = { in->p, n, false };

	if (in->bad || n > in->n) {
		in->bad = true;
		return (struct octets){ in->p, 0, true };
	}
	in->p += n;
	in->n -= n;
	return part;
}

struct octets octets_vector(struct octets *in, unsigned bytes)
{
	size_t n = octets_number(in, bytes);

	return octets_bytes(in, n);
}

bool octets_is_done(const struct octets *in)
{
	return !in->bad && !in->n;
}

bool octets_extension(struct octets *list, unsigned *type, struct octets *body)
{
	if (list->bad || !list->n) return false;
	*type = octets_number(list, 2);
	*body = octets_vector(list, 2);
	return !list->bad;
}

void octets_put(struct octets_out *out, unsigned value, unsigned bytes)
{
	while (bytes--)
		out->p[out->n++] = (unsigned char)(value >> 8 * bytes);
}

void octets_put_bytes(struct octets_out *out, const void *p, size_t n)
{
	if (n) memcpy(out->p + out->n, p, n);
	out->n += n;
}

size_t octets_begin(struct octets_out *out, unsigned bytes)
{
	out->n += bytes;
	return out->n;
}

void octets_end(struct octets_out *out, size_t begin, unsigned bytes)
{
	struct octets_out length = { out->p, begin - bytes };

	octets_put(&length, (unsigned)(out->n - begin), bytes);
}
