/* struct statx and its constants, for the system call statx(2)
 *
 * The C library has the struct since musl 1.2.5, without the attributes of files. Before, the
 * kernel's header has it; both at once do not compile.
 */
#ifndef DISK_STATX_H
#define DISK_STATX_H

#include <sys/stat.h>

#ifndef STATX_TYPE
#include <linux/stat.h>
#endif

#ifndef STATX_ATTR_IMMUTABLE
#define STATX_ATTR_IMMUTABLE 0x10
#define STATX_ATTR_APPEND 0x20
#endif

#endif
