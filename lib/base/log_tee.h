/* Show the output of another program as it comes, and keep it in a file
 *
 * A child process reads a pipe, writes the data to a file and shows it on stderr
 * (out_relay), so that we can wait for the program in the meantime. The child ignores
 * the signals that are meant for us. It ends with us at the latest, even if the program
 * left processes behind that still have the pipe.
 */
#ifndef BASE_LOG_TEE_H
#define BASE_LOG_TEE_H

#include <stddef.h>
#include <sys/types.h>

struct err;

struct log_tee {
	int in;			/* the program's output goes here; -1: none */
	int end;		/* closed to end the child */
	pid_t pid;
};

#define AUTOTEE __attribute__((cleanup(log_tee_end)))

/* Start the child. It writes at most `limit` bytes to the descriptor `file`, and shows all. */
int log_tee_begin(struct log_tee *r, int file, size_t limit, struct err *e);

/* Call it after the program's end. Returns when all of its output has been shown. */
void log_tee_end(struct log_tee *r);

#endif
