/* Make the output of another program safe for our terminal
 *
 * Lines, tabs and colours (ECMA-48 SGR: ESC [ numbers m) pass. All other control
 * characters are escaped (base/shown.h), so that the output cannot set a window title,
 * make the terminal answer, or move the cursor into our lines. The stream may come in
 * pieces of any size. Pure: the result goes to a struct str.
 */
#ifndef BASE_FILTER_H
#define BASE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct str;

enum { FILTER_HELD = 32 };

/* A zeroed one is at the beginning. */
struct filter {
	bool colours;			/* pass colours; else they are dropped */
	bool returns;			/* pass carriage returns; else they are escaped */
	bool coloured;			/* a colour is still on */
	char held[FILTER_HELD];		/* an incomplete character or colour sequence */
	size_t n;
};

void filter_add(struct filter *f, const char *data, size_t n, struct str *out);

/* End the stream: escape what is held, and reset the colour. */
void filter_end(struct filter *f, struct str *out);

#endif
