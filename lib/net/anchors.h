/* The certificate authorities that are believed
 *
 * Read from a bundle in PEM, the first of: the file named by the user, the file
 * SSL_CERT_FILE, the directory SSL_CERT_DIR, the places where distributions keep
 * theirs, and the bundle that is built into this program. A bundle that somebody
 * named must be readable and hold at least one authority, or that is the fault;
 * of the known places the first usable one is taken. An entry that cannot be
 * read is skipped and counted. What an authority's certificate says about itself,
 * its dates and its limits, counts as it does for those below it.
 *
 * Everything lives in the arena.
 */
#ifndef NET_ANCHORS_H
#define NET_ANCHORS_H

#include <stddef.h>

struct anchors;
struct arena;
struct err;

/* `cacert`: a file named by the user, or NULL. */
struct anchors *anchors_load(struct arena *m, const char *cacert, struct err *e);

/* From PEM, or from DER, one certificate behind the other: whatever it holds, never
 * NULL. DER is borrowed. `source` is how sentences call it. */
struct anchors *anchors_parse(struct arena *m, const char *text, size_t n, const char *source);

size_t anchors_count(const struct anchors *a);
size_t anchors_skipped(const struct anchors *a);

/* The file or directory, or "the authorities built into jlmkr". */
const char *anchors_source(const struct anchors *a);

#endif
