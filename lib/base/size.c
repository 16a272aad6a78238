#include "lib/base/size.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

enum { DIGITS_MAX = 15, LETTER_STEP = 10 };

static const char letters[] = "KMGTPE";

/* How far the unit shifts a number; -1: not a unit. */
static int read_unit(const char *s)
{
	char letter = (char)(*s & ~('a' - 'A'));
	const char *found = *s ? strchr(letters, letter) : NULL;

	if (found && letter) s++;
	if (*s && strcasecmp(s, "B") && (!found || strcasecmp(s, "iB"))) return -1;
	return found ? (int)(found - letters + 1) * LETTER_STEP : 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The number is `value` / `scale`. */
static bool read_decimal(const char **s, uint64_t *value, uint64_t *scale)
{
	bool point = false;
	int digits = 0;

	*value = 0;
	*scale = 1;
	for (; is_digit(**s) || (**s == '.' && digits && !point); ++*s) {
		if (**s == '.') {
			point = true;
			continue;
		}
		if (++digits > DIGITS_MAX) return false;
		*value = *value * 10 + (uint64_t)(**s - '0');
		if (point) *scale *= 10;
	}
	return digits && (*s)[-1] != '.';
}

int size_parse(const char *text, uint64_t *bytes, struct err *e)
{
	uint64_t value, scale;
	const char *s = text;
	double all;
	int shift;

	if (!read_decimal(&s, &value, &scale) || (shift = read_unit(s)) < 0)
		return fail(e, ERR_INPUT, "'%s' is not a size, such as 500M, 64G or 1.5T",
		            text);
	all = (double)value / (double)scale * (double)(UINT64_C(1) << shift);
	if (all >= (double)(UINT64_C(1) << 63))
		return fail(e, ERR_INPUT, "'%s' is too large a size", text);
	*bytes = scale == 1 ? value << shift : (uint64_t)all;
	return 0;
}

const char *size_text(uint64_t bytes, char out[SIZE_ROOM])
{
	double mib = (double)bytes / (1 << 20);

	if (mib < 1024) snprintf(out, SIZE_ROOM, "%.1f MiB", mib);
	else snprintf(out, SIZE_ROOM, "%.1f GiB", mib / 1024);
	return out;
}

const char *size_text_known(struct arena *m, int64_t bytes)
{
	return bytes < 0 ? NULL : size_text((uint64_t)bytes, arena_alloc(m, SIZE_ROOM));
}
