/* What a dry run of create or import has found in an archive, as comments above the config
 */
#ifndef APPLETS_CREATE_FOUND_H
#define APPLETS_CREATE_FOUND_H

struct arena;
struct create_plan;

/* Nothing, if it did not look at one. */
void create_show_found(struct arena *m, const struct create_plan *p);

#endif
