/* What the first entry of an export says whose body is a stream of ZFS
 *
 * KEY=VALUE lines behind PACK_FORMAT_STREAM (archive/pack.h): version, jail, label and guid of
 * the snapshot, and base and from, the label and guid of the one that it begins with. `from` is
 * 0 in a full stream, which has no base. The first line with a key counts, and other keys are
 * skipped. Pure.
 */
#ifndef PROVISION_STREAM_HEAD_H
#define PROVISION_STREAM_HEAD_H

#include <stdint.h>

struct arena;
struct err;
struct zfs_begin;

struct stream_head {
	const char *version, *jail;
	const char *label, *base;	/* base NULL: a full stream */
	uint64_t guid, from;
};

const char *stream_head_text(struct arena *m, const struct stream_head *h);

/* A value in the first entry of any export. "": there is none of that key. */
const char *stream_head_value(struct arena *m, const char *text, const char *key);

/* ERR_INPUT unless all is there: the labels and the name of the jail are ones that there can
 * be, from is 0 or another guid. */
int stream_head_read(struct arena *m, const char *text, struct stream_head *h, struct err *e);

/* The same of a stream that is no export: from its first record, which does not tell what the
 * base was called (""). */
int stream_head_guess(struct arena *m, const struct zfs_begin *b, struct stream_head *h,
                      struct err *e);

#endif
