/* A template that the user pastes into an editor
 *
 * The editor opens a new file in a new folder in $TMPDIR or /tmp; both are deleted afterwards.
 * If the text is not a valid config, the fault is shown with its line, and the user may edit
 * again.
 */
#ifndef CLI_PASTE_H
#define CLI_PASTE_H

struct ask;
struct err;

/* `*text` is set to the text, in the arena of `a`; NULL: the user pasted nothing and wants
 * that. */
int paste_template(const struct ask *a, const char **text, struct err *e);

#endif
