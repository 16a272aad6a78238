#include "lib/net/tls13/impl.h"

#include <string.h>

bool share_knows(unsigned group)
{
	return group == GROUP_X25519 || group == GROUP_P256 || group == GROUP_P384;
}

/* A scalar of a NIST curve is below the order of the group, whose first bit is set, and not
 * zero. BearSSL sets the bits of X25519's itself. */
void share_make(struct share *s, int group, const unsigned char chance[48])
{
	const br_ec_impl *ec = br_ec_get_default();

	*s = (struct share){ .group = group, .key_len = group == GROUP_P384 ? 48 : 32 };
	memcpy(s->key, chance, s->key_len);
	if (group != GROUP_X25519) {
		s->key[0] &= 0x7f;
		s->key[s->key_len - 1] |= 1;
	}
	s->point_len = ec->mulgen(s->point, s->key, s->key_len, group);
}

size_t share_agree(const struct share *s, const unsigned char *point, size_t n,
                   unsigned char out[SHARED_MAX])
{
	const br_ec_impl *ec = br_ec_get_default();
	unsigned char product[POINT_MAX], any = 0;
	size_t i, len, at;

	if (n != s->point_len) return 0;
	memcpy(product, point, n);
	if (!ec->mul(product, n, s->key, s->key_len, s->group)) return 0;
	at = ec->xoff(s->group, &len);
	memcpy(out, product + at, len);
	for (i = 0; i < len; i++)
		any |= out[i];
	/* Points of small order on X25519 give zero, whatever our key is (7.4.2). */
	return s->group == GROUP_X25519 && !any ? 0 : len;
}
