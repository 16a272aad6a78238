#include "lib/net/http_wire.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/net/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

/* The data of a chunked text that comes in pieces of `step`, and how it ended. */
static const char *unchunk(struct arena *m, const char *p, size_t n, size_t step)
{
	struct http_chunks c = { 0 };
	struct str out = { .m = m };
	size_t at = 0, have, k;
	int64_t framing = 0;

	while (at < n && !c.ended && framing >= 0) {
		have = n - at < step ? n - at : step;
		if ((framing = http_chunks_step(&c, p + at, have, NULL)) < 0) break;
		demand((size_t)framing <= have && c.left <= (uint64_t)HTTP_LENGTH_MAX * 2);
		at += (size_t)framing;
		have -= (size_t)framing;
		k = have < c.left ? have : (size_t)c.left;
		demand(framing || k);
		str_addn(&out, p + at, k);
		c.left -= k;
		at += k;
	}
	str_addf(&out, "%c%zu", framing < 0 ? '!' : c.ended ? '.' : '~', out.len);
	return str_text(&out);
}

static void check_head(struct arena *m, const char *p, size_t n)
{
	static const char *const names[] = { "realm", "a", "" };
	const char *value;
	struct http_head h;
	size_t i;

	for (i = 0; i < n; i++)
		demand(!http_head_size(p, i));
	if (http_head_parse(m, p, n, &h, NULL) < 0) return;
	demand(h.status >= 100 && h.status <= 599 && h.reason);
	demand(h.length >= -1 && h.length <= HTTP_LENGTH_MAX);
	demand(h.range_from >= -1 && h.range_total >= -1 && h.retry_after >= -1);
	demand(!(h.chunked && h.length >= 0));
	demand(!h.location || !strpbrk(h.location, "\r\n"));
	demand(!h.etag || !strpbrk(h.etag, "\r\n"));
	if (!h.authenticate) return;
	for (i = 0; i < sizeof names / sizeof *names; i++) {
		value = challenge_get(m, h.authenticate, names[i]);
		demand(!value || (strlen(value) < n && !strpbrk(value, "\r\n")));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	const char *p = (const char *)data;
	size_t head = n < 4096 ? http_head_size(p, n) : 0;

	demand(head <= n);
	if (head) check_head(&m, p, head);
	p += head;
	n -= head;
	demand(!strcmp(unchunk(&m, p, n, n + 1), unchunk(&m, p, n, 1)));
	demand(!strcmp(unchunk(&m, p, n, 3), unchunk(&m, p, n, 7)));
	return 0;
}
