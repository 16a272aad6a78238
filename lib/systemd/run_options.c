/* Words are read as getopt_long(3) reads them: `--opt=value`, `--opt value`, `-pX`, `-p X`,
 * `-qG`. */

#include "lib/systemd/run_options.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/systemd/run_table.h"

static struct arena *arena_of(struct run_options *o)
{
	return o->properties.m;
}

static void append_run_option(struct run_options *o, const struct run_option *option)
{
	o->v = arena_grow(arena_of(o), o->v, o->n, &o->room, sizeof *o->v);
	o->v[o->n++] = *option;
}

static void append_words(struct run_options *o, const struct run_row *row, const char *value,
                         char *const *words, size_t word_count, unsigned line)
{
	struct words copy = { .m = arena_of(o) };

	for (size_t i = 0; i < word_count; i++)
		words_add(&copy, words[i]);
	append_run_option(o, &(struct run_option){
		.row = row,
		.name = row ? row->name : NULL,
		.value = value ? arena_strdup(arena_of(o), value) : NULL,
		.words = words_list(&copy),
		.line = line,
	});
}

/* Skips the next word too if it looks like the value. */
static size_t refuse_words(struct run_options *o, char *const *words, unsigned line,
                           const struct err *why)
{
	bool valued = **words == '-' && !strchr(*words, '=') && words[1] && *words[1] != '-';

	fault_add(&o->faults, &(struct fault){ .line = line, .kind = "systemd-run option",
	          .subject = valued ? arena_printf(arena_of(o), "%s %s", words[0], words[1])
	                            : words[0],
	          .fix = **words == '#' ? FAULT_COMMENT_FIX : NULL },
	          "%s", why->text);
	append_words(o, NULL, NULL, words, 1 + valued, line);
	return 1 + valued;
}

/* A config that names its unit may come from another tool: that costs no start. */
static bool is_ignored(struct run_options *o, const struct run_row *row, const char *value,
                       unsigned line)
{
	if (o->inside || !row || !str_eq(row->name, "unit") || !value) return false;
	fault_add(&o->faults, &(struct fault){ .line = line, .severity = FAULT_WARNING,
	          .kind = "ignored option", .subject = "--unit", .fix = "remove it" },
	          "option --unit of systemd-run is ignored: the name of the unit follows from "
	          "the jail's name");
	return true;
}

/* These functions return the number of words that they took. */
static size_t take_run_long(struct run_options *o, char *const *words, unsigned line)
{
	const char *name = *words + 2, *value;
	size_t len = strcspn(name, "=");
	const struct run_row *first[2] = { NULL, NULL };
	const struct run_row *row = run_row_by_name(name, len, first);
	bool next = row && row->value && !name[len];
	struct err why = { 0 };

	value = next ? words[1] : name[len] ? name + len + 1 : NULL;
	if (is_ignored(o, row, value, line)) return 1 + next;
	if ((row ? run_row_take(o, row, value, &why)
	         : run_row_fail_unknown(name, len, first, &why)) < 0)
		return refuse_words(o, words, line, &why);
	append_words(o, row, value, words, 1 + next, line);
	return 1 + next;
}

/* The last option so far has this word, because the letter after it is ignored. */
static void end_word(struct run_options *o, const char *word)
{
	struct words one = { .m = arena_of(o) };

	words_add(&one, word);
	o->v[o->n - 1].words = words_list(&one);
}

/* The last letter's option owns the word; the others have none. */
static size_t take_run_letters(struct run_options *o, char *const *words, unsigned line)
{
	for (const char *s = *words + 1;; s++) {
		const struct run_row *row = run_row_by_letter(*s);
		bool last = !s[1] || (row && row->value), next = row && row->value && !s[1];
		const char *value = next ? words[1] : row && row->value ? s + 1 : NULL;
		struct err why = { 0 };

		if (is_ignored(o, row, value, line)) {
			if (s > *words + 1)
				end_word(o, arena_strndup(arena_of(o), *words,
				                          (size_t)(s - *words)));
			return 1 + next;
		}
		if (!row) fail(&why, ERR_INPUT, "systemd-run has no option -%c", *s);
		if (!row || run_row_take(o, row, value, &why) < 0)
			return refuse_words(o, words, line, &why);
		append_words(o, row, value, words, last ? 1 + next : 0, line);
		if (last) return 1 + next;
	}
}

static size_t take_words(struct run_options *o, char *const *words, unsigned line)
{
	struct err why = { 0 };

	if (words[0][0] == '-' && words[0][1] && !str_eq(words[0], "--"))
		return words[0][1] == '-' ? take_run_long(o, words, line) :
		       take_run_letters(o, words, line);
	fail(&why, ERR_INPUT, "'%.100s' is not an option of systemd-run", words[0]);
	return refuse_words(o, words, line, &why);
}

void run_options_init(struct run_options *o, struct arena *m)
{
	*o = (struct run_options){
		.properties.m = m, .environment.m = m, .verbatim = -1, .faults.m = m,
	};
}

void run_options_parse(struct run_options *o, struct arena *m, const struct split *words)
{
	run_options_init(o, m);
	for (size_t i = 0; i < words->n;)
		i += take_words(o, words->v + i, words->lines[i]);
}

size_t run_options_lead(struct run_options *o, struct arena *m, char *const *words)
{
	size_t n = 0;

	run_options_init(o, m);
	o->inside = true;
	while (words[n] && words[n][0] == '-' && words[n][1] && !str_eq(words[n], "--") &&
	       !o->faults.n)
		n += take_words(o, words + n, 0);
	return n;
}

void run_options_put(struct run_options *o, const char *name, const char *value, unsigned line)
{
	char *words[] = { arena_printf(arena_of(o), "--%s=%s", name, value), NULL };

	take_run_long(o, words, line);
}

void run_options_append(struct run_options *o, const struct run_options *more)
{
	for (size_t i = 0; i < more->n; i++) {
		append_run_option(o, &more->v[i]);
		if (more->v[i].row) run_row_take(o, more->v[i].row, more->v[i].value, NULL);
	}
	faults_add_all(&o->faults, &more->faults);
}

void run_options_alone(struct run_options *one, struct arena *m,
                       const struct run_option *option)
{
	run_options_init(one, m);
	if (option->row) run_row_take(one, option->row, option->value, NULL);
}

bool run_option_sets(const struct run_option *option, const char *property)
{
	const char *end;

	if (!option->name || !str_eq(option->name, "property")) return false;
	if (!str_starts(option->value, property)) return false;
	end = option->value + strlen(property);
	return *(str_starts(end, "Ex") ? end + 2 : end) == '=';
}

bool run_options_set(const struct run_options *o, const char *property)
{
	return run_options_value(o, property);
}

const char *run_options_value(const struct run_options *o, const char *property)
{
	for (size_t i = o->n; i-- > 0;)
		if (run_option_sets(&o->v[i], property)) return strchr(o->v[i].value, '=') + 1;
	return NULL;
}

void env_put(struct words *env, const char *assignment)
{
	size_t len = strcspn(assignment, "=");

	for (size_t i = 0; i < env->n; i++)
		if (strcspn(env->v[i], "=") == len && !strncmp(env->v[i], assignment, len)) {
			env->v[i] = arena_strdup(env->m, assignment);
			return;
		}
	words_add(env, assignment);
}
