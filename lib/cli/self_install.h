/* `jlmkr --install DIR`: a link to this binary for each command
 *
 * DIR is created if only its last part is missing. First copies the binary to DIR/jlmkr, unless
 * it is that file. Warns about a name in DIR that is already in use, and leaves it alone.
 */
#ifndef CLI_SELF_INSTALL_H
#define CLI_SELF_INSTALL_H

struct err;

/* `operands` must be one directory. Returns the exit status, or -1. */
int install_links(char *const *operands, struct err *e);

#endif
