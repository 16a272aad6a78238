/* File descriptors and arenas that close themselves
 *
 * AUTOCLOSE int fd = -1;  closes at the end of its block unless it is negative;
 * AUTODIR DIR *d likewise; AUTOFREE struct arena m = { 0 };  gives its memory back
 * there. take_fd sets the variable to -1 and returns the descriptor, which the caller
 * then owns.
 */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#include <dirent.h>
#include <unistd.h>

#include "lib/base/arena.h"

static inline void auto_close(const int *fd)
{
	if (*fd >= 0) close(*fd);
}

static inline void auto_closedir(DIR *const *d)
{
	if (*d) closedir(*d);
}

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#define AUTOCLOSE __attribute__((cleanup(auto_close)))
#define AUTODIR __attribute__((cleanup(auto_closedir)))
#define AUTOFREE __attribute__((cleanup(arena_free)))

#endif
