#include "lib/engine/journal.h"

#include <string.h>

#include "lib/base/run.h"
#include "lib/base/str.h"

enum { TAIL_MAX = 64 * 1024 };

const char *journal_tail(struct arena *m, const char *unit, const char *invocation, int lines)
{
	struct words argv = { .m = m };
	char *text;

	words_add(&argv, "journalctl");
	words_add(&argv, "--no-pager");
	words_add(&argv, "--quiet");
	words_add(&argv, "--output=cat");
	words_addf(&argv, "--lines=%d", lines);
	if (*invocation) {
		/* PID 1 and the processes of the unit mark their lines differently. */
		words_addf(&argv, "_SYSTEMD_INVOCATION_ID=%s", invocation);
		words_add(&argv, "+");
		words_addf(&argv, "INVOCATION_ID=%s", invocation);
	} else {
		words_addf(&argv, "--unit=%s", unit);
	}
	text = run_output(m, words_list(&argv), TAIL_MAX, NULL);
	if (!text) return "";
	for (size_t n = strlen(text); n && text[n - 1] == '\n'; n--)
		text[n - 1] = 0;
	return text;
}
