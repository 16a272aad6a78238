#include "lib/net/cert.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/net/names.h"

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

/* The certificate's own limits on its own names, and whatever this is as limits. */
static void judge(const struct cert *c, const uint8_t *data, size_t n)
{
	struct der any = { data, n };
	char which[40];

	memset(which, 0, sizeof which);
	names_judge(c->constraints, c, which, sizeof which);
	printable(which, sizeof which);
	names_judge(any, c, which, sizeof which);
	printable(which, sizeof which);
	names_judge_host(c->constraints, "a.example");
	demand(names_judge_host((struct der){ 0 }, "a.example") == NAMES_WITHIN);
}

static void check_ours(const struct cert *c, const uint8_t *data, size_t n)
{
	int i;

	for (i = 0; i < CERT_OURS_MAX; i++) {
		if (!c->ours[i]) continue;
		inside((struct der){ c->ours[i], 1 }, data, n);
		demand(*c->ours[i] && (!i || (c->ours[0] && c->ours[0] < c->ours[1])));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const unsigned char ip[16];
	char names[100], name[7];
	struct cert c;

	judge(&(struct cert){ .alt_names = { data, n }, .subject = { data, n },
	                      .constraints = { data, n } }, data, n);
	if (!cert_read(data, n, &c)) {
		demand(c.flaw == CERT_BROKEN && !c.issuer.n && !c.subject.n && !c.alt_names.n);
		return 0;
	}
	inside(c.issuer, data, n);
	inside(c.subject, data, n);
	inside(c.alt_names, data, n);
	inside(c.constraints, data, n);
	inside(c.point, data, n);
	inside(c.modulus, data, n);
	inside(c.exponent, data, n);
	check_ours(&c, data, n);
	judge(&c, data, n);
	names_list(&c, names, sizeof names);
	printable(names, sizeof names);
	cert_name_text(c.issuer, name, sizeof name);
	printable(name, sizeof name);
	names_have_ip(&c, ip, 4);
	names_have_ip(&c, ip, 16);
	demand(!names_have_host(&c, "example") || c.alt_names.n > 8);
	return 0;
}
