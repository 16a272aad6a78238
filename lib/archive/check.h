/* Check the archive of a jail while it passes by
 *
 * Reads what pack.h writes. The archive is hostile: a manifest shows damage, not who wrote it.
 * Takes at most 90 MiB for an archive of five million entries.
 *
 * A check is a source that returns the bytes of another one, so that the reader behind it needs
 * to know nothing of it. All other archives pass, too; check_is_export tells.
 */
#ifndef ARCHIVE_CHECK_H
#define ARCHIVE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/archive/have.h"
#include "lib/archive/pull.h"

struct arena;
struct check;
struct check_front;

/* A check of the decompressed bytes of `from`. It lives in `m`. `front` may be NULL. */
struct check *check_open(struct arena *m, struct pull *from, struct check_front *front);
struct pull *check_out(struct check *c);

/* Pass on the stream in an export that has one (pieces.h), as its bytes come: check_finish says
 * whether these were right. */
void check_pass(struct check *c, void (*take)(void *arg, const void *data, size_t n),
                void *arg);

/* Whether the archive is one of ours; known once its first 512 bytes have passed. */
bool check_is_export(const struct check *c);

/* Whether the config has passed, or it is known that there is none. */
bool check_has_front(const struct check *c);

/* From the begin on, count what makes each entry (have.h), too. An archive with headers that
 * pack.h never writes is damaged then, because its reader may see other entries in it. */
void check_count_sums(struct check *c);

/* That of the entry `i`, whose contents have passed. Those before it are forgotten. False: it
 * is not known. */
bool check_sum_of(struct check *c, size_t i, unsigned char sum[HAVE_HASH]);

/* All has passed: ERR_UNTRUSTED, with the first entry that is damaged, unless it is what the
 * manifest says, to the last byte. */
int check_finish(struct check *c, struct err *e);

/* What comes first, for who decides about the rest. The process that reads the archive fills
 * it, and is not trusted either. Of what is not ours, `head` is the first block. */
enum { CHECK_HEAD_MAX = 4096, CHECK_CONFIG_MAX = 1 << 20 };

struct check_front {
	bool is_export;
	size_t head_n, config_n;
	char head[CHECK_HEAD_MAX], config[CHECK_CONFIG_MAX];
};

/* -- the seal of compressed bytes (squeeze.h) -- */

struct check_seal;

/* A check of the bytes of the file itself. */
struct check_seal *check_seal_open(struct arena *m, struct pull *from);
struct pull *check_seal_out(struct check_seal *s);

/* All has passed: ERR_UNTRUSTED if the file is compressed, and not sealed. */
int check_seal_finish(const struct check_seal *s, struct err *e);

#endif
