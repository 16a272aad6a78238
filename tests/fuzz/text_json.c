#include "lib/text/json.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "lib/text/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

/* Whatever text is written is UTF-8 and reads as itself, if it was that before. */
static void there_and_back(struct arena *m, const char *text)
{
	struct str s = { .m = m };
	struct json_out o = { .to = &s };
	struct json *root;

	json_add_text(&o, NULL, text);
	demand(utf8_valid(s.s, s.len));
	demand((root = json_open(s.s, s.len, NULL)) != NULL);
	if (utf8_valid(text, strlen(text))) demand(!strcmp(json_text(root), text));
	json_close(root);
}

static void walk(struct arena *m, const struct json *v)
{
	uint64_t n;

	for (; v; v = json_next(v)) {
		if (json_text(v)) there_and_back(m, json_text(v));
		there_and_back(m, json_key(v));
		if (json_uint(v, &n)) demand(n <= UINT64_C(1) << 53);
		json_get(v, "products");
		walk(m, json_first(v));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	AUTOJSON struct json *root = n > 100000 ? NULL : json_open((const char *)data, n, NULL);

	walk(&m, root);
	there_and_back(&m, arena_strndup(&m, (const char *)data, n));
	return 0;
}
