/* Shared by the commands that run something in a jail */
#ifndef CLI_EXEC_COMMON_H
#define CLI_EXEC_COMMON_H

struct arena;
struct err;
struct jail;
struct words;

enum { BOOT_WAIT = 60 };

/* The two parts of [USER@]JAIL: returns JAIL, and sets `*user` if there is a USER. NULL with
 * ERR_USAGE when there is an @ with nothing before it. */
const char *exec_split_user(struct arena *m, const char *word, const char **user,
                            struct err *e);

/* The assignments as given; a bare NAME becomes NAME=VALUE from our own environment, or is
 * dropped if it is not set there. */
char **exec_environment(struct arena *m, const struct words *given);

/* The same in a jail that runs a command: what its config sets for that comes first. */
char *const *exec_jail_environment(struct arena *m, struct jail *j, char *const *given);

/* The exit status of exec, after `status` and `e` were returned. A fault (-1) is printed and
 * becomes 125, because our usual statuses could be the command's own. If a signal ended us, it
 * is 128 plus the signal's number, as in a shell. */
int exec_exit_status(int status, const struct err *e);

#endif
