/* What systemd-nspawn's options make of a jail */
#ifndef NSPAWN_TRAITS_H
#define NSPAWN_TRAITS_H

#include <stdbool.h>

struct nspawn_options;

struct nspawn_traits {
	bool own_network;	/* not the host's */
	bool own_users;		/* its root is nobody on the host */
	bool root_forgets;	/* what it writes to its root is gone when it ends, or cannot be written */
	bool changes_firewall;	/* may, in the network it is in: it has what Docker and the like need */
};

/* Added to what `t` says already. */
void nspawn_traits_add(struct nspawn_traits *t, const struct nspawn_options *o);

#endif
