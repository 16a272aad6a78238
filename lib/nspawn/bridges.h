/* The bridges of this machine, which --network-bridge= can name */
#ifndef NSPAWN_BRIDGES_H
#define NSPAWN_BRIDGES_H

struct arena;

/* "br0, br1", sorted by name; "" if there are none. */
const char *nspawn_bridges(struct arena *m);

#endif
