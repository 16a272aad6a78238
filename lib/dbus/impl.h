/* What the files of this folder share: is this text what it claims to be? */
#ifndef DBUS_IMPL_H
#define DBUS_IMPL_H

#include <stdbool.h>
#include <stddef.h>

/* What the first byte of such a value is aligned to; 1 for what is no type. */
size_t type_align(char type);

/* The length of the one complete type that `s` begins with, 0 when there is none.
 * Reads to the NUL at most. */
size_t sig_first(const char *s);

bool sig_is_valid(const char *s);	/* any number of types, "" included */
bool sig_is_single(const char *s);	/* exactly one */

bool path_is_valid(const char *s);
bool member_is_valid(const char *s);
bool iface_is_valid(const char *s);	/* also the names of faults */
bool peer_is_valid(const char *s);	/* a name on the bus, unique or well known */

/* UTF-8 as the specification wants it: shortest form, no surrogates, no NUL. */
bool utf8_is_valid(const void *text, size_t n);

#endif
