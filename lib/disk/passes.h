/* A jail that is received as a tree of files, until it is whole
 *
 *	WORK/.passes/		root's alone
 *		N/		what the pass N has received: an export, unpacked
 *		N.list		records of the files in it that are on the disk (archive/have.h)
 *		from		who sends it
 *		whole		the pass that is complete
 *		swap		the pass that takes the place of what is there: from now on
 *				that is finished, not taken back
 *	WORK/.rootfs.list	the same of the root file system itself, of a standby
 *
 * WORK is the directory that becomes the jail, or that of a standby which is brought up to
 * date. A pass that is cut stays, and the next one links what it has: each pass makes a tree of
 * its own, so that no file is changed that another tree has, too. A record is written when the
 * file is known to be on the disk, so that a power cut does not make it lie. Trees and lists
 * are as hostile as who has sent them: nothing but a regular file is linked, at the same path,
 * and never through a link.
 */
#ifndef DISK_PASSES_H
#define DISK_PASSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/archive/unpack.h"

struct arena;
struct err;

enum { PASSES_MAX = 8 };	/* of which files are linked; older ones are deleted */

struct pass {
	unsigned number;
	int tree;		/* open */
	struct have have;
};

struct passes {
	struct arena *m;
	int work, dir;		/* dir: .passes; -1: there is none */
	struct pass v[PASSES_MAX];
	size_t n;
	unsigned whole;		/* 0: none is */
	/* the new one */
	unsigned number;
	int tree, list;
	struct unpack_known known;
	size_t listed;		/* records that are in the list */
	int64_t due;		/* when the next ones are written */
	bool stale;		/* what a list has is not in its tree */
};

#define NO_PASSES { .work = -1, .dir = -1, .tree = -1, .list = -1 }
#define AUTOPASSES __attribute__((cleanup(passes_close))) struct passes

/* Look at the passes in the open directory `work`, which is borrowed; there may be none. The
 * files of a standby count if `standing`. Close it in any case. */
int passes_open(struct arena *m, int work, bool standing, struct passes *p, struct err *e);

/* Whether they come from `from`, which passes_begin has written. */
bool passes_are_from(const struct passes *p, const char *from);

/* Begin a pass: p->tree is the empty directory to unpack into, with p->known. */
int passes_begin(struct passes *p, const char *from, struct err *e);

/* Write the records of what is whole by now, if it is time; `now`: in any case. */
int passes_note(struct passes *p, bool now, struct err *e);

/* The new pass is complete, and on the disk. ERR_UNTRUSTED if its config is not a file. */
int passes_end(struct passes *p, struct err *e);

/* Move the jail of the complete pass to its place in `work`. Can be repeated. */
int passes_lift(const struct passes *p, struct err *e);

/* Keep the list of the complete pass, for the next one: of a standby, after passes_lift. */
int passes_keep_list(const struct passes *p, struct err *e);

/* Open the tree of the complete pass. */
int passes_open_whole(const struct passes *p, struct err *e);

/* Put it in the place of the root file system and the config that are there: from one moment to
 * the next there is the new one instead of the old one. If it is not done to its end,
 * passes_settle finishes it. */
int passes_exchange(const struct passes *p, struct err *e);

/* Finish an exchange that a killed run has begun. Does nothing if there is none. To be called
 * before anything of the passes is deleted: the only root file system may be among them. */
int passes_settle(int work, struct err *e);

/* The files are no longer what the list says. */
void passes_forget_list(int work);

/* Whether there is anything of passes. */
bool passes_are_there(int work);

/* Delete all of it. */
int passes_delete(int work, struct err *e);

void passes_close(struct passes *p);

#endif
