#include "lib/jail/template.h"

#include <stdbool.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/nearest.h"
#include "lib/base/str.h"

extern const char template_docker[], template_podman[], template_k3s[], template_incus[],
	template_lxd[], template_nixos[], template_router[];

static const struct template templates[] = {
	{ "docker", template_docker },
	{ "podman", template_podman },
	{ "k3s", template_k3s },
	{ "incus", template_incus },
	{ "lxd", template_lxd },
	{ "nixos", template_nixos },
	{ "router", template_router },
};

enum { TEMPLATES = sizeof templates / sizeof *templates };

const struct template *template_at(size_t i)
{
	return i < TEMPLATES ? &templates[i] : NULL;
}

const struct template *template_find(const char *name, struct err *e)
{
	struct nearest near = { .word = name };

	for (size_t i = 0; i < TEMPLATES; i++) {
		if (str_eq(templates[i].name, name)) return &templates[i];
		nearest_offer(&near, templates[i].name);
	}
	if (near.best)
		fail(e, ERR_USAGE, "no template '%s', did you mean '%s'?", name, near.best);
	else
		fail(e, ERR_USAGE, "no template '%s'; '--template list' names all", name);
	return NULL;
}

static const char *next_line(const char *line)
{
	line += strcspn(line, "\n");
	return *line ? line + 1 : line;
}

static bool is_declaration(const char *line)
{
	return str_starts(line, "#@ ");
}

const char *template_brief(struct arena *m, const struct template *t)
{
	return arena_strndup(m, t->text + 2, strcspn(t->text, "\n") - 2);
}

const char *template_help(struct arena *m, const struct template *t)
{
	struct str out = { .m = m };

	for (const char *line = t->text; *line == '#'; line = next_line(line)) {
		const char *text = line + (line[1] == ' ' ? 2 : 1);

		if (is_declaration(line)) continue;
		str_addn(&out, text, strcspn(text, "\n"));
		str_addc(&out, '\n');
	}
	return str_text(&out);
}

/* "#@ NAME: ABOUT [PRESET]" */
static struct template_word read_word(struct arena *m, const char *line)
{
	const char *name = line + 3, *about = name + strcspn(name, ":") + 2;
	size_t n = strcspn(about, "\n"), text = strcspn(about, "[");
	struct template_word w = { .name = arena_strndup(m, name, strcspn(name, ":")) };

	if (text < n) w.preset = arena_strndup(m, about + text + 1, n - text - 2);
	w.about = arena_strndup(m, about, text < n ? text - 1 : n);
	return w;
}

struct template_word *template_words(struct arena *m, const struct template *t)
{
	struct template_word *all;
	size_t n = 0;

	for (const char *line = t->text; *line; line = next_line(line))
		n += is_declaration(line);
	all = arena_array(m, n + 1, sizeof *all);
	n = 0;
	for (const char *line = t->text; *line; line = next_line(line))
		if (is_declaration(line)) all[n++] = read_word(m, line);
	return all;
}

int template_check_value(const char *value, struct err *e)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                            "._:/,+-";

	if (*value && strspn(value, plain) == strlen(value)) return 0;
	return fail(e, ERR_USAGE, "'%s' must be letters, digits and ._:/,+-", value);
}

static const char *find_set(char *const *sets, const char *name)
{
	size_t n = strlen(name);
	const char *found = NULL;

	for (; *sets; sets++)
		if (!strncmp(*sets, name, n) && (*sets)[n] == '=') found = *sets + n + 1;
	return found;
}

static int check_sets(const struct template *t, const struct template_word *words,
                      char *const *sets, struct err *e)
{
	for (; *sets; sets++) {
		size_t n = strcspn(*sets, "="), i = 0;

		if (!(*sets)[n]) return fail(e, ERR_USAGE, "--set '%s': it is no NAME=VALUE", *sets);
		while (words[i].name && (strlen(words[i].name) != n || strncmp(words[i].name, *sets, n)))
			i++;
		if (!words[i].name)
			return fail(e, ERR_USAGE, "--set '%s': the template %s has no such word; "
			            "'jlmkr help template-%s' shows them", *sets, t->name, t->name);
		if (template_check_value(*sets + n + 1, e) < 0) return fail_in(e, "--set %s", words[i].name);
	}
	return 0;
}

static void replace(struct str *out, const char *text, const char *name, const char *value)
{
	const char *at;
	size_t n = strlen(name);

	for (; (at = strstr(text, name)); text = at + n) {
		str_addn(out, text, (size_t)(at - text));
		str_add(out, value);
	}
	str_add(out, text);
}

static char *without_declarations(struct arena *m, const char *text)
{
	struct str out = { .m = m };

	for (const char *line = text; *line; line = next_line(line))
		if (!is_declaration(line)) str_addn(&out, line, (size_t)(next_line(line) - line));
	return arena_strdup(m, str_text(&out));
}

char *template_fill(struct arena *m, const struct template *t, char *const *sets,
                    struct err *e)
{
	const struct template_word *words = template_words(m, t);
	char *text = without_declarations(m, t->text);

	if (check_sets(t, words, sets, e) < 0) return NULL;
	for (; words->name; words++) {
		const char *value = find_set(sets, words->name);
		struct str out = { .m = m };

		if (!value) value = words->preset;
		if (!value)
			return fail(e, ERR_USAGE, "the template %s wants %s; say it by --set %s=...", t->name,
			            words->about, words->name), NULL;
		replace(&out, text, arena_printf(m, "@%s@", words->name), value);
		text = out.s;
	}
	return text;
}
