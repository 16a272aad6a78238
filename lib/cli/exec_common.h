/* What the commands have in common that run something in a jail */
#ifndef CLI_EXEC_COMMON_H
#define CLI_EXEC_COMMON_H

struct arena;
struct err;
struct words;

enum { BOOT_WAIT = 60 };

/* The two parts of [USER@]JAIL: returns JAIL, and sets `*user` if there is a USER. NULL with
 * ERR_USAGE when there is an @ with nothing before it. */
const char *exec_split_user(struct arena *m, const char *word, const char **user,
                            struct err *e);

/* Assignments as given: a bare NAME stands for our own value of it, if there is one. */
char **exec_environment(struct arena *m, const struct words *given);

/* The exit status for what came of it; of a fault (-1) it is told. Our own statuses
 * could be the command's: whoever asks must be able to tell. So a fault is 125, and
 * what a signal ended 128 and the signal's number, as in a shell. */
int exec_exit_status(int status, const struct err *e);

#endif
