/* Where things are
 *
 *     DIR/jails/NAME/config              the jail exists when this does
 *     DIR/jails/NAME/.config.before      what it said before the last change
 *     DIR/jails/NAME/rootfs/
 *     DIR/jails/NAME/.ExecStartPre, ...  hook scripts
 *     DIR/jails/NAME/config.json         who runs its init_command, for systemd-nspawn
 *     DIR/jails/NAME/initial_setup.log   what the script printed the last time
 *     DIR/jails/NAME/.rollback/          what a rollback exchanges (lib/store/rollback.h)
 *     DIR/jails/NAME/.nvidia             mount points for the NVIDIA driver
 *     DIR/jails/NAME/.snapshots/LABEL/   snapshots of a directory (lib/store/snapshot.h)
 *     DIR/jails/NAME/.standby            it is one (lib/jail/standby.h), or .taken: it was
 *     DIR/jails/NAME/.passes/            a jail that is received (lib/disk/passes.h)
 *     DIR/jails/.create-NAME-ID/         being made (lib/store/hidden.h)
 *     DIR/jails/.remove-NAME-ID/         being deleted
 *
 * DIR, the jailmaker directory, is searched for in the order of layout_rule, and the first
 * match wins. Paths that the user gives are relative to the working directory; the answer is
 * absolute, with links resolved.
 */
#ifndef JAIL_LAYOUT_H
#define JAIL_LAYOUT_H

#include <stdbool.h>

struct arena;
struct err;

#define LAYOUT_JAILS "jails"
#define LAYOUT_CONFIG "config"
#define LAYOUT_BEFORE ".config.before"
#define LAYOUT_ROOTFS "rootfs"
#define LAYOUT_PRE_START ".ExecStartPre"
#define LAYOUT_POST_START ".ExecStartPost"
#define LAYOUT_POST_STOP ".ExecStopPost"
#define LAYOUT_USER "config.json"	/* the name that nspawn wants */
#define LAYOUT_SNAPSHOTS ".snapshots"
#define LAYOUT_STANDBY ".standby"
#define LAYOUT_TAKEN ".taken"
#define LAYOUT_NVIDIA ".nvidia"	/* mount points that are not the rootfs's own */
#define LAYOUT_SETUP_LOG "initial_setup.log"
#define LAYOUT_SETUP "/jlmkr-initial-setup"	/* in the rootfs, while it is to be done */
#define LAYOUT_HOME_CONF ".local/share/jailmaker.conf"

enum layout_rule {
	LAYOUT_OPTION,		/* --dir */
	LAYOUT_CALLED,		/* ./jlmkr, called by a path in a directory that has jails/ */
	LAYOUT_ENV,		/* JAILMAKER_DIR */
	LAYOUT_HOME,		/* jailmaker_dir= in ~/.local/share/jailmaker.conf */
	LAYOUT_SELF,		/* where the binary is: called jailmaker, or has jails/ */
	LAYOUT_CWD,		/* the working directory, likewise */
	LAYOUT_ANY,		/* where the binary is, whatever is there */
};

/* NULL or "" for what there is not. */
struct layout_inputs {
	const char *option, *env;
	const char *home;	/* whose jailmaker.conf is read */
	const char *self;	/* path of the binary, links resolved */
	const char *cwd;	/* NULL: "." */
	const char *called;	/* argv[0] */
	bool any;		/* allow LAYOUT_ANY */
};

struct layout_found {
	const char *dir;
	enum layout_rule rule;
	/* Another directory that a later rule names, for a warning: of LAYOUT_CALLED what ENV
	 * or HOME say, of these two where the binary is, if that has jails/; or NULL. */
	const char *other;
};

/* If a rule names a directory that cannot be opened, that is a fault: the search does not go on
 * to another one that was not meant. */
int layout_search(struct arena *m, const struct layout_inputs *in, struct layout_found *out,
                  struct err *e);

/* The home of the user who called us: under sudo that of SUDO_USER. NULL: not known. */
const char *layout_home(struct arena *m);

/* The value of a key in ~/.local/share/jailmaker.conf: "image_server", "no_clone". "" if it is
 * not there, NULL with a fault. */
const char *layout_home_value(struct arena *m, const char *home, const char *key,
                              struct err *e);

char *layout_jails(struct arena *m, const char *dir);			/* DIR/jails */
char *layout_jail(struct arena *m, const char *dir, const char *name);	/* DIR/jails/NAME */

/* Hidden names of what comes and goes. `n` tells several removals of one name apart; 0:
 * none. */
char *layout_create_name(struct arena *m, const char *name);
char *layout_remove_name(struct arena *m, const char *name, unsigned n);

#endif
