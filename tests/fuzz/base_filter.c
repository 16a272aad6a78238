/* What a program prints, in one piece and in two: the same comes out, nothing in it steers a
 * terminal but lines and colours, and to show it again changes nothing but those. */

#include "lib/base/filter.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/shown.h"
#include "lib/base/str.h"
#include "lib/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

static void pass(struct str *out, const char *data, size_t n, size_t cut)
{
	struct filter f = { .colours = true, .returns = true };

	filter_add(&f, data, cut, out);
	filter_add(&f, data + cut, n - cut, out);
	filter_end(&f, out);
}

static void check_tame(const char *s, size_t n)
{
	size_t len;
	uint32_t c;

	for (; n; s += len, n -= len) {
		demand((len = utf8_next(s, n, &c)) > 0);
		if (c == '\n' || c == '\t' || c == '\r' || shown_plain(c)) continue;
		demand(c == '\033' && n > 2 && s[1] == '[');
		for (len = 2; len < n && s[len] && strchr("0123456789;:", s[len]); len++)
			;
		demand(len < n && s[len++] == 'm');
	}
}

static void check_shown(struct arena *m, const char *text)
{
	const char *once = shown(m, text);
	char cut[16];

	demand(utf8_valid(once, strlen(once)) && shown(m, once) == once);
	demand(shown_copy(cut, sizeof cut, text) < sizeof cut && shown(m, cut) == cut);
	demand(!strncmp(cut, once, strlen(cut)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	struct str whole = { .m = &m }, halves = { .m = &m };
	const char *text = (const char *)data + 1;

	if (!n || n > 10000) return 0;
	n--;
	pass(&whole, text, n, n);
	pass(&halves, text, n, data[0] < n ? data[0] : n);
	demand(whole.len == halves.len &&
	       !memcmp(str_text(&whole), str_text(&halves), whole.len));
	check_tame(str_text(&whole), whole.len);
	check_shown(&m, arena_strndup(&m, text, n));
	return 0;
}
