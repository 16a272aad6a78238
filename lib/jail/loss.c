/* A text that was cut off is the beginning of the old one, and more than comments came behind
 * that; or it was changed before it was cut, and its last line, without a newline, is the
 * beginning of a line of the old one. */

#include "lib/jail/loss.h"

#include <stddef.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/jail/conf.h"
#include "lib/text/ini.h"

static bool is_blank(const char *text)
{
	return !text[strspn(text, " \t\r\n")];
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return line + (*line == '\n');
}

static bool has_settings(const char *text)
{
	for (; *text; text = next_line(text)) {
		const char *word = text + strspn(text, " \t\r");

		if (*text != '#' && *word && *word != '\n') return true;
	}
	return false;
}

/* Whether the old text has lines that begin so, and none that is just that. */
static bool is_part_of_line(const char *before, const char *part)
{
	size_t n = strlen(part);
	bool found = false;

	for (; *before; before = next_line(before)) {
		const char *rest = before + n;

		if (strncmp(before, part, n)) continue;
		rest += strspn(rest, " \t\r");
		if (!*rest || *rest == '\n') return false;
		found = true;
	}
	return found;
}

static bool is_cut(const char *before, const char *now)
{
	const char *last = strrchr(now, '\n');

	if (str_starts(before, now) && has_settings(before + strlen(now))) return true;
	last = last ? last + 1 : now;
	return *last && is_part_of_line(before, last);
}

static unsigned count_lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text = next_line(text))
		n++;
	return n;
}

/* Keys of the old text that the new one lacks, and how many the old one had. */
static size_t find_lost(struct arena *m, const char *before, const char *now,
                        struct words *lost)
{
	struct ini old, new;
	const char *key;
	size_t had = 0;

	ini_parse(m, before, strlen(before), &old);
	ini_parse(m, now, strlen(now), &new);
	for (size_t i = 0; (key = conf_key(i)); i++) {
		if (!ini_find(&old, key)) continue;
		had++;
		if (!ini_find(&new, key)) words_add(lost, key);
	}
	return had;
}

struct loss loss_find(struct arena *m, const char *before, const char *now)
{
	struct words lost = { .m = m };
	struct str what = { .m = m };
	bool cut = is_cut(before, now);
	size_t had;

	if (is_blank(before)) return (struct loss){ NULL, false };
	if (is_blank(now)) return (struct loss){ "the text is empty", true };
	had = find_lost(m, before, now, &lost);
	if (cut) str_addf(&what, "the text is cut off at line %u", count_lines(now));
	if (lost.n)
		str_addf(&what, "%s%s gone: %s", cut ? ", and " : "", lost.n > 1 ?
		         "keys are" : "a key is",
	                     words_join(m, words_list(&lost), ", "));
	return (struct loss){ cut || lost.n ? str_text(&what) : NULL, cut || 2 * lost.n > had };
}
