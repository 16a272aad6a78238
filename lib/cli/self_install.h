/* `jlmkr --install DIR`: links to this binary, one for each command
 *
 * DIR is made if only its last part is missing. The binary itself is copied to DIR/jlmkr first
 * unless it is there already. If something else has the name of a link, it is left alone, with
 * a warning.
 */
#ifndef CLI_SELF_INSTALL_H
#define CLI_SELF_INSTALL_H

struct err;

/* `operands`: exactly one, the directory. */
int install_links(char *const *operands, struct err *e);

#endif
