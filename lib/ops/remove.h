/* Delete a jail: stopped, renamed out of the way, then removed
 *
 * The rename is what makes it go; an interrupted removal is finished by the next
 * create or remove.
 */
#ifndef OPS_REMOVE_H
#define OPS_REMOVE_H

struct engine;
struct err;

int op_remove(struct engine *en, const char *name, struct err *e);

#endif
