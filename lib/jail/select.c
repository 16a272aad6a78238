#include "lib/jail/select.h"

#include <fnmatch.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/jail/jail.h"

struct selection {
	struct selected *list;
	size_t n;
	const struct jail *jails;	/* NULL: not looked for yet */
	size_t jail_count;
};

static bool is_pattern(const char *word)
{
	return strpbrk(word, "*?[");
}

static void selection_add(struct selection *s, const char *name, bool by_name)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->list[i].name, name)) {
			s->list[i].by_name |= by_name;
			return;
		}
	s->list[s->n++] = (struct selected){ name, by_name };
}

static int selection_add_pattern(struct selection *s, const char *pattern, struct err *e)
{
	bool any = false;

	for (size_t i = 0; i < s->jail_count; i++)
		if (fnmatch(pattern, s->jails[i].name, 0) == 0) {
			selection_add(s, s->jails[i].name, false);
			any = true;
		}
	return any ? 0 : fail(e, ERR_MISSING, "no jail is called '%s'", pattern);
}

static size_t count_words(char *const *words, bool *patterns)
{
	size_t n = 0;

	for (; words[n]; n++)
		*patterns |= is_pattern(words[n]);
	return n;
}

struct selected *jail_select(struct arena *m, const char *dir, char *const *words, bool all,
                             size_t *n, struct err *e)
{
	struct selection s = { 0 };
	bool patterns = all;
	size_t named = count_words(words, &patterns);

	if (patterns && !(s.jails = jail_find_all(m, dir, &s.jail_count, e))) return NULL;
	s.list = arena_array(m, named + s.jail_count + 1, sizeof *s.list);
	for (; *words; words++)
		if (!is_pattern(*words))
			selection_add(&s, *words, true);
		else if (selection_add_pattern(&s, *words, e) < 0)
			return NULL;
	for (size_t i = 0; all && i < s.jail_count; i++)
		selection_add(&s, s.jails[i].name, false);
	*n = s.n;
	return s.list;
}
