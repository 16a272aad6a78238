#include "lib/engine/journal.h"

#include <string.h>

#include "lib/base/run.h"
#include "lib/base/str.h"

/* The journal takes lines of up to 48 KiB. */
enum { TAIL_MAX = 1024 * 1024, SHOWN_MAX = 500 };

/* What was just written lies in the journal's socket still. Best effort: without an
 * answer there are fewer lines. */
static void sync_journal(struct arena *m)
{
	static char *const argv[] = { "timeout", "5", "journalctl", "--quiet", "--sync", NULL };

	run_output(m, argv, 1, NULL);
}

static const char *shorten(struct arena *m, const char *text)
{
	struct str out = { .m = m };

	for (size_t len; *text; text += len) {
		len = strcspn(text, "\n");
		str_addn(&out, text, len < SHOWN_MAX ? len : SHOWN_MAX);
		if (len > SHOWN_MAX) str_add(&out, "...");
		if (text[len]) str_addc(&out, text[len++]);
	}
	while (out.len && out.s[out.len - 1] == '\n')
		out.s[--out.len] = 0;
	return str_text(&out);
}

const char *journal_tail(struct arena *m, const struct journal_want *want)
{
	struct words argv = { .m = m };
	char *text;

	sync_journal(m);
	words_add(&argv, "journalctl");
	words_add(&argv, "--no-pager");
	words_add(&argv, "--quiet");
	words_add(&argv, "--output=cat");
	words_addf(&argv, "--lines=%d", want->lines);
	words_addf(&argv, "--since=@%lld.%06ld", (long long)want->since.tv_sec,
	           want->since.tv_nsec / 1000);
	if (*want->invocation) {
		/* PID 1 and the processes of the unit mark their lines differently, and those
		 * of a process that has ended before journald looked at it only have the
		 * unit. */
		words_addf(&argv, "_SYSTEMD_UNIT=%s", want->unit);
		if (want->identifier)
			words_addf(&argv, "SYSLOG_IDENTIFIER=%s", want->identifier);
		words_add(&argv, "+");
		words_addf(&argv, "INVOCATION_ID=%s", want->invocation);
	} else {
		words_addf(&argv, "--unit=%s", want->unit);
	}
	text = run_output(m, words_list(&argv), TAIL_MAX, NULL);
	return text ? shorten(m, text) : "";
}
