/* `jlmkr --install DIR`: links to this binary, one for each command
 *
 * The binary itself is copied to DIR/jlmkr first unless it is there already. A
 * name in DIR that is taken by something else is left alone and told.
 */
#ifndef CLI_SELF_INSTALL_H
#define CLI_SELF_INSTALL_H

struct err;

/* `operands`: exactly one, the directory. Returns the exit status or -1. */
int install_links(char *const *operands, struct err *e);

#endif
