/* quota= of a config: the most that the files of the jail may take
 *
 * It is the refquota of the jail's dataset: snapshots do not count, so a jail that is full gets
 * room again by deleting files. Of a jail that is a directory it is the limit of a project
 * (disk/project.h) that its root file system is in; where there are none the key is refused.
 * What the config says counts from the next start on, or at once if config or edit changes it.
 */
#ifndef OPS_QUOTA_H
#define OPS_QUOTA_H

struct arena;
struct conf;
struct err;
struct jail;

/* Before the config of the locked jail becomes `now`: set the quota if it differs, or remove
 * it. -1: then the config must stay as it is. */
int op_quota_change(struct arena *m, struct jail *j, const struct conf *before,
                    const struct conf *now, struct err *e);

/* Before a start: set it unless it is set. Warns if that fails, as the jail can run without. */
void op_quota_apply(struct arena *m, struct jail *j, const struct conf *c);

#endif
