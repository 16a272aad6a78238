/* The manual: pages of topics, and a page for each command
 *
 * Topics are written by hand in applets/manual, in the markup of text/markup.h. A line of its
 * own that begins with @ is replaced by what only the tables in the code know:
 *
 *	@commands		each command and its line
 *	@options [COMMAND]	the options of a command; without one, those of all commands
 *	@statuses		exit statuses
 *	@keys			the keys of a jail's config
 *	@templates		each template and its line
 *	@template NAME		the words of a template
 *
 * The page of a command is made of its table alone.
 */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include <stddef.h>

struct arena;
struct err;
struct packed_file;

/* The topics, by names such as "networking" and "jlmkr.conf", ended by one without a name.
 * Their directives are not yet replaced. */
const struct packed_file *manual_topics(struct arena *m);

/* The text of a topic with its tables. */
const char *manual_whole(struct arena *m, const struct packed_file *page);

/* A whole page, of a topic or, with a command's name, of that; NULL if there is none. */
const char *manual_page(struct arena *m, const char *name);

/* Show a page: on a terminal by the pager, which then takes our place. */
int manual_show(struct arena *m, const char *page, struct err *e);

/* Print the pages in which the word stands, and where. Returns how many. */
size_t manual_search(struct arena *m, const char *word);

#endif
