/* A message from the bus, whatever it holds: header, body, and what we look for in
 * the bodies of properties. */

#include <stddef.h>
#include <stdint.h>

#include "lib/base/auto.h"
#include "lib/dbus/message.h"
#include "lib/systemd/impl.h"
#include "lib/systemd/manager.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_body(const struct message *msg)
{
	AUTOFREE struct arena m = { 0 };
	struct unit_state state;
	struct reader r;

	message_reader(msg, &r);
	while (reader_more(&r))
		reader_skip(&r);
	if (!r.fault && r.depth) __builtin_trap();
	message_reader(msg, &r);
	unit_state_init(&state);
	unit_state_read(&state, &m, &r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message msg;
	size_t said;

	if (size < MESSAGE_START || message_size(data, 1 << 20, &said, NULL) < 0) return 0;
	if (message_parse(&msg, data, size, NULL) < 0) return 0;
	if (said != size) __builtin_trap();
	read_body(&msg);
	return 0;
}
