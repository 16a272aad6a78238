/* passwd(5) and group(5) of a jail: a line for the user, then the text. */
#include "lib/text/passwd.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *user = calloc(1, size + 1), *text = malloc(size + 1);
	struct passwd_line line;
	gid_t gid, groups[4];
	const char *rest;

	if (!user || !text) abort();
	memcpy(user, data, size);
	user[strcspn(user, "\n")] = 0;
	rest = user + strlen(user);
	rest += (size_t)(rest - user) < size;
	if (passwd_find(strcpy(text, rest), user, &line) &&
	    (line.uid == (uid_t)-1 || line.gid == (gid_t)-1 || !line.home || !line.shell))
		abort();
	if (group_find(strcpy(text, rest), user, &gid) && gid == (gid_t)-1) abort();
	if (groups_with(strcpy(text, rest), user, groups, 4) > 4) abort();
	free(user);
	free(text);
	return 0;
}
