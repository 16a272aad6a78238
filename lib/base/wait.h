/* Wait for descriptors, deadlines and signals
 *
 * A deadline is a point on the monotonic clock in milliseconds, or NO_DEADLINE.
 * After signals_catch, SIGINT, SIGTERM, SIGHUP and SIGQUIT set a flag instead of
 * ending the process. wait_fds notices them without a race, long work calls
 * check_signal now and then, and the command unwinds as after any fault.
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

/* From now on the signals above set a flag, and SIGPIPE is ignored. */
void signals_catch(void);

/* The number of the last signal caught, 0 for none. */
int signal_caught(void);

/* Clear the flag, for a caller that has handled the signal. */
void signal_forget(void);

/* Returns -1 with ERR_INTERRUPTED if a signal was caught, else 0. */
int check_signal(struct err *e);

/* poll(2) until a descriptor is ready, the deadline passes or a signal is caught.
 * Returns the number of ready descriptors, 0 at the deadline, -1 on failure, with
 * ERR_INTERRUPTED for a caught signal. */
int wait_fds(struct pollfd *fds, nfds_t n, int64_t deadline, struct err *e);

/* The same for one descriptor. */
int wait_fd(int fd, short events, int64_t deadline, struct err *e);

#endif
