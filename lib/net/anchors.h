/* The trusted certificate authorities
 *
 * They are read from the first of: the file that the user named, the file
 * SSL_CERT_FILE, the directory SSL_CERT_DIR, the known files of distributions, and the
 * bundle that is built into this program. A bundle that somebody named must be readable
 * and contain at least one authority; of the known files the first usable one is taken.
 * Entries that cannot be read are skipped and counted. The dates and limits in an
 * authority's own certificate apply, as they do for the certificates below it.
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

/* Read the authorities in PEM, or in concatenated DER certificates, which are borrowed. Never
 * NULL, but may have none. Messages call it `source`. */
struct anchors *anchors_parse(struct arena *m, const char *text, size_t n, const char *source);

size_t anchors_count(const struct anchors *a);
size_t anchors_skipped(const struct anchors *a);

/* The file or directory, or "the authorities built into jlmkr". */
const char *anchors_source(const struct anchors *a);

#endif
