#include "lib/text/packed.h"

#include <lzma.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"

enum { HEAD = 4, MEMORY = 4 * 1024 * 1024 };

/* It was made together with this program: what cannot be decompressed is empty. */
char *packed_read(struct arena *m, const char *data, const char *end, size_t *size)
{
	const uint8_t *head = (const uint8_t *)data;
	size_t n = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16;
	char *out = arena_alloc(m, n + 1);
	uint64_t limit = MEMORY;
	size_t read = 0;

	*size = 0;
	if (lzma_stream_buffer_decode(&limit, 0, NULL, head + HEAD, &read,
	                              (size_t)(end - data) - HEAD, (uint8_t *)out, size,
	                              n) != LZMA_OK)
		*size = 0;
	out[*size] = 0;
	return out;
}

const struct packed_file *packed_files(struct arena *m, const char *data, const char *end)
{
	size_t size, n = 0, room = 0;
	const char *all = packed_read(m, data, end, &size);
	struct packed_file *list = arena_grow(m, NULL, 0, &room, sizeof *list);

	for (const char *p = all; p < all + size; n++) {
		list[n].name = p;
		p += strlen(p) + 1;
		list[n].text = p;
		p += strlen(p) + 1;
		list = arena_grow(m, list, n + 1, &room, sizeof *list);
	}
	list[n] = (struct packed_file){ 0 };
	return list;
}

const char *packed_text(struct arena *m, const char *data, const char *end, const char *name)
{
	const struct packed_file *f = packed_files(m, data, end);

	while (f->name && !str_eq(f->name, name))
		f++;
	return f->text;
}
