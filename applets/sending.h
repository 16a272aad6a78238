/* What copy and move have in common: their options, and what they tell */
#ifndef APPLETS_SENDING_H
#define APPLETS_SENDING_H

#include <stdbool.h>

struct arena;
struct copy_how;
struct copy_told;
struct err;

struct sending {
	bool dry_run, send_binary;
	const char *limit, *path, *dir;
};

/* For an option table; `s` is the member of that type. */
#define SENDING_DRY_RUN(s) OPT_FLAG('n', "dry-run", s.dry_run, "print what would be sent")
#define SENDING_OPTS(s) \
	OPT_TEXT(0, "limit", s.limit, "SIZE", "send at most this much in a second, as 10M"), \
	OPT_FLAG(0, "send-binary", s.send_binary, "bring this jlmkr to the other machine"), \
	OPT_TEXT(0, "remote-path", s.path, "PATH", "where jlmkr is there"), \
	OPT_TEXT(0, "remote-dir", s.dir, "PATH", "the jailmaker directory there")

/* Fill `how`, which `target`, "[USER@]HOST:[NAME]", belongs to. ERR_USAGE. */
int sending_read(struct arena *m, const struct sending *s, const char *target,
                 struct copy_how *how, struct err *e);

/* That `from` was `done`, "copied", or what would be sent. */
int sending_tell(const struct copy_how *how, const struct copy_told *told, const char *from,
                 const char *done, struct err *e);

#endif
