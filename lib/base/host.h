/* Where this machine keeps things
 *
 * Filled once, by main, from options, environment and the machine itself; read by
 * everything below. It says where things are, never what is being done.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include "lib/base/arena.h"

#define HOST_RUN "/run/jlmkr"		/* root's, of this boot */

struct host {
	struct arena *m;		/* lives as long as the program */
	const char *self;		/* our own binary, all links resolved */
	const char *dir_option;		/* --dir, or NULL */
	const char *dir;		/* the jailmaker directory; NULL: not looked for */
	const char *bus_address;	/* of the system bus, in D-Bus address syntax */
	const char *image_server;	/* base URLs with blanks between, to be tried in turn */
	const char *cacert;		/* CA bundle named by the user, or NULL */
};

#endif
