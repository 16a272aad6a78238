/* One parser for all option tables: GNU long options with `=` or a following word, letters
 * alone or combined, names shortened to what only one option begins with, and the few spellings
 * with one dash of the Python tool. The options of every command are a table like the others;
 * it is searched after the applet's own. */

#include "lib/cli/applet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/secret.h"
#include "lib/base/size.h"
#include "lib/base/str.h"
#include "lib/text/bool.h"

#define OPT_INTO common_args
const struct opt common_opts[] = {
	OPT_TEXT('D', "dir", dir, "DIR", "the jailmaker directory"),
	OPT_FLAG('v', "verbose", verbose, "say more"),
	OPT_FLAG('q', "quiet", quiet, "say nothing but results, warnings and errors"),
	OPT_FLAG('h', "help", help, "show this help"),
	OPT_FLAG(0, "version", version, "show the version (--verbose: and the libraries)"),
	OPT_END
};

struct parse {
	struct arena *m;
	const struct applet *applet;	/* NULL before the command's name */
	void *args;
	struct common_args *common;
	char *const *next;		/* the remaining words */
	struct words foreign;		/* options for another program */
	struct err *e;
};

/* A matched option and the struct that it writes into. */
struct match {
	const struct opt *o;
	void *base;
};

/* The options that a shortened name stands for. */
struct candidates {
	struct match first;
	size_t n;
	struct str names;
};

static bool option_fits(const struct opt *o, char letter, const char *name, size_t len,
                        bool one_dash)
{
	const char *own = one_dash ? o->old : o->name;

	if (letter) return o->letter == letter;
	return own && strlen(own) == len && !memcmp(own, name, len);
}

static const struct opt *find_in_table(const struct opt *o, char letter, const char *name,
                                       size_t len, bool one_dash)
{
	for (; o && o->kind != OPT_KIND_END; o++)
		if (option_fits(o, letter, name, len, one_dash)) return o;
	return NULL;
}

static bool find_known_option(const struct parse *p, struct match *found, char letter,
                              const char *name, size_t len, bool one_dash)
{
	found->base = p->args;
	found->o = p->applet ? find_in_table(p->applet->opts, letter, name, len, one_dash) :
	           NULL;
	if (found->o) return true;
	found->base = p->common;
	found->o = find_in_table(common_opts, letter, name, len, one_dash);
	return found->o;
}

static void add_candidates(struct candidates *c, const struct opt *o, void *base,
                           const char *name, size_t len)
{
	for (; o && o->kind != OPT_KIND_END; o++) {
		if (!o->name || strncmp(o->name, name, len)) continue;
		if (!c->n++) c->first = (struct match){ o, base };
		str_addf(&c->names, "%s--%s", c->n > 1 ? ", " : "", o->name);
	}
}

/* As getopt_long(3) and argparse do: a name that is one of several beginnings is ambiguous, the
 * whole name of one never is. */
static int find_shortened(const struct parse *p, struct match *found, const char *name,
                          size_t len, bool *known)
{
	struct candidates c = { .names.m = p->m };

	*known = false;
	if (!len) return 0;
	if (p->applet) add_candidates(&c, p->applet->opts, p->args, name, len);
	add_candidates(&c, common_opts, p->common, name, len);
	if (c.n > 1)
		return fail(p->e, ERR_USAGE, "option '--%s' is ambiguous: %s",
		            word_shown(p->m, arena_strndup(p->m, name, len)),
		            str_text(&c.names));
	*known = c.n;
	*found = c.first;
	return 0;
}

static int store_number(const struct parse *p, long *out, const char *value,
                        const struct opt *o)
{
	char *end;

	errno = 0;
	*out = strtol(value, &end, 10);
	if (errno || end == value || *end || *out < 0)
		return fail(p->e, ERR_USAGE, "--%s takes a whole number, not '%s'", o->name,
		            word_shown(p->m, value));
	return 0;
}

