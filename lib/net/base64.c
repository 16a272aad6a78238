#include "lib/net/base64.h"

static int base64_value(unsigned char c)
{
	if (c >= 'A' && c <= 'Z') return c - 'A';
	if (c >= 'a' && c <= 'z') return c - 'a' + 26;
	if (c >= '0' && c <= '9') return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

ssize_t base64_decode(const char *in, size_t n, unsigned char *out)
{
	unsigned bits = 0, have = 0, pads = 0;
	size_t i, k = 0;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)in[i];
		int v = base64_value(c);

		if (c == '\n' || c == '\r' || c == ' ' || c == '\t') continue;
		if (c == '=' && ++pads <= 2) continue;
		if (v < 0 || pads) return -1;
		bits = bits << 6 | (unsigned)v;
		have += 6;
		if (have < 8) continue;
		have -= 8;
		out[k++] = (unsigned char)(bits >> have);
	}
	return (ssize_t)k;
}
