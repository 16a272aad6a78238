#include "lib/text/ini.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/jail/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

static void check(const struct ini *ini, size_t len)
{
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *entry = &ini->v[i];

		demand(*entry->key && entry->line);
		demand(entry->start < entry->value_at && entry->value_at <= entry->end);
		demand(entry->end <= len);
	}
}

/* A value that a text took must be what is read from it, and come out again. */
static void change(struct arena *m, const char *text, size_t len, const char *value)
{
	char *with = ini_set(m, text, len, "key", value, NULL);
	const struct ini_entry *entry;
	struct ini ini;

	if (!with) return;
	ini_parse(m, with, strlen(with), &ini);
	demand(!ini.faults.n);
	entry = ini_find(&ini, "key");
	demand(entry && entry->value && !strcmp(entry->value, value));
	demand(ini_unset(m, with, strlen(with), "key", NULL) != NULL);
}

/* The first byte says how much of the rest is a value to set, the rest is a text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	size_t cut = n ? data[0] % 32 : 0;
	const char *value, *text;
	struct conf c;
	struct ini ini;

	if (n < cut + 1) return 0;
	value = arena_strndup(&m, (const char *)data + 1, cut);
	text = arena_strndup(&m, (const char *)data + 1 + cut, n - 1 - cut);
	ini_parse(&m, (const char *)data, n, &ini);
	check(&ini, n);
	conf_parse(&m, text, &c, NULL);
	change(&m, text, strlen(text), value);
	return 0;
}