static int store_value(const struct parse *p, const struct match *f, const char *value)
{
	void *at = (char *)f->base + f->o->offset;
	bool on;

	switch (f->o->kind) {
	case OPT_KIND_FLAG:
		*(bool *)at = true;
		return 0;
	case OPT_KIND_SWITCH:
		if (!bool_read(value, &on))
			return fail(p->e, ERR_USAGE, "--%s takes 0 or 1, not '%s'", f->o->name,
			            word_shown(p->m, value));
		*(const char **)at = on ? "1" : "0";
		return 0;
	case OPT_KIND_TEXT:
		*(const char **)at = value;
		return 0;
	case OPT_KIND_NUMBER:
		return store_number(p, at, value, f->o);
	case OPT_KIND_LIST:
		((struct words *)at)->m = p->m;
		words_add(at, value);
		return 0;
	case OPT_KIND_END:
		break;
	}
	return 0;
}

/* `attached` is the value after `=` or after the letter; NULL: there is none. */
static int take_value(struct parse *p, const struct match *f, const char *attached,
                      const char *shown)
{
	if (f->o->kind == OPT_KIND_FLAG) {
		if (attached) return fail(p->e, ERR_USAGE, "%s takes no value", shown);
		return store_value(p, f, NULL);
	}
	if (!attached && !(attached = *p->next))
		return fail(p->e, ERR_USAGE, "%s needs a value: %s", shown, f->o->arg);
	if (attached == *p->next) p->next++;
	return store_value(p, f, attached);
}

static bool is_number(const char *word)
{
	return *word && !word[strspn(word, "0123456789")];
}

/* Whether the value of a foreign option is the word `next`. Letters in a row: the last has
 * it. */
static bool takes_next(const char *list, const char *word, const char *next)
{
	const char letter[] = { '-', word[strlen(word) - 1], 0 };
	const char *name = word[1] == '-' ? word : letter;
	size_t n = strlen(name);

	for (; *list; list += strspn(list, " ")) {
		size_t len = strcspn(list, " #");

		if (len == n && !strncmp(list, name, n))
			return list[n] != '#' || is_number(next);
		list += strcspn(list, " ");
	}
	return false;
}

static int take_unknown_word(struct parse *p, const char *word)
{
	if (p->applet && p->applet->foreign) {
		words_add(&p->foreign, word);
		if (*p->next && takes_next(p->applet->foreign, word, *p->next))
			words_add(&p->foreign, *p->next++);
		return 0;
	}
	return fail(p->e, ERR_USAGE, "unknown option '%s'; see 'jlmkr%s%s --help'",
	            word_shown(p->m, word), p->applet ? " " : "",
	            p->applet ? p->applet->name : "");
}

/* --name, --name=value, and -gi, -gi=value for the old spellings */
static int take_option_name(struct parse *p, const char *word, size_t dashes, bool *known)
{
	const char *name = word + dashes;
	size_t len = strcspn(name, "=");
	struct match f;

	*known = find_known_option(p, &f, 0, name, len, dashes == 1);
	if (!*known && dashes == 2 && find_shortened(p, &f, name, len, known) < 0) return -1;
	if (!*known) return 0;
	return take_value(p, &f, name[len] ? name + len + 1 : NULL,
	                  arena_printf(p->m, "%.*s", (int)(dashes + len), word));
}

static int take_option_letters(struct parse *p, const char *word)
{
	for (const char *c = word + 1; *c; c++) {
		char shown[] = { '-', *c, 0 };
		struct match f;

		if (!find_known_option(p, &f, *c, NULL, 0, false))
			return take_unknown_word(p, word);
		if (f.o->kind != OPT_KIND_FLAG)
			return take_value(p, &f, c[1] ? c + 1 : NULL, shown);
		if (store_value(p, &f, NULL) < 0) return -1;
	}
	return 0;
}

