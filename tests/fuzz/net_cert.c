#include "lib/net/cert.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

static void inside(struct der part, const uint8_t *data, size_t n)
{
	demand(!part.n || (part.p >= data && part.n <= n && part.p <= data + (n - part.n)));
}

static void printable(const char *s, size_t room)
{
	demand(strnlen(s, room) < room);
	for (; *s; s++)
		demand(*s >= ' ' && *s < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const unsigned char ip[16];
	char names[100], name[7];
	struct cert c;

	if (!cert_read(data, n, &c)) return 0;
	inside(c.issuer, data, n);
	inside(c.subject, data, n);
	inside(c.alt_names, data, n);
	inside(c.point, data, n);
	inside(c.modulus, data, n);
	inside(c.exponent, data, n);
	cert_list_names(&c, names, sizeof names);
	printable(names, sizeof names);
	cert_name_text(c.issuer, name, sizeof name);
	printable(name, sizeof name);
	cert_has_ip(&c, ip, 4);
	cert_has_ip(&c, ip, 16);
	return 0;
}
