/* A chain, the server's own certificate first, judged by all of its certificates as
 * anchors. What is accepted is for the host, or for the address. */

#include "lib/net/impl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/net/anchors.h"
#include "lib/net/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

enum { DAY = 1780315200, MEMO = 64 };

static void demand(int truth)
{
	if (!truth) abort();
}

static void feed(struct trust *t, const uint8_t *p, size_t n)
{
	size_t k, i;

	for (; (k = der_size(p, n)); p += k, n -= k) {
		t->vtable->start_cert(&t->vtable, (uint32_t)k);
		for (i = 0; i < k; i += MEMO)
			t->vtable->append(&t->vtable, p + i, k - i < MEMO ? k - i : MEMO);
		t->vtable->end_cert(&t->vtable);
	}
}

static void judge(struct arena *m, const char *host, const uint8_t *data, size_t n)
{
	struct anchors *a = anchors_parse(m, (const char *)data, n, "the input");
	struct trust *t = arena_alloc(m, sizeof *t);
	struct err e = { 0 };
	unsigned code;

	trust_init(t, a, host, DAY);
	t->vtable->start_chain(&t->vtable, t->ip_len ? NULL : host);
	feed(t, data, n);
	code = t->vtable->end_chain(&t->vtable);
	if (!code) {
		demand(t->n && t->vtable->get_pkey(&t->vtable, NULL) && !t->chain[0].flaw);
		demand(t->ip_len ? names_have_ip(&t->chain[0], t->ip, t->ip_len) :
		       names_have_host(&t->chain[0], host));
		return;
	}
	demand(trust_fail(t, (int)code, &e) == -1 && e.kind == ERR_UNTRUSTED && *e.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };

	if (!n || *data != DER_SEQUENCE) return 0;
	judge(&m, "host.example", data, n);
	judge(&m, "192.0.2.7", data, n);
	return 0;
}
