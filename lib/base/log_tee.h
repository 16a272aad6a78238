/* What another program prints: shown as it comes, and kept
 *
 * A child of ours reads a pipe, writes what comes to a file and shows it on stderr
 * (out_relay), so that we can wait for the program in the meantime. It lives through
 * the signals that are meant for us, and ends with us at the latest: a program that
 * leaves others behind with its output cannot hold it.
 */
#ifndef BASE_LOG_TEE_H
#define BASE_LOG_TEE_H

#include <stddef.h>
#include <sys/types.h>

struct err;

struct log_tee {
	int in;			/* where the program is to write; -1: none */
	int end;
	pid_t pid;
};

#define AUTOTEE __attribute__((cleanup(log_tee_end)))

/* At most `limit` bytes are kept in `file`, a descriptor; all of it is shown. */
int log_tee_begin(struct log_tee *r, int file, size_t limit, struct err *e);

/* The program is over: what it wrote has been shown when this returns. */
void log_tee_end(struct log_tee *r);

#endif
