/* The command that a jail runs instead of an init
 *
 * Images of a registry have a program to run, and no init. The keys init_... of the config say
 * which, as whom and where; here they are looked up in the jail's root file system, because
 * systemd-nspawn would not do it right: it looks for the program in the PATH of the host, and
 * asks a getent(1) of the jail for the user, which most images do not have.
 *
 * What is mounted over the root file system by the config cannot be looked at, and is believed.
 */
#ifndef JAIL_COMMAND_H
#define JAIL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct conf;
struct conf_options;
struct err;

enum { COMMAND_GROUPS = 64 };

struct command {
	char *const *argv;	/* of the jail; the first is a path, if it could be found */
	const char *directory;	/* absolute */
	const char *home;	/* of the user */
	int stop_signal;
	bool is_root;		/* the user is plain root, */
	uid_t uid;		/* ... or these */
	gid_t gid, groups[COMMAND_GROUPS];
	size_t group_count;
};

/* Whether the config has one. */
bool command_is_wanted(const struct conf_options *o);

/* Look it up in the open directory `rootfs`. ERR_HOST in a sentence if it cannot be run. */
int command_find(struct arena *m, const struct conf *c, const struct conf_options *o,
                 int rootfs, struct command *out, struct err *e);

/* Whether systemd-nspawn takes the assignment for --setenv=. */
bool command_env_is_taken(const char *assignment);

/* The signal of the key stop_signal, SIGTERM for "", -1 if there is no such signal. */
int command_stop_signal(const char *text);

#endif
