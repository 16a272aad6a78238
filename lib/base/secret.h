/* URLs as they may be shown
 *
 * A URL may carry a password, and a query often carries a signature or a token that
 * is as good as one. Neither belongs on a terminal, into a log or into a file: every
 * sentence that names a URL, and every word of a command line that may be one, goes
 * through here. "https://me:secret@host/x?key=1" is shown as
 * "https://me:***@host/x?...".
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

struct arena;

/* Whether a word is meant as a URL, of whatever scheme: "ftp://h/", "https:h" by mistake. */
bool is_url(const char *word);

/* `text` was meant as a URL, and may be a bad one. A user without a password is a token
 * more often than a name, and is hidden as well. */
const char *url_shown(struct arena *m, const char *text);

/* A word of a command line: what is a URL in it, or behind a `=`, or several of them with
 * blanks between, is shown as above, everything else as it is. */
const char *word_shown(struct arena *m, const char *word);

#endif
