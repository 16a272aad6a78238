#include "lib/text/split.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/auto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void demand(int truth)
{
	if (!truth) abort();
}

/* Words that were split, quoted and split again are the same. */
static void there_and_back(struct arena *m, const char *text, enum split_how how)
{
	struct split a, b;
	unsigned line = 1;

	if (word_split(m, text, 1, how, &a, NULL) < 0) return;
	for (size_t i = 0; i < a.n; line = a.lines[i++])
		demand(a.lines[i] >= line);
	demand(word_split(m, words_quoted(m, a.v), 1, how, &b, NULL) == 0);
	demand(a.n == b.n);
	for (size_t i = 0; i < a.n; i++)
		demand(!strcmp(a.v[i], b.v[i]));
	demand(!a.v[a.n]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	AUTOFREE struct arena m = { 0 };
	const char *text = arena_strndup(&m, (const char *)data, n);

	there_and_back(&m, text, SPLIT_PLAIN);
	there_and_back(&m, text, SPLIT_COMMENTS);
	return 0;
}
