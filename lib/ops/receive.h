/* What answers to copy and move on the other machine
 *
 * Commands come by standard input, from somebody who is root here by ssh and sudo; what is sent
 * may come from a machine that is not to be trusted. So each word is checked (text/letter.h), a
 * stream of ZFS may be of one snapshot only (disk/zfs_replica.h), files are unpacked by a
 * confined child, as of any archive (disk/passes.h), and what was received becomes a jail
 * after its config was checked as any other. A cut connection leaves the jail as it was, and
 * what was received in its box (store/incoming.h).
 */
#ifndef OPS_RECEIVE_H
#define OPS_RECEIVE_H

struct engine;
struct err;

/* Answer to its end. */
int op_receive(struct engine *en, struct err *e);

#endif
