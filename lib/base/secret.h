/* Hide passwords and tokens in URLs that are shown
 *
 * A URL may contain a password, and a query often contains a signature or a token.
 * Neither may appear on a terminal, in a log or in a file. So every message that names
 * a URL, and every word of a command line that may be one, passes through here.
 * "https://me:secret@host/x?key=1" is shown as "https://me:***@host/x?...".
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

struct arena;

/* Whether a word is meant as a URL of any scheme: "ftp://h/", or "https:h" by mistake. */
bool is_url(const char *word);

/* The text of a URL, valid or not, without its secrets. A user without a password is hidden
 * too, because it is often a token. */
const char *url_shown(struct arena *m, const char *text);

/* A word of a command line, with each URL in it (behind a `=`, or several separated by blanks)
 * shown as above. */
const char *word_shown(struct arena *m, const char *word);

#endif