static int take_option_word(struct parse *p, const char *word)
{
	bool known;

	if (take_option_name(p, word, word[1] == '-' ? 2 : 1, &known) < 0) return -1;
	if (known) return 0;
	return word[1] == '-' ? take_unknown_word(p, word) : take_option_letters(p, word);
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

static int check_count(const struct applet *a, const struct words *operands, struct err *e)
{
	if ((int)operands->n < a->min)
		return fail(e, ERR_USAGE, "missing argument; usage: jlmkr %s %s", a->name,
		            a->operands);
	if (a->max >= 0 && (int)operands->n > a->max)
		return fail(e, ERR_USAGE, "unexpected argument '%s'; usage: jlmkr %s %s",
		            word_shown(operands->m, operands->v[a->max]), a->name, a->operands);
	return 0;
}

/* Take all other words as they are; drops one `--` right after the first operand. */
static void take_rest(struct parse *p, struct words *operands)
{
	if (*p->next && str_eq(*p->next, "--") && !p->applet->rest_dashes) p->next++;
	words_add_all(operands, words_list(&p->foreign));
	words_add_all(operands, p->next);
	while (*p->next)
		p->next++;
}

char **opts_parse(struct arena *m, const struct applet *a, char *const *argv, void *args,
                  struct common_args *common, struct err *e)
{
	struct parse p = {
		.m = m, .applet = a, .args = args, .common = common, .next = argv,
		.foreign.m = m, .e = e,
	};
	struct words operands = { .m = m };
	bool options = true;

	if (a->defaults) memcpy(args, a->defaults, a->args_size);
	while (*p.next) {
		const char *word = *p.next++;

		if (options && str_eq(word, "--")) {
			options = false;
		} else if (options && is_option(word)) {
			if (take_option_word(&p, word) < 0) return NULL;
			if (common->help || common->version) return words_list(&operands);
		} else {
			words_add(&operands, word);
			if (a->rest) take_rest(&p, &operands);
		}
	}
	return check_count(a, &operands, e) < 0 ? NULL : words_list(&operands);
}

int opts_parse_common(char *const **argv, struct common_args *common, struct err *e)
{
	struct arena m = { 0 };
	struct parse p = { .m = &m, .common = common, .next = *argv, .foreign.m = &m, .e = e };

	while (*p.next && is_option(*p.next) && !common->help && !common->version) {
		const char *word = *p.next++;

		if (take_option_word(&p, word) < 0) {
			arena_free(&m);
			return -1;
		}
	}
	*argv = p.next;
	arena_free(&m);
	return 0;
}

const struct opt *opts_find(const struct applet *a, const char *word)
{
	size_t dashes = str_starts(word, "--") ? 2 : 1, len;
	const struct opt *tables[] = { a->opts, common_opts };

	if (*word != '-' || !word[dashes]) return NULL;
	len = strcspn(word + dashes, "=");
	for (size_t i = 0; i < 2; i++) {
		const struct opt *o = find_in_table(tables[i], 0, word + dashes, len,
		                                    dashes == 1);

		if (!o && dashes == 1 && !word[2])
			o = find_in_table(tables[i], word[1], NULL, 0, false);
		if (o) return o;
	}
	return NULL;
}

static void add_option_word(const struct opt *o, const void *at, const void *usual,
                            struct words *out)
{
	const char *text;

	switch (o->kind) {
	case OPT_KIND_FLAG:
		if (*(const bool *)at && !(usual && *(const bool *)usual))
			words_addf(out, "--%s", o->name);
		break;
	case OPT_KIND_TEXT:
	case OPT_KIND_SWITCH:
		text = *(const char *const *)at;
		if (text && !(usual && *(const char *const *)usual == text))
			words_addf(out, "--%s=%s", o->name, text);
		break;
	case OPT_KIND_NUMBER:
		if (*(const long *)at != (usual ? *(const long *)usual : 0))
			words_addf(out, "--%s=%ld", o->name, *(const long *)at);
		break;
	case OPT_KIND_LIST:
		for (char **w = words_list(at); *w; w++)
			words_addf(out, "--%s=%s", o->name, *w);
		break;
	case OPT_KIND_END:
		break;
	}
}

void opts_words(const struct applet *a, const void *args, struct words *out)
{
	for (const struct opt *o = a->opts; o && o->kind != OPT_KIND_END; o++)
		add_option_word(o, (const char *)args + o->offset,
		           a->defaults ? (const char *)a->defaults + o->offset : NULL, out);
}

int opts_size(const char *name, const char *value, uint64_t *bytes, struct err *e)
{
	struct err why = { 0 };

	if (!value || size_parse(value, bytes, &why) == 0) return 0;
	return fail(e, ERR_USAGE, "--%s: %s", name, why.text);
}
