#include "lib/ops/foreign_config.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/out.h"
#include "lib/base/str.h"
#include "lib/jail/conf.h"

static bool has_line(const char *text, const char *line, size_t n)
{
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		if (strcspn(text, "\n") == n && !memcmp(text, line, n)) return true;
	return false;
}

void foreign_config_show(struct arena *m, const char *text)
{
	const char *usual = conf_default_text(m);
	struct str shown = { .m = m };

	for (size_t n; *text; text += n + (text[n] == '\n')) {
		size_t blanks = strspn(text, " \t");

		n = strcspn(text, "\n");
		if (n == blanks || text[blanks] == '#' || has_line(usual, text, n)) continue;
		str_addn(&shown, text, n);
		str_addc(&shown, '\n');
	}
	out_note("Its config differs from the default in %s",
	         shown.len ? "these lines:" : "nothing");
	out_quote(str_text(&shown));
}

static void add_hook(struct words *found, const struct conf_text *hook)
{
	if (*hook->text) words_addf(found, "%s (line %u)", hook->key, hook->line);
}

void foreign_config_warn(struct arena *m, const char *text)
{
	struct words found = { .m = m };
	struct conf c;

	if (conf_parse(m, text, &c, NULL) < 0) return;
	add_hook(&found, &c.pre_start_hook);
	add_hook(&found, &c.post_start_hook);
	add_hook(&found, &c.post_stop_hook);
	if (found.n)
		out_warn("its config has programs that run on this machine as root: %s",
		         words_join(m, words_list(&found), ", "));
}
