/* A page in the markup of scdoc(5), shown as text
 *
 * The subset that the manual uses: the first line with the page's name, headings, paragraphs,
 * definitions (a line, and one paragraph indented by a tab), lists with `-` and `.`, literal
 * blocks between lines of ```, tables, *bold*, _underlined_, `\` before what is no markup, and
 * comments (`; `), which are not shown. Everything else is text.
 */
#ifndef TEXT_MARKUP_H
#define TEXT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct str;

struct markup_style {
	size_t width;		/* columns of a line; longer ones are only in literal blocks */
	bool attributes;	/* bold and underlined by ANSI escapes */
};

/* Append the page as text. */
void markup_show(struct str *out, const char *page, const struct markup_style *style);

/* Append a text in which nothing is markup. */
void markup_escape(struct str *out, const char *text);

/* The text behind " - " in the page's NAME section; "" if there is none. */
const char *markup_brief(struct arena *m, const char *page);

#endif
