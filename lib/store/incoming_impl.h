/* What incoming.c does in a store of directories: the box is a hidden directory */
#ifndef STORE_INCOMING_IMPL_H
#define STORE_INCOMING_IMPL_H

struct err;
struct incoming;

/* Find the box of an earlier run, and take its lock. */
int incoming_dir_find(struct incoming *in, struct err *e);
int incoming_dir_begin(struct incoming *in, struct err *e);
int incoming_dir_finish(struct incoming *in, struct err *e);
int incoming_dir_drop(struct incoming *in, struct err *e);

#endif
