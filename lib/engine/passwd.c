#include "lib/base/wait.h"
#include "lib/engine/impl.h"
#include "lib/text/passwd.h"

enum { PASSWD_BYTES = 1024 * 1024, READ_MS = 5000 };

int passwd_read(const struct jail_unit *in, const char *user, struct passwd_line *line,
                struct err *e)
{
	char *text = nsenter_read(&in->in, "/etc/passwd", PASSWD_BYTES, deadline_in(READ_MS),
	                          in->m, e);

	return text ? passwd_find(text, user, line) : -1;
}
