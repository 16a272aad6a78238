#include "lib/dbus/impl.h"

#include <string.h>

#include "lib/base/utf8.h"
#include "lib/dbus/wire.h"

enum { NAME_LEN_MAX = 255 };

/* Every type that is not a container. */
static bool type_is_basic(char type)
{
	return type && strchr("ybnqiuxtdhsog", type);
}

size_t type_align(char type)
{
	switch (type) {
	case 'n': case 'q':
		return 2;
	case 'b': case 'i': case 'u': case 'h': case 's': case 'o': case 'a':
		return 4;
	case 'x': case 't': case 'd': case '(': case '{':
		return 8;
	}
	return 1;
}

static size_t type_length(const char *s, int arrays, int structs);

static size_t struct_length(const char *s, int arrays, int structs)
{
	size_t at = 1, n;

	if (structs > WIRE_NEST_MAX) return 0;
	while (s[at] != ')') {
		if (!(n = type_length(s + at, arrays, structs))) return 0;
		at += n;
	}
	return at > 1 ? at + 1 : 0;
}

static size_t entry_length(const char *s, int arrays, int structs)
{
	size_t n;

	if (structs > WIRE_NEST_MAX || !type_is_basic(s[1])) return 0;
	n = type_length(s + 2, arrays, structs);
	return n && s[2 + n] == '}' ? n + 3 : 0;
}

static size_t type_length(const char *s, int arrays, int structs)
{
	size_t n;

	if (type_is_basic(*s) || *s == 'v') return 1;
	if (*s == '(') return struct_length(s, arrays, structs + 1);
	if (*s != 'a' || arrays >= WIRE_NEST_MAX) return 0;
	n = s[1] == '{' ? entry_length(s + 1, arrays + 1, structs + 1)
	                : type_length(s + 1, arrays + 1, structs);
	return n ? n + 1 : 0;
}

size_t sig_first(const char *s)
{
	return type_length(s, 0, 0);
}

bool sig_is_valid(const char *s)
{
	size_t n;

	if (strnlen(s, WIRE_SIG_MAX + 1) > WIRE_SIG_MAX) return false;
	while (*s) {
		if (!(n = sig_first(s))) return false;
		s += n;
	}
	return true;
}

bool sig_is_single(const char *s)
{
	return sig_is_valid(s) && *s && !s[sig_first(s)];
}

static bool is_word_char(char c)
{
	return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z');
}

bool path_is_valid(const char *s)
{
	if (*s != '/') return false;
	if (!s[1]) return true;
	for (; *s; s++)
		if (*s == '/' ? !is_word_char(s[1]) : !is_word_char(*s)) return false;
	return true;
}

/* Returns the number of words in a name of words separated by dots, 0 if it is not a name.
 * Only in names that the bus assigns may a word begin with a digit (`digits`). */
static int count_words(const char *s, bool dashes, bool digits)
{
	bool first = true;
	int words = 0;

	for (; *s; s++) {
		if (*s == '.') {
			if (first) return 0;
			first = true;
			continue;
		}
		if (!is_word_char(*s) && !(dashes && *s == '-')) return 0;
		if (first && !digits && *s >= '0' && *s <= '9') return 0;
		words += first;
		first = false;
	}
	return first ? 0 : words;
}

static bool is_short(const char *s)
{
	return strnlen(s, NAME_LEN_MAX + 1) <= NAME_LEN_MAX;
}

bool member_is_valid(const char *s)
{
	return is_short(s) && count_words(s, false, false) == 1;
}

bool iface_is_valid(const char *s)
{
	return is_short(s) && count_words(s, false, false) > 1;
}

bool peer_is_valid(const char *s)
{
	if (!is_short(s)) return false;
	return *s == ':' ? count_words(s + 1, true, true) > 1 : count_words(s, true, false) > 1;
}

bool text_is_valid(const char *text, size_t n)
{
	return !memchr(text, 0, n) && utf8_valid(text, n);
}
