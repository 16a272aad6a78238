/* Allow only the system calls that creating files needs
 *
 * A seccomp filter (seccomp(2), the kernel's seccomp_filter.rst) for the process that
 * unpacks an archive. It allows calls for files, memory and threads. It does not allow
 * it to execute a program, create a socket, reach another process, use a terminal's
 * ioctls, make memory executable, or create devices other than the harmless ones
 * (device.h). Any other call kills the process with SIGSYS: our own code never makes
 * such a call, only an attacker does, who gets no second try.
 */
#ifndef ARCHIVE_FILTER_H
#define ARCHIVE_FILTER_H

#include <stdbool.h>

struct err;

/* Filter the calls of the calling process and its later threads, for good. It must have one
 * thread and no_new_privs. `with_devices`: allow the creation of harmless devices. */
int filter_install(bool with_devices, struct err *e);

#endif
