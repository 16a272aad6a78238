#include "lib/provision/stream_head.h"

#include <inttypes.h>
#include <string.h>

#include "lib/archive/pack.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/disk/zfs_replica.h"
#include "lib/jail/name.h"
#include "lib/text/letter.h"

const char *stream_head_text(struct arena *m, const struct stream_head *h)
{
	struct str text = { .m = m };

	str_addf(&text, PACK_FORMAT_STREAM "\nversion=%s\njail=%s\nlabel=%s\n"
	         "guid=%" PRIu64 "\nfrom=%" PRIu64 "\n", h->version, h->jail, h->label,
	         h->guid, h->from);
	if (h->from) str_addf(&text, "base=%s\n", h->base);
	return str_text(&text);
}

const char *stream_head_value(struct arena *m, const char *text, const char *key)
{
	size_t n = strlen(key);

	for (const char *line = text; (line = strchr(line, '\n'));) {
		line++;
		if (!strncmp(line, key, n) && line[n] == '=')
			return arena_strndup(m, line + n + 1, strcspn(line + n + 1, "\n"));
	}
	return "";
}

int stream_head_read(struct arena *m, const char *text, struct stream_head *h, struct err *e)
{
	*h = (struct stream_head){
		.version = stream_head_value(m, text, "version"),
		.jail = stream_head_value(m, text, "jail"),
		.label = stream_head_value(m, text, "label"),
		.base = stream_head_value(m, text, "base"),
	};
	if (str_starts(text, PACK_FORMAT_STREAM "\n") && name_is_entry(h->jail) &&
	    letter_is_label(h->label) &&
	    letter_is_number(stream_head_value(m, text, "guid"), &h->guid) &&
	    letter_is_number(stream_head_value(m, text, "from"), &h->from) && h->guid &&
	    h->from != h->guid && (!h->from || letter_is_label(h->base))) {
		if (!h->from) h->base = NULL;
		return 0;
	}
	return fail(e, ERR_INPUT, "its first entries are damaged");
}

int stream_head_guess(struct arena *m, const struct zfs_begin *b, struct stream_head *h,
                      struct err *e)
{
	const char *name = arena_strdup(m, b->name), *at = strchr(name, '@'), *slash;

	*h = (struct stream_head){ .guid = b->guid, .from = b->from };
	if (!at || !letter_is_label(at + 1))
		return fail(e, ERR_INPUT, "its first record names no snapshot");
	h->label = at + 1;
	name = arena_strndup(m, name, (size_t)(at - name));
	h->jail = (slash = strrchr(name, '/')) ? slash + 1 : name;
	h->base = h->from ? "" : NULL;
	if (name_is_entry(h->jail) && h->guid && h->from != h->guid) return 0;
	return fail(e, ERR_INPUT, "its first record makes no sense");
}
