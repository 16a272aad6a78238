/* The identity of a jail that was made from another one: its host name, its machine id, and
 * what is told of the rest */
#ifndef OPS_SECOND_H
#define OPS_SECOND_H

struct arena;
struct err;

struct second {
	const char *from, *to;		/* names of the jails */
	const char *shown;		/* what the first one is called in messages */
};

/* Change config and root file system of the new jail, whose directory is open, and tell what
 * both have: host names that the user chose, static addresses, SSH host keys. */
int second_renew(struct arena *m, int dir, const struct second *s, struct err *e);

/* Before it is done once more: delete what one that was killed has left half done. */
void second_sweep(int dir);

#endif
