/* Properties of a jail that follow from systemd-nspawn's options */
#ifndef NSPAWN_TRAITS_H
#define NSPAWN_TRAITS_H

#include <stdbool.h>

struct nspawn_options;

struct nspawn_traits {
	bool own_network;	/* it does not share the host's network */
	bool own_users;		/* its root has no rights on the host */
	bool root_forgets;	/* its root file system is read-only, or forgets changes */
	bool changes_firewall;	/* it has the rights that Docker needs to change the firewall */
};

/* Set the fields that the options imply; fields that are set stay set. */
void nspawn_traits_add(struct nspawn_traits *t, const struct nspawn_options *o);

#endif
