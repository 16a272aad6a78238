/* Reads back the bytes that are about to be sent, so that a dry run cannot differ from them. */

#include "lib/systemd/props/props.h"

#include <string.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/dbus/wire.h"

static bool show_basic(struct str *out, struct reader *r, char type)
{
	switch (type) {
	case 'y': str_addf(out, "%u", reader_byte(r)); return true;
	case 'b': str_add(out, reader_bool(r) ? "true" : "false"); return true;
	case 'n': str_addf(out, "%d", reader_i16(r)); return true;
	case 'q': str_addf(out, "%u", reader_u16(r)); return true;
	case 'i': str_addf(out, "%d", reader_i32(r)); return true;
	case 'u': str_addf(out, "%u", reader_u32(r)); return true;
	case 'x': str_addf(out, "%lld", (long long)reader_i64(r)); return true;
	case 't': str_addf(out, "%llu", (unsigned long long)reader_u64(r)); return true;
	case 'd': str_addf(out, "%.17g", reader_double(r)); return true;
	case 's': str_add_json(out, reader_str(r)); return true;
	case 'o': str_add_json(out, reader_path(r)); return true;
	case 'g': str_add_json(out, reader_sig(r)); return true;
	default: return false;
	}
}

static void show_any_value(struct str *out, struct reader *r, unsigned *fds);

/* Show a container that was just opened, to its end. */
static void show_items(struct str *out, struct reader *r, unsigned *fds)
{
	bool first = true;

	str_addc(out, '[');
	for (; reader_more(r); first = false) {
		if (!first) str_addc(out, ',');
		show_any_value(out, r, fds);
	}
	str_addc(out, ']');
	reader_close(r);
}

/* Recursive; the reader limits the depth. */
static void show_any_value(struct str *out, struct reader *r, unsigned *fds)
{
	char type = reader_type(r);

	if (show_basic(out, r, type)) return;
	if (type == 'h') {
		reader_fd(r);
		str_addf(out, "%u", (*fds)++);
	} else if (type == 'a') {
		reader_open_array(r, "");
		show_items(out, r, fds);
	} else if (type == 'v') {
		reader_open_variant(r, reader_variant(r));
		show_any_value(out, r, fds);
		reader_close(r);
	} else if (type == '(') {
		reader_open_struct(r);
		show_items(out, r, fds);
	} else {
		reader_open_entry(r);
		show_items(out, r, fds);
	}
}

static void show_entry(struct arena *m, struct reader *r, struct prop_shown *p, unsigned *fds)
{
	struct str out = { .m = m };

	reader_open_struct(r);
	p->name = arena_strdup(m, reader_str(r));
	p->sig = arena_strdup(m, reader_variant(r));
	reader_open_variant(r, p->sig);
	show_any_value(&out, r, fds);
	reader_close(r);
	reader_close(r);
	p->value = str_text(&out);
}

struct prop_shown *props_show(struct arena *m, struct reader *r, size_t *n, struct err *e)
{
	struct prop_shown *list = arena_array(m, 1, sizeof *list);
	size_t room = 0;
	unsigned fds = 0;

	*n = 0;
	for (reader_open_array(r, "(sv)"); reader_more(r); (*n)++) {
		list = arena_grow(m, list, *n, &room, sizeof *list);
		show_entry(m, r, &list[*n], &fds);
	}
	reader_close(r);
	return reader_done(r, e) < 0 ? NULL : list;
}
