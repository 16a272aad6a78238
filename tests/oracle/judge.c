/* What we think of chains of certificates, for chains.py to compare with OpenSSL.
 *
 * Each line of stdin is "BUNDLE CHAIN HOST NOW"; the chain is a file of certificates in
 * PEM, the server's own first. Each is answered by a line: "ok", or the sentence. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/net/anchors.h"
#include "lib/net/impl.h"

static void collect(void *arg, const void *data, size_t n)
{
	str_addn(arg, data, n);
}

static void feed(struct trust *t, struct arena *m, const char *pem, size_t n)
{
	br_pem_decoder_context dc;
	struct str der = { .m = m };

	br_pem_decoder_init(&dc);
	while (n) {
		size_t k = br_pem_decoder_push(&dc, pem, n);

		pem += k;
		n -= k;
		switch (br_pem_decoder_event(&dc)) {
		case BR_PEM_BEGIN_OBJ:
			der = (struct str){ .m = m };
			br_pem_decoder_setdest(&dc, collect, &der);
			break;
		case BR_PEM_END_OBJ:
			t->vtable->start_cert(&t->vtable, (uint32_t)der.len);
			t->vtable->append(&t->vtable, (unsigned char *)der.s, der.len);
			t->vtable->end_cert(&t->vtable);
		}
	}
}

static int judge(const char *bundle, const char *chain, const char *host, int64_t now,
                 struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct anchors *a = anchors_load(&m, bundle, e);
	struct trust *t = arena_alloc(&m, sizeof *t);
	unsigned code;
	size_t n;
	char *pem = read_file(&m, AT_FDCWD, chain, 1 << 20, &n, e);

	if (!a || !pem) return -1;
	trust_init(t, a, host, now);
	t->vtable->start_chain(&t->vtable, t->ip_len ? NULL : host);
	feed(t, &m, pem, n);
	code = t->vtable->end_chain(&t->vtable);
	return code ? trust_fail(t, (int)code, e) : 0;
}

int main(void)
{
	char bundle[500], chain[500], host[500];
	int64_t now;

	while (scanf("%499s %499s %499s %" SCNd64, bundle, chain, host, &now) == 4) {
		struct err e = { 0 };

		puts(judge(bundle, chain, host, now, &e) < 0 ? e.text : "ok");
	}
	return 0;
}
