#include "lib/net/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

/* What was read is fit for a request and reads the same again. */
static void check(struct arena *m, const struct url *u)
{
	const char *text = url_text(m, u);
	struct url again;

	demand(u->port && *u->host && *u->path == '/' && !strpbrk(text, " \r\n\\#"));
	if (strlen(text) > URL_MAX) return;
	demand(!url_parse(m, text, &again, NULL));
	demand(!strcmp(url_text(m, &again), text));
}

/* What is shown has nothing more to hide. */
static void check_shown(struct arena *m, const char *text)
{
	const char *shown = url_shown(m, text);

	demand(strlen(shown) <= strlen(text) + 7 && !strcmp(url_shown(m, shown), shown));
	word_shown(m, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	const char *text = arena_strndup(&m, (const char *)data, n);
	struct url base, u;

	check_shown(&m, text);
	if (!url_parse(&m, text, &u, NULL)) check(&m, &u);
	demand(!url_parse(&m, "https://a/b/c/d?q", &base, NULL));
	if (!url_resolve(&m, &base, text, &u, NULL)) {
		check(&m, &u);
		demand(!strstr(u.path, "/../") || strchr(u.path, '?'));
	}
	url_beneath(&m, &base, text, &u);
	if (n < URL_MAX / 3) check(&m, &u);
	return 0;
}
