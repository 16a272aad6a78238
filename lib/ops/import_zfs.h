/* A stream of ZFS becomes a jail, or brings a standby up to date: what import does with one
 *
 * Only this folder sees it. The last record of the stream, without which zfs(8) makes nothing
 * of it, is kept back until all of the file was found to be right. So what is damaged changes
 * nothing, and after a kill there is the old state or the new one. A jail that is made is in a
 * box until it is whole (store/incoming.h).
 */
#ifndef OPS_IMPORT_ZFS_H
#define OPS_IMPORT_ZFS_H

struct archive_input;
struct engine;
struct err;
struct import_done;
struct import_how;

/* The archive was looked at, and is a stream; done->name is the name of the jail. */
int import_zfs(struct engine *en, const struct import_how *how, struct archive_input *in,
               struct import_done *done, struct err *e);

#endif
