#include "lib/net/der.h"

#include <string.h>

bool der_next(struct der *in, int *tag, struct der *body, struct der *whole)
{
	size_t head = 2, len, i;

	if (in->n < 2) return false;
	*tag = in->p[0];
	len = in->p[1];
	if ((in->p[0] & 0x1f) == 0x1f || len == 0x80 || len > 0x84) return false;
	if (len > 0x80) {
		head += len - 0x80;
		if (in->n < head) return false;
		for (len = 0, i = 2; i < head; i++)
			len = len << 8 | in->p[i];
	}
	if (len > in->n - head) return false;
	*body = (struct der){ in->p + head, len };
	if (whole) *whole = (struct der){ in->p, head + len };
	in->p += head + len;
	in->n -= head + len;
	return true;
}

bool der_take(struct der *in, int tag, struct der *body)
{
	struct der rest = *in, found;
	int found_tag;

	if (!der_next(&rest, &found_tag, &found, NULL) || found_tag != tag) return false;
	*in = rest;
	*body = found;
	return true;
}

size_t der_size(const void *data, size_t n)
{
	struct der in = { data, n }, body, whole;
	int tag;

	return der_next(&in, &tag, &body, &whole) ? whole.n : 0;
}

bool der_same(struct der a, struct der b)
{
	return a.n == b.n && (!a.n || !memcmp(a.p, b.p, a.n));
}
