#include "lib/jail/template.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/nearest.h"
#include "lib/base/str.h"
#include "lib/text/packed.h"

/* templates.S */
extern const char template_files[], template_files_end[];

/* Their texts are read when they are needed. */
static const struct template templates[] = {
	{ .name = "docker" }, { .name = "podman" }, { .name = "k3s" }, { .name = "incus" },
	{ .name = "lxd" }, { .name = "nixos" }, { .name = "router" },
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

static const char *text_of(struct arena *m, const struct template *t)
{
	const char *text = t->text;

	if (!text) text = packed_text(m, template_files, template_files_end, t->name);
	return text ? text : "";
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
	const char *text = text_of(m, t) + strlen("# ");

	return arena_strndup(m, text, strcspn(text, "\n"));
}

/* "#@ NAME KIND: ABOUT [PRESET]", or with a | before the name */
static struct template_word read_word(struct arena *m, const char *line)
{
	bool alternative = line[3] == '|';
	const char *name = line + 3 + alternative, *kind = name + strcspn(name, " ") + 1;
	const char *about = kind + strcspn(kind, ":") + 2;
	size_t n = strcspn(about, "\n"), text = strcspn(about, "[");
	struct template_word w = {
		.name = arena_strndup(m, name, strcspn(name, " ")),
		.kind = arena_strndup(m, kind, strcspn(kind, ":")),
		.alternative = alternative,
	};

	if (text < n) w.preset = arena_strndup(m, about + text + 1, n - text - 2);
	w.about = arena_strndup(m, about, text < n ? text - 1 : n);
	return w;
}

struct template_word *template_words(struct arena *m, const struct template *t)
{
	const char *text = text_of(m, t);
	struct template_word *all;
	size_t n = 0;

	for (const char *line = text; *line; line = next_line(line))
		n += is_declaration(line);
	all = arena_array(m, n + 1, sizeof *all);
	n = 0;
	for (const char *line = text; *line; line = next_line(line))
		if (is_declaration(line)) all[n++] = read_word(m, line);
	return all;
}

static bool is_address(const char *s, size_t n, bool *is_six)
{
	struct in6_addr into;
	char text[INET6_ADDRSTRLEN];

	if (n >= sizeof text) return false;
	memcpy(text, s, n);
	text[n] = 0;
	*is_six = strchr(text, ':');
	return inet_pton(*is_six ? AF_INET6 : AF_INET, text, &into) == 1;
}

static bool is_prefixed(const char *s)
{
	size_t n = strcspn(s, "/"), digits = s[n] ? strspn(s + n + 1, "0123456789") : 0;
	bool is_six;

	if (!digits || digits > 3 || s[n + 1 + digits] || !is_address(s, n, &is_six))
		return false;
	return atoi(s + n + 1) <= (is_six ? 128 : 32);
}

static bool is_range(const char *s)
{
	size_t n = strcspn(s, ",");
	bool six, six_too;

	return s[n] && is_address(s, n, &six) &&
	       is_address(s + n + 1, strlen(s + n + 1), &six_too) &&
	       six == six_too;
}

/* Narrower than what the kernel takes: it is put between words. */
static bool is_interface(const char *s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return *s && strspn(s, letters) == strlen(s) && strlen(s) < IF_NAMESIZE && *s != '.' &&
	       *s != '-';
}

/* Without characters that nspawn, systemd or a shell treat specially. */
static bool is_folder(const char *s)
{
	static const char letters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";

	return *s == '/' && s[1] && strspn(s, letters) == strlen(s);
}

int template_check_value(const struct template_word *w, const char *value, struct err *e)
{
	if (str_eq(w->kind, "folder"))
		return is_folder(value) ? 0 :
		       fail(e, ERR_USAGE, "'%s' is not the path of a folder, such as "
		            "/mnt/tank/tftp, of letters, digits and . _ - /", value);
	if (str_eq(w->kind, "switch"))
		return str_eq(value, "0") || str_eq(value, "1") ? 0 :
		       fail(e, ERR_USAGE, "'%s' is neither 0 nor 1", value);
	if (str_eq(w->kind, "address"))
		return is_prefixed(value) ? 0 :
		       fail(e, ERR_USAGE,
		            "'%s' is not an address with the length of its prefix, "
		            "such as 192.168.90.1/24", value);
	if (str_eq(w->kind, "range"))
		return is_range(value) ? 0 :
		       fail(e, ERR_USAGE, "'%s' is not a range of addresses, such as "
		            "192.168.90.100,192.168.90.200", value);
	return is_interface(value) ? 0 :
	       fail(e, ERR_USAGE, "'%s' cannot be the name of an interface", value);
}

static const char *find_set(char *const *sets, const char *name)
{
	size_t n = strlen(name);
	const char *found = NULL;

	for (; *sets; sets++)
		if (!strncmp(*sets, name, n) && (*sets)[n] == '=') found = *sets + n + 1;
	return found;
}

static const struct template_word *word_of(const struct template_word *words, const char *set,
                                           size_t n)
{
	for (; words->name; words++)
		if (strlen(words->name) == n && !strncmp(words->name, set, n)) return words;
	return NULL;
}

bool template_is_given(const struct template_word *w, char *const *sets)
{
	do {
		if (find_set(sets, w->name)) return true;
	} while ((++w)->alternative);
	return false;
}

static int check_alternatives(const struct template_word *w, char *const *sets, struct err *e)
{
	const char *given = NULL;

	for (; w->name; w++) {
		if (!w->alternative) given = NULL;
		if (!find_set(sets, w->name)) continue;
		if (given)
			return fail(e, ERR_USAGE,
			            "--set %s: %s is given, too; give one of them",
			            w->name, given);
		given = w->name;
	}
	return 0;
}

int template_check_sets(struct arena *m, const struct template *t, char *const *sets,
                        struct err *e)
{
	char *const *all = sets;
	const struct template_word *words = template_words(m, t), *w;

	for (; *sets; sets++) {
		size_t n = strcspn(*sets, "=");

		if (!(*sets)[n])
			return fail(e, ERR_USAGE, "--set '%s': it is not NAME=VALUE", *sets);
		if (!(w = word_of(words, *sets, n)))
			return fail(e, ERR_USAGE,
			            "--set '%s': the template %s has no such word; "
			            "'jlmkr help template-%s' shows them", *sets, t->name,
			            t->name);
		if (template_check_value(w, *sets + n + 1, e) < 0)
			return fail_in(e, "--set %s", w->name);
	}
	return check_alternatives(words, all, e);
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
		if (!is_declaration(line))
			str_addn(&out, line, (size_t)(next_line(line) - line));
	return arena_strdup(m, str_text(&out));
}

static void leave_out(struct str *out, const char *text, const char *name)
{
	for (const char *line = text, *next; *line; line = next) {
		const char *at = strstr(line, name);

		next = next_line(line);
		if (!at || at >= next) str_addn(out, line, (size_t)(next - line));
	}
}

static int fail_missing(struct arena *m, const struct template *t,
                        const struct template_word *w, struct err *e)
{
	struct str how = { .m = m };

	for (const struct template_word *o = w; o == w || o->alternative; o++)
		str_addf(&how, "%s--set %s=...", o == w ? "" : " or ", o->name);
	return fail(e, ERR_USAGE, "the template %s wants %s; say it by %s", t->name, w->about,
	            str_text(&how));
}

char *template_fill(struct arena *m, const struct template *t, char *const *sets,
                    struct err *e)
{
	const struct template read = { .name = t->name, .text = text_of(m, t) };
	const struct template_word *words = template_words(m, &read);
	char *text = without_declarations(m, read.text);

	if (template_check_sets(m, &read, sets, e) < 0) return NULL;
	for (; words->name; words++) {
		const char *value = find_set(sets, words->name);
		const char *name = arena_printf(m, "@%s@", words->name);
		struct str out = { .m = m };

		if (!value) value = words->preset;
		if (!value && !words->alternative && !template_is_given(words, sets))
			return fail_missing(m, t, words, e), NULL;
		if (value && *value) replace(&out, text, name, value);
		else leave_out(&out, text, name);
		text = arena_strdup(m, str_text(&out));
	}
	return text;
}
