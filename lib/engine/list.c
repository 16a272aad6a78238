#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/bus/machine1.h"
#include "lib/engine/engine.h"
#include "lib/engine/impl.h"

struct machine *engine_list(struct engine *en, size_t *n, struct err *e)
{
	static const char *none[] = { NULL };
	struct machine_row *rows;
	struct machine *list;

	if (engine_open(en, e) < 0) return NULL;
	if (!(rows = machine_list(en->bus, "systemd-nspawn", true, en->m, n, e))) return NULL;
	list = arena_array(en->m, *n + 1, sizeof *list);
	for (size_t i = 0; i < *n; i++)
		list[i] = (struct machine){
			.name = rows[i].name,
			.os = rows[i].os,
			.version = rows[i].version,
			.addresses = rows[i].addresses ? rows[i].addresses : none,
		};
	return list;
}
