/* Operands that name a snapshot: JAIL@LABEL */
#ifndef CLI_LABEL_H
#define CLI_LABEL_H

struct arena;

/* The label, within `operand`; NULL if it has none. `*jail` is what is before it. */
const char *label_split(struct arena *m, const char *operand, const char **jail);

#endif
