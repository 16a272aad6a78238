#include "lib/systemd/machined.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/dbus/bus.h"
#include "lib/systemd/manager.h"

#define NAME "org.freedesktop.machine1"
#define ROOT "/org/freedesktop/machine1"

enum {
	CALL_MS = 25 * 1000,
	ADDRESSES_MAX = 256,	/* of one machine */
};

static const struct bus_dest manager = { NAME, ROOT, NAME ".Manager" };

static bool is_no_machined(const struct message *reply)
{
	static const char *const names[] = {
		"org.freedesktop.DBus.Error.FileExists",	/* masked */
		"org.freedesktop.DBus.Error.ServiceUnknown",
		"org.freedesktop.DBus.Error.NameHasNoOwner",
		"org.freedesktop.systemd1.NoSuchUnit",
		"org.freedesktop.systemd1.LoadFailed",
		"org.freedesktop.systemd1.UnitMasked",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (message_is_error(reply, names[i])) return true;
	return reply->error && str_starts(reply->error, "org.freedesktop.DBus.Error.Spawn.");
}

static int fail_machined(const struct message *reply, struct err *e)
{
	if (!e) return -1;
	if (message_is_error(reply, NAME ".NoSuchMachine") ||
	    message_is_error(reply, "System.Error.ESRCH") ||
	    message_is_error(reply, "org.freedesktop.DBus.Error.UnknownObject"))
		e->kind = ERR_MISSING;
	if (is_no_machined(reply)) e->sys = ENOSYS;
	return -1;
}

static int call_machined(struct bus *b, const struct bus_dest *to, const char *member,
                         struct wire *w, struct arena *m, struct message *reply, struct err *e)
{
	if (bus_kind(b) == BUS_PEER) {
		fail(e, ERR_HOST, "machined is on the system bus only");
		if (e) e->sys = ENOSYS;
		return -1;
	}
	if (bus_call(b, to, member, w, deadline_in(CALL_MS), m, reply, e) == 0) return 0;
	return fail_machined(reply, e);
}

static struct wire *wire_new(struct arena *m, const char *name)
{
	struct wire *w = arena_alloc(m, sizeof *w);

	wire_init(w, m);
	if (name) wire_str(w, name);
	return w;
}

/* -- all machines -- */

static struct machine_row *append_machine(struct machine_row **rows, size_t *n, size_t *room,
                                          struct arena *m)
{
	*rows = arena_grow(m, *rows, *n, room, sizeof **rows);
	return &(*rows)[(*n)++];
}

/* The host is a machine too, named .host: it is left out. */
static struct machine_row *read_machines(struct reader *r, struct arena *m, size_t *n)
{
	struct machine_row *rows = arena_alloc(m, sizeof *rows);
	size_t room = 0;

	*n = 0;
	for (reader_open_array(r, "(ssso)"); reader_more(r); reader_close(r)) {
		struct machine_row row = { 0 };

		reader_open_struct(r);
		row.name = reader_str(r);
		row.class = reader_str(r);
		row.service = reader_str(r);
		if (*row.name != '.') *append_machine(&rows, n, &room, m) = row;
	}
	return rows;
}

static int by_machine_name(const void *a, const void *b)
{
	const struct machine_row *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void read_addresses(struct machine_row *row, struct arena *m, struct reader *r)
{
	const char **list = arena_array(m, ADDRESSES_MAX + 1, sizeof *list);
	size_t n = 0;

	for (reader_open_array(r, "(iay)"); reader_more(r); reader_close(r)) {
		char text[INET6_ADDRSTRLEN];
		const unsigned char *p;
		int family;
		size_t len;

		reader_open_struct(r);
		family = reader_i32(r);
		p = reader_bytes(r, &len);
		if (n == ADDRESSES_MAX || !((family == AF_INET && len == 4) ||
		                            (family == AF_INET6 && len == 16)))
			continue;
		if (inet_ntop(family, p, text, sizeof text)) list[n++] = arena_strdup(m, text);
	}
	row->addresses = list;
}

/* An error in the reply is not a fault: the machine may be gone. */
static int read_details(struct bus *b, struct machine_row *row, uint32_t serial,
                        struct arena *m, struct err *e)
{
	AUTOMESSAGE struct message reply = { 0 };
	struct reader r;

	if (bus_reply(b, serial, deadline_in(CALL_MS), m, &reply, e) < 0) {
		row->shares_network = message_is_error(&reply, NAME ".NoPrivateNetworking");
		return reply.error ? 0 : -1;
	}
	message_reader(&reply, &r);
	read_addresses(row, m, &r);
	return reader_done(&r, e);
}

static int ask_addresses(struct bus *b, const char *name, uint32_t *serial, struct err *e)
{
	AUTOFREE struct arena m = { 0 };

	return bus_send(b, &manager, "GetMachineAddresses", wire_new(&m, name),
	                deadline_in(CALL_MS), serial, e);
}

/* Sends all calls first, then reads all replies. Does not ask for os-release: machined opens
 * that file in the machine, and if it is a FIFO, machined blocks forever. */
static int add_details(struct bus *b, const char *service, struct machine_row *rows, size_t n,
                       struct arena *m, struct err *e)
{
	AUTOFREE struct arena tmp = { 0 };
	/* Serials; 0: not asked. */
	uint32_t *asked = arena_array(&tmp, n + 1, sizeof *asked);

	for (size_t i = 0; i < n; i++) {
		if (service && strcmp(rows[i].service, service) != 0) continue;
		if (ask_addresses(b, rows[i].name, &asked[i], e) < 0) return -1;
	}
	for (size_t i = 0; i < n; i++)
		if (asked[i] && read_details(b, &rows[i], asked[i], m, e) < 0) return -1;
	return 0;
}

struct machine_row *machine_list(struct bus *b, const char *service, bool details,
                                 struct arena *m, size_t *n, struct err *e)
{
	AUTOMESSAGE struct message reply = { 0 };
	struct machine_row *rows;
	struct reader r;

	*n = 0;
	if (call_machined(b, &manager, "ListMachines", NULL, m, &reply, e) < 0) return NULL;
	message_reader(&reply, &r);
	rows = read_machines(&r, m, n);
	if (reader_done(&r, e) < 0) return *n = 0, NULL;
	qsort(rows, *n, sizeof *rows, by_machine_name);
	if (details && add_details(b, service, rows, *n, m, e) < 0) return *n = 0, NULL;
	return rows;
}

/* -- one machine -- */

int machine_unregister(struct bus *b, const char *name, struct err *e)
{
	AUTOFREE struct arena m = { 0 };
	AUTOMESSAGE struct message reply = { 0 };

	return call_machined(b, &manager, "UnregisterMachine", wire_new(&m, name), &m, &reply,
	                     e);
}

int machine_open_pty(struct bus *b, const char *name, struct arena *m, const char **path,
                     struct err *e)
{
	AUTOMESSAGE struct message reply = { 0 };
	struct reader r;
	int fd;

	if (call_machined(b, &manager, "OpenMachinePTY", wire_new(m, name), m, &reply, e) < 0)
		return -1;
	message_reader(&reply, &r);
	fd = reader_fd(&r);
	*path = reader_str(&r);
	if (reader_done(&r, e) < 0) return -1;
	return message_take_fd(&reply, fd, e);
}
