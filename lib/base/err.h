/* What went wrong, in one sentence
 *
 * The function that finds a fault writes the sentence; its callers may put in front what
 * they were doing. The text lives in the caller's own struct, so reporting cannot
 * fail and there is nothing to free. The fail functions return -1, so that a caller
 * writes `return fail(e, ...)`. They accept e == NULL if nobody wants the text.
 *
 * Texts name the thing, then the cause: "write /mnt/tank/x: No space left on
 * device". They do not say "error" or "failed to", and they do not end in a
 * full stop. A text is one line: newlines and other control characters are escaped
 * (base/shown.h), so that no name and no answer of a server can add a line.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

enum err_kind {
	ERR_NONE,
	ERR_HOST,		/* this machine refused: disk, kernel, systemd */
	ERR_USAGE,		/* the command line */
	ERR_INPUT,		/* a config or other file of the user */
	ERR_MISSING,		/* no such jail, image, command */
	ERR_EXISTS,
	ERR_BUSY,
	ERR_NETWORK,
	ERR_UNTRUSTED,		/* a certificate, a hash, a file's owner */
	ERR_INTERRUPTED,	/* a signal asked us to stop */
	ERR_UNREAD,		/* the reader of our output closed it; prints no message */
};

struct err {
	enum err_kind kind;
	int sys;		/* errno, when a system call was the cause; else 0 */
	char text[1024];
};

/* Record a fault. Replaces what `e` held. */
int fail(struct err *e, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Record a failed system call: ERR_HOST, with strerror(errno) behind the text. */
int fail_sys(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Hand on a fault that was looked at first. */
int fail_as(struct err *e, const struct err *why);

/* Name what a fault was about: puts "TEXT: " in front of the text in `e`. */
int fail_in(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The exit status of the program for a fault of this kind. */
int err_exit_status(enum err_kind kind);

/* What an exit status means, for the manual; NULL: none of ours. Commands that run another
 * program return its status. */
const char *err_exit_meaning(int status);

#endif
