/* Waiting, with an end to it
 *
 * A deadline is a point on the monotonic clock in milliseconds, or NO_DEADLINE.
 * After signals_catch, SIGINT, SIGTERM, SIGHUP and SIGQUIT set a flag instead of
 * ending the process; wait_fds notices them without a race, long work asks
 * signal_caught now and then, and the command unwinds as after any fault.
 */
#ifndef BASE_WAIT_H
#define BASE_WAIT_H

#include <poll.h>
#include <stdint.h>

struct err;

#define NO_DEADLINE INT64_MAX

int64_t now_ms(void);				/* monotonic */
int64_t deadline_in(int64_t ms);
int64_t deadline_left(int64_t deadline);	/* milliseconds, never below 0 */
int64_t deadline_earlier(int64_t a, int64_t b);

/* The signals above set a flag from now on; SIGPIPE is ignored. */
void signals_catch(void);

/* The number of the last signal caught, 0 for none. */
int signal_caught(void);

/* Forget a caught signal, for a caller that has dealt with it. */
void signal_forget(void);

/* -1 with ERR_INTERRUPTED when a signal was caught, else 0. */
int check_signal(struct err *e);

/* poll(2) until something is ready, the deadline passes or a signal is caught.
 * Returns the number of ready descriptors, 0 when the time is over, -1 with
 * ERR_INTERRUPTED on a caught signal. */
int wait_fds(struct pollfd *fds, nfds_t n, int64_t deadline, struct err *e);

/* The same for one descriptor. */
int wait_fd(int fd, short events, int64_t deadline, struct err *e);

#endif
