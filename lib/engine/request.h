/* What systemd is sent to start a jail: a plan as a StartTransientUnit
 *
 * One path for the start and for showing it: the shown request is read back from the
 * very bytes. Faults of the user's words are ERR_INPUT with the config's line.
 */
#ifndef ENGINE_REQUEST_H
#define ENGINE_REQUEST_H

#include <stdbool.h>
#include <time.h>

struct arena;
struct engine;
struct err;
struct plan;
struct unit_watch;
struct wire;

/* -1 if an option of systemd-run could not be read. */
int request_check(const struct plan *plan, struct err *e);

/* Begin the call in `w`: what unit_send_start sends. */
int request_build(struct wire *w, struct arena *m, const struct plan *plan, bool on_broker,
                  struct err *e);

/* systemd refused the request with `e`: find the option that it does not take by asking
 * for each alone, and say so with the option's line. Starts nothing. Returns -1. */
int request_blame(struct engine *en, const struct plan *plan, struct err *e);

/* The start that was begun then came to nothing: show the unit's last log lines and say
 * why, while `uw` still holds it. Returns -1. */
int start_failed(struct engine *en, const struct unit_watch *uw, const struct plan *plan,
                 const struct timespec *begun, struct err *e);

#endif
