/* Finds the row of an assignment in the table (table.c), and appends entries with given
 * values. */

#include "lib/systemd/props/props.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/systemd/props/impl.h"

enum { SHOWN = 100 };	/* bytes of a text that a fault quotes */

static const char *shown_end(const char *s)
{
	return strlen(s) > SHOWN ? "..." : "";
}

int prop_refuse_part(const struct prop_in *in, const char *part)
{
	return fail(in->e, ERR_INPUT, "property %s: '%.*s%s' is not %s", in->name, SHOWN, part,
	            shown_end(part), in->kind->wants);
}

int prop_refuse(const struct prop_in *in)
{
	return prop_refuse_part(in, in->text);
}

int prop_refuse_because(const struct prop_in *in, const char *why)
{
	return fail(in->e, ERR_INPUT, "property %s: '%.*s%s' %s", in->name, SHOWN, in->text,
	            shown_end(in->text), why);
}

static int fail_unknown_property(struct arena *m, const char *name, struct err *e)
{
	const char *near = prop_nearest(m, name);

	if (near)
		return fail(e, ERR_INPUT, "unknown property '%s'; did you mean %s?", name,
		            near);
	return fail(e, ERR_INPUT, "unknown property '%.*s%s'", SHOWN, name, shown_end(name));
}

/* The wire itself refuses only text that is not UTF-8. */
static int add_checked(struct prop_in *in)
{
	if (in->kind->add(in) < 0) return -1;
	if (!in->w->fault.kind) return 0;
	fail(in->e, ERR_INPUT, "%s", in->w->fault.text);
	return fail_in(in->e, "property %s", in->name);
}

int prop_add(struct wire *w, const char *assignment, struct err *e)
{
	const char *eq = strchr(assignment, '=');
	struct err fault = { 0 };
	struct prop_in in = { .w = w, .e = &fault };
	int rc;

	if (w->fault.kind) return wire_done(w, e);
	if (!eq) {
		rc = fail(&fault, ERR_INPUT, "property '%.*s%s' has no '='", SHOWN, assignment,
		          shown_end(assignment));
	} else {
		in.name = arena_strndup(w->m, assignment, (size_t)(eq - assignment));
		in.text = eq + 1;
		in.kind = prop_find(in.name, strlen(in.name));
		rc = in.kind ? add_checked(&in) : fail_unknown_property(w->m, in.name, &fault);
	}
	if (rc == 0) return 0;
	wire_fault(w, ERR_INPUT, "%s", fault.text);
	return fail(e, ERR_INPUT, "%s", fault.text);
}

int prop_check(const char *assignment, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	struct wire w;

	wire_init(&w, &m);
	return prop_add(&w, assignment, e);
}

int prop_since(const char *name)
{
	const struct prop_kind *k = prop_find(name, strlen(name));

	if (!k) return 0;
	return k->since ? k->since : 252;
}

void prop_open(struct wire *w, const char *name, const char *sig)
{
	wire_open_struct(w);
	wire_str(w, name);
	wire_open_variant(w, sig);
}

void prop_close(struct wire *w)
{
	wire_close_variant(w);
	wire_close_struct(w);
}

void prop_open_array(struct wire *w, const char *name, const char *sig)
{
	prop_open(w, name, sig);
	wire_open_array(w, sig + 1);
}

void prop_close_array(struct wire *w)
{
	wire_close_array(w);
	prop_close(w);
}

static bool is_noncharacter(const unsigned char *s)
{
	if (s[0] == 0xef && s[1] == 0xb7) return s[2] >= 0x90 && s[2] <= 0xaf;
	if (s[0] == 0xef && s[1] == 0xbf) return s[2] >= 0xbe;
	return s[0] >= 0xf0 && (s[1] & 0x0f) == 0x0f && s[2] == 0xbf && s[3] >= 0xbe;
}

void prop_put(struct wire *w, const char *s)
{
	for (const unsigned char *at = (const unsigned char *)s; *at; at++)
		if (*at >= 0xef && is_noncharacter(at))
			wire_fault(w, ERR_INPUT,
			           "text contains a code point that is not a character");
	wire_str(w, s);
}

const char *prop_renamed(const struct prop_in *in, size_t drop, const char *more)
{
	size_t len = strlen(in->name);

	return arena_printf(in->w->m, "%.*s%s", (int)(len - drop), in->name, more);
}

void prop_str(struct wire *w, const char *name, const char *value)
{
	prop_open(w, name, "s");
	prop_put(w, value);
	prop_close(w);
}

void prop_bool(struct wire *w, const char *name, bool value)
{
	prop_open(w, name, "b");
	wire_bool(w, value);
	prop_close(w);
}

void prop_i32(struct wire *w, const char *name, int32_t value)
{
	prop_open(w, name, "i");
	wire_i32(w, value);
	prop_close(w);
}

void prop_u32(struct wire *w, const char *name, uint32_t value)
{
	prop_open(w, name, "u");
	wire_u32(w, value);
	prop_close(w);
}

void prop_u64(struct wire *w, const char *name, uint64_t value)
{
	prop_open(w, name, "t");
	wire_u64(w, value);
	prop_close(w);
}

void prop_fd(struct wire *w, const char *name, int fd)
{
	prop_open(w, name, "h");
	wire_fd(w, fd);
	prop_close(w);
}

void prop_words(struct wire *w, const char *name, char *const *words)
{
	prop_open_array(w, name, "as");
	for (; *words; words++)
		prop_put(w, *words);
	prop_close_array(w);
}

void prop_bytes(struct wire *w, const char *name, const void *p, size_t n)
{
	prop_open(w, name, "ay");
	wire_bytes(w, p, n);
	prop_close(w);
}
