/* What the parts of the engine share */
#ifndef ENGINE_IMPL_H
#define ENGINE_IMPL_H

struct arena;
struct engine;
struct err;
struct unit_state;

/* Connect, if that is not done yet. */
int engine_open(struct engine *en, struct err *e);

/* How a unit ended, for people: "systemd-nspawn exited with status 1". `what` is the
 * main process. */
const char *end_text(struct arena *m, const struct unit_state *s, const char *what);

#endif
