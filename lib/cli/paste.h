/* A template that the user pastes into an editor
 *
 * On a file of its own in a folder of its own in $TMPDIR or /tmp, which are gone
 * afterwards. What cannot be read as a config is shown with its line, and may be edited
 * again.
 */
#ifndef CLI_PASTE_H
#define CLI_PASTE_H

struct ask;
struct err;

/* The text lives in the arena of `a`; NULL when nothing was pasted, and that was meant. */
int paste_template(const struct ask *a, const char **text, struct err *e);

#endif
