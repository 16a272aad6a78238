/* What another program prints, fit for our terminal
 *
 * Lines, tabs and colours (ECMA-48 SGR: ESC [ numbers m) pass; all else
 * is spelled out (base/shown.h): no window title, no answer-back, no cursor that climbs
 * into lines of ours. It takes a stream in any pieces. Pure: the result goes to a struct
 * str.
 */
#ifndef BASE_FILTER_H
#define BASE_FILTER_H

#include <stdbool.h>
#include <stddef.h>

struct str;

enum { FILTER_HELD = 32 };

/* A zeroed one is at the beginning. */
struct filter {
	bool colours;			/* pass them on, else they are left out */
	bool returns;			/* pass carriage returns, else they are spelled out */
	bool coloured;			/* the last one is still on */
	char held[FILTER_HELD];		/* the begin of something whose end has not come */
	size_t n;
};

void filter_add(struct filter *f, const char *data, size_t n, struct str *out);

/* The end of the stream: what is held is spelled out, colours are off. */
void filter_end(struct filter *f, struct str *out);

#endif
