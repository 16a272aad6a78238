/* Checks of signatures, names and texts that the files of this folder share */
#ifndef DBUS_IMPL_H
#define DBUS_IMPL_H

#include <stdbool.h>
#include <stddef.h>

/* The alignment of a value of this type in bytes; 1 for characters that are not types. */
size_t type_align(char type);

/* The length of the one complete type at the begin of `s`, 0 if there is none. Does not read
 * beyond the NUL. */
size_t sig_first(const char *s);

bool sig_is_valid(const char *s);	/* any number of types, "" included */
bool sig_is_single(const char *s);	/* exactly one */

bool path_is_valid(const char *s);
bool member_is_valid(const char *s);
bool iface_is_valid(const char *s);	/* also for names of errors */
bool peer_is_valid(const char *s);	/* a name on the bus, unique or well known */

/* UTF-8 as the specification requires it: shortest form, no surrogates, no NUL. */
bool text_is_valid(const char *text, size_t n);

#endif
