/* initial_setup: what a config wants done in a jail when it is new
 *
 * The script becomes a file in the rootfs, which is there as long as it is not done:
 * that is how one that was interrupted, or failed, is known later. It is run by the
 * jail's own systemd when networking is up; what it prints is shown on stderr, and kept
 * beside the config, in a new file each time. A script without `#!` is run by /bin/sh.
 *
 * It is root's in the jail, also where the jail's users are mapped to others of the host.
 * Nothing is written outside of the rootfs, whatever links it holds: lib/base/fd.h.
 */
#ifndef OPS_SETUP_H
#define OPS_SETUP_H

#include <stdbool.h>

struct conf;
struct engine;
struct err;
struct jail;

enum { SETUP_NETWORK_WAIT = 150 };	/* seconds; systemd's own wait gives up after 120 */

struct setup_state {
	bool wanted;		/* the config has one */
	bool first_start;	/* the jail never booted: no /etc/machine-id */
	bool begun;		/* the script is there: it was not done to its end */
	bool possible;		/* its init is systemd, or nobody knows yet */
};

int setup_look(struct engine *en, struct jail *j, const struct conf *c, struct setup_state *s,
               struct err *e);

/* Put the script in its place. */
int setup_write(struct engine *en, struct jail *j, const struct conf *c, struct err *e);

/* Run it in the jail, which is up or boots, and remove it when all went well. Faults say
 * how to go on. */
int setup_run(struct engine *en, struct jail *j, long network_wait, struct err *e);

/* `jlmkr setup`: run it, again, starting the jail if need be. */
int op_setup(struct engine *en, struct jail *j, long network_wait, struct err *e);

#endif
