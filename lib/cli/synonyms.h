/* What Docker, LXC, iocage and the host's own tools call what jlmkr does
 *
 * For the message about an unknown command only: none of these words is a command.
 */
#ifndef CLI_SYNONYMS_H
#define CLI_SYNONYMS_H

/* The words behind 'jlmkr' that do what `name` does elsewhere, "remove" for "rm". NULL: not
 * known. */
const char *synonym_find(const char *name);

#endif
