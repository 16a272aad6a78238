/* All that a hostile bus says, from the introduction on, to a client that greets it,
 * listens and asks. */

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/wait.h"
#include "lib/bus/bus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SAID_MAX = 64 * 1024 };	/* fits into a socket before anybody reads */

static void ask(struct bus *b)
{
	static const struct bus_dest to = { "a.b", "/a", "a.b.C" };
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message msg = { 0 };
	struct reader r;
	int id = bus_match(b, &(struct bus_match){ .member = "S", .arg0 = "x" }, 0, NULL);

	if (bus_call(b, &to, "Do", NULL, deadline_in(1000), &m, &msg, NULL) == 0) {
		message_reader(&msg, &r);
		while (reader_more(&r))
			reader_skip(&r);
	}
	while (bus_next_signal(b, deadline_in(1000), &m, &msg, NULL) > 0)
		;
	bus_unmatch(b, id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int ends[2];
	struct bus *b;

	if (size > SAID_MAX) return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return 0;
	if (write(ends[1], data, size) != (ssize_t)size) __builtin_trap();
	shutdown(ends[1], SHUT_WR);
	b = bus_open_fd(ends[0], BUS_BROKER, deadline_in(1000), NULL);
	if (b) ask(b);
	bus_close(b);
	close(ends[1]);
	return 0;
}
