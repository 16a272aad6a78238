/* Where this machine keeps things
 *
 * main fills it once from options, environment and the machine itself; everything below
 * reads it. It tells where things are, never what is being done.
 */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stdbool.h>

#include "lib/base/arena.h"

#define HOST_RUN "/run/jlmkr"		/* owned by root; empty after a boot */

struct host {
	struct arena *m;		/* lives as long as the program */
	const char *self;		/* our own binary, all links resolved */
	const char *dir_option;		/* --dir, or NULL */
	const char *dir;		/* the jailmaker directory; NULL: not searched for */
	const char *bus_address;	/* of the system bus, in D-Bus address syntax */
	const char *image_server;	/* base URLs separated by blanks, tried in this order */
	const char *cacert;		/* CA bundle named by the user, or NULL */
	const char *image_keys;		/* their keys (image/fetch.h), or NULL */
	bool require_signature;		/* refuse a list of images that is not signed */
};

#endif
