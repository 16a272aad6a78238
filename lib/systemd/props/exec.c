/* Command lines of hooks. Some prefixes of the path cannot be expressed in the plain property:
 * then its Ex form is sent, which has a list of flags. */

#include "lib/systemd/props/props.h"

#include "lib/systemd/props/impl.h"

/* Read prefixes as long as they are allowed; the first other character begins the path. */
static const char *marks_take(const char *s, unsigned *flags, bool *named)
{
	const unsigned alone = EXEC_PRIVILEGED | EXEC_AMBIENT;

	for (*flags = 0, *named = false;; s++) {
		if (*s == '-' && !(*flags & EXEC_IGNORE_FAILURE))
			*flags |= EXEC_IGNORE_FAILURE;
		else if (*s == '@' && !*named)
			*named = true;
		else if (*s == ':' && !(*flags & EXEC_VERBATIM))
			*flags |= EXEC_VERBATIM;
		else if (*s == '+' && !(*flags & (alone | EXEC_NO_SETUID)))
			*flags |= EXEC_PRIVILEGED;
		else if (*s == '!' && !(*flags & (alone | EXEC_NO_SETUID)))
			*flags |= EXEC_NO_SETUID;
		else if (*s == '!' && !(*flags & alone))
			*flags ^= EXEC_NO_SETUID | EXEC_AMBIENT;
		else
			return s;
	}
}

static void put_flags(struct wire *w, unsigned flags)
{
	static const struct name_value names[] = {
		{ "ignore-failure", EXEC_IGNORE_FAILURE }, { "privileged", EXEC_PRIVILEGED },
		{ "no-setuid", EXEC_NO_SETUID }, { "ambient", EXEC_AMBIENT },
		{ "no-env-expand", EXEC_VERBATIM }, { NULL, 0 },
	};

	wire_open_array(w, "s");
	for (const struct name_value *n = names; n->name; n++)
		if (flags & n->value) wire_str(w, n->name);
	wire_close_array(w);
}

static void put_command(struct wire *w, const char *path, char *const *argv, unsigned flags,
                        bool ex)
{
	wire_open_struct(w);
	prop_put(w, path);
	wire_open_array(w, "s");
	for (; *argv; argv++)
		prop_put(w, *argv);
	wire_close_array(w);
	if (ex)
		put_flags(w, flags);
	else
		wire_bool(w, flags & EXEC_IGNORE_FAILURE);
	wire_close_struct(w);
}

/* An empty argv resets the list. */
void prop_exec(struct wire *w, const char *name, const char *path, char *const *argv,
               unsigned flags)
{
	bool is_ex = str_ends(name, "Ex"), ex = is_ex || flags & ~(unsigned)EXEC_IGNORE_FAILURE;

	if (ex && !is_ex) name = arena_printf(w->m, "%sEx", name);
	prop_open_array(w, name, ex ? "a(sasas)" : "a(sasb)");
	if (*argv) put_command(w, path, argv, flags, ex);
	prop_close_array(w);
}

int add_exec(struct prop_in *in)
{
	struct words argv = { .m = in->w->m };
	const unsigned how = WORD_QUOTES | WORD_ESCAPES;
	char *path = NULL, *word;
	unsigned flags;
	bool named;
	const char *p = marks_take(in->text, &flags, &named);
	int got;

	if (named && word_next(argv.m, &p, &path, BLANKS, how) < 0) return prop_refuse(in);
	if (named && !p)
		return prop_refuse_because(in,
		                           "has no argv[0] after the path, which '@' needs");
	while ((got = word_next(argv.m, &p, &word, BLANKS, how)) > 0)
		words_add(&argv, word);
	if (got < 0) return prop_refuse(in);
	prop_exec(in->w, in->name, path ? path : *words_list(&argv), words_list(&argv), flags);
	return 0;
}
