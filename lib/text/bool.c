#include "lib/text/bool.h"

#include <strings.h>

bool bool_read(const char *text, bool *value)
{
	static const char *const words[][2] = {
		{ "0", "1" }, { "no", "yes" }, { "false", "true" }, { "off", "on" },
	};

	for (int i = 0; i < 8; i++)
		if (!strcasecmp(words[i / 2][i % 2], text)) return *value = i % 2, true;
	return false;
}
