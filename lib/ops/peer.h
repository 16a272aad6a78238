/* The other side of a copy: jlmkr on another machine, by ssh(1)
 *
 * ssh runs as the user who called sudo, with that user's config, keys and agent; as root if
 * nobody did. There it runs `jlmkr receive`, by sudo unless it is root's session. What comes
 * from there is letters (text/letter.h), which are checked, and words on stderr, which are
 * shown with the name of the machine in front.
 */
#ifndef OPS_PEER_H
#define OPS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/child.h"
#include "lib/base/str.h"
#include "lib/text/letter.h"

struct arena;
struct err;
struct host;

struct peer_how {
	const char *machine;	/* [USER@]HOST */
	const char *program;	/* jlmkr there; NULL: where ours is, then in PATH */
	const char *dir;	/* the jailmaker directory there; NULL: as jlmkr finds it */
	bool send_binary;	/* bring our own, for the time of the command */
};

/* ERR_USAGE unless it is the name of a machine, perhaps with a user. */
int peer_check_machine(const char *machine, struct err *e);

struct peer {
	struct arena *m;
	const char *shown;	/* the machine, for messages */
	struct child ssh;
	struct str said;	/* the line of its stderr so far */
	struct str faults;	/* the lines before it said hello */
	size_t lines;
	bool is_open;
	bool answers;		/* the last command was answered, be it by a fault */
};

#define NO_PEER { .ssh = NO_CHILD }
#define AUTOPEER __attribute__((cleanup(peer_close))) struct peer

/* Connect, and compare versions. */
int peer_open(struct arena *m, const struct host *h, const struct peer_how *how,
              struct peer *p, struct err *e);

/* Send a command, and read the answer. A fault of the other side is ours, with its machine in
 * front. */
int peer_ask(struct peer *p, const struct str *command, struct letter *answer, struct err *e);

/* The same with a stream that comes before the answer. */
int peer_fetch(struct peer *p, const struct str *command,
               int (*take)(void *arg, const void *data, size_t n, struct err *e), void *arg,
               struct letter *answer, struct err *e);

/* A stream that is sent. */
struct peer_stream {
	const char *what;	/* for the progress */
	uint64_t total;		/* bytes; 0: not known */
	uint64_t limit;		/* bytes in a second; 0: none */
	uint64_t done;
	bool raw;		/* a stream of ZFS, of which nothing is sent unless it is raw */
	const uint64_t *reached;	/* of `total`, as another process counts; or NULL */
};

/* Send a command and then what `from` prints, as its stream. `first`: the other side gets at
 * least so many bytes at once in the beginning. The child is waited for. */
int peer_send(struct peer *p, const struct str *command, struct child *from, size_t first,
              struct peer_stream *s, struct err *e);

void peer_close(struct peer *p);

#endif
