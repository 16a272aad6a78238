/* The system calls that making files takes, and no others
 *
 * A seccomp filter (seccomp(2), the kernel's seccomp_filter.rst) for the process that
 * unpacks an archive. It allows calls on files, on memory, and for threads. It does not
 * allow to run a program, make a socket, reach another process, use a terminal's ioctl,
 * make memory executable, or make a device but the harmless ones (device.h). Any other
 * call kills the process with SIGSYS. An errno would be kinder, but the code that runs
 * there never makes such a call: only an attacker does, and gets no second try.
 */
#ifndef ARCHIVE_FILTER_H
#define ARCHIVE_FILTER_H

#include <stdbool.h>

struct err;

/* Filter the calls of the calling process and its later threads, for good. It must have one
 * thread and no_new_privs. `with_devices`: it may make the harmless ones. */
int filter_install(bool with_devices, struct err *e);

#endif
