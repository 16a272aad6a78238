/* Archives for tests, written by hand: whatever a header can claim, it does. */
#ifndef UNIT_ARCHIVE_TAR_H
#define UNIT_ARCHIVE_TAR_H

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"
#include "tests/unit/test.h"

enum { TAR_FILE = '0', TAR_HARD = '1', TAR_LINK = '2', TAR_CHAR = '3', TAR_BLOCK = '4',
       TAR_DIR = '5', TAR_FIFO = '6' };

struct tar_head {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], sum[8], type, link[100];
	char magic[6], version[2], uname[32], gname[32], major[8], minor[8], prefix[155],
		pad[12];
};

static inline void tar_pad(struct str *tar)
{
	while (tar->len % 512) str_addc(tar, 0);
}

static inline void tar_seal(struct tar_head *h)
{
	unsigned sum = 0;

	memset(h->sum, ' ', sizeof h->sum);
	for (size_t i = 0; i < sizeof *h; i++) sum += ((unsigned char *)h)[i];
	snprintf(h->sum, sizeof h->sum, "%06o", sum & 0777777);
}

static inline void tar_put(char *field, size_t room, unsigned long long v)
{
	char digits[32];

	snprintf(digits, sizeof digits, "%0*llo", (int)room - 1, v);
	memcpy(field, digits, room - 1);
}

static inline struct tar_head tar_head(char type, const char *name, const char *link,
                                       unsigned mode, unsigned long long size)
{
	struct tar_head h = { .type = type, .magic = "ustar", .version = "00" };

	memcpy(h.name, name, strnlen(name, sizeof h.name));
	memcpy(h.link, link, strnlen(link, sizeof h.link));
	tar_put(h.mode, sizeof h.mode, mode);
	tar_put(h.uid, sizeof h.uid, 0);
	tar_put(h.gid, sizeof h.gid, 0);
	tar_put(h.size, sizeof h.size, size);
	tar_put(h.mtime, sizeof h.mtime, 1000000000);
	tar_put(h.major, sizeof h.major, 1);
	tar_put(h.minor, sizeof h.minor, 3);
	tar_seal(&h);
	return h;
}

static inline void tar_add(struct str *tar, char type, const char *name, const char *link,
                           unsigned mode)
{
	struct tar_head h = tar_head(type, name, link, mode, 0);

	str_addn(tar, &h, sizeof h);
}

static inline void tar_file(struct str *tar, const char *name, const char *text, unsigned mode)
{
	struct tar_head h = tar_head(TAR_FILE, name, "", mode, strlen(text));

	str_addn(tar, &h, sizeof h);
	str_add(tar, text);
	tar_pad(tar);
}

/* One record of a pax header: "LENGTH KEY=VALUE\n", the length counting itself. */
static inline void pax_add(struct str *pax, const char *key, const void *value, size_t n)
{
	size_t body = strlen(key) + n + 3, len = body + 1;
	char digits[24];

	while ((size_t)snprintf(digits, sizeof digits, "%zu", len) + body != len)
		len = body + strlen(digits);
	str_addf(pax, "%s %s=", digits, key);
	str_addn(pax, value, n);
	str_addc(pax, '\n');
}

/* What the next entry is really called, has as attributes, and so on. */
static inline void tar_pax(struct str *tar, const struct str *pax)
{
	struct tar_head h = tar_head('x', "pax", "", 0644, pax->len);

	str_addn(tar, &h, sizeof h);
	str_addn(tar, pax->s, pax->len);
	tar_pad(tar);
}

static inline void tar_end(struct str *tar)
{
	for (int i = 0; i < 1024; i++) str_addc(tar, 0);
}

/* The same bytes, compressed by one of libarchive's filters. */
static inline struct str tar_squeeze(const struct str *tar, int filter)
{
	struct str out = { .m = tar->m };
	size_t room = tar->len + (1 << 20), used = 0;
	char *buf = arena_alloc(tar->m, room);
	struct archive *a = archive_write_new();
	struct archive_entry *file = archive_entry_new();

	archive_write_set_format_raw(a);
	CHECK_INT(archive_write_add_filter(a, filter), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(a, 1);
	CHECK_INT(archive_write_open_memory(a, buf, room, &used), ARCHIVE_OK);
	archive_entry_set_pathname(file, "x");
	archive_entry_set_filetype(file, AE_IFREG);
	CHECK_INT(archive_write_header(a, file), ARCHIVE_OK);
	CHECK_INT(archive_write_data(a, tar->s, tar->len), (long long)tar->len);
	CHECK_INT(archive_write_close(a), ARCHIVE_OK);
	archive_entry_free(file);
	archive_write_free(a);
	str_addn(&out, buf, used);
	return out;
}

#endif
