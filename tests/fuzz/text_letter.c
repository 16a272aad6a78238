/* What the other side of a copy says: heads, then bodies, as they come. */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/text/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Written again, a body that was read is the same one. */
static void check_body(struct arena *m, const struct letter *l)
{
	struct str b = { .m = m };
	struct letter again;
	struct err e = { 0 };
	uint64_t number;

	for (size_t i = 0; i < l->n; i++) {
		letter_add(&b, l->v[i].key, l->v[i].value);
		letter_number(l, l->v[i].key, &number, &e);
		if (letter_is_label(l->v[i].value) && strpbrk(l->v[i].value, "/@%\n"))
			__builtin_trap();
		if (letter_is_token(l->v[i].value) && strpbrk(l->v[i].value, " \n"))
			__builtin_trap();
	}
	if (letter_parse(m, b.s, b.len, &again, &e) < 0 || again.n != l->n) __builtin_trap();
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(again.v[i].value, l->v[i].value)) __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena m = { 0 };
	struct err e = { 0 };
	struct letter l;
	enum letter_kind kind;
	size_t length;

	letter_check_hello(arena_strndup(&m, (const char *)data, n), "0.1.0", &e);
	while (n >= LETTER_HEAD && letter_read_head(data, "CAFDEX", &kind, &length, &e) == 0) {
		data += LETTER_HEAD;
		n -= LETTER_HEAD;
		if (length > n) break;
		if (letter_parse(&m, (const char *)data, length, &l, &e) == 0)
			check_body(&m, &l);
		data += length;
		n -= length;
	}
	arena_free(&m);
	return 0;
}
