#include "lib/cli/exec_common.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/base/wait.h"
#include "lib/cli/applet.h"
#include "lib/jail/jail.h"

enum { NEVER_GOT_THERE = 125 };

const char *exec_split_user(struct arena *m, const char *word, const char **user, struct err *e)
{
	const char *at = strchr(word, '@');

	if (!at) return word;
	if (at == word) return fail(e, ERR_USAGE, "%s has no user before the @", word), NULL;
	*user = arena_strndup(m, word, (size_t)(at - word));
	return at + 1;
}

char **exec_environment(struct arena *m, const struct words *given)
{
	struct words env = { .m = m };
	const char *value;

	for (size_t i = 0; i < given->n; i++) {
		if (strchr(given->v[i], '='))
			words_add(&env, given->v[i]);
		else if ((value = getenv(given->v[i])))
			words_addf(&env, "%s=%s", given->v[i], value);
	}
	return words_list(&env);
}

char *const *exec_jail_environment(struct arena *m, struct jail *j, char *const *given)
{
	struct words env = { .m = m };
	struct split own = { 0 };
	struct conf c;

	if (jail_conf(m, j, &c, NULL) < 0 || !*c.init_command.text ||
	    conf_words(m, &c.init_env, &own, NULL) < 0)
		return given;
	for (size_t i = 0; i < own.n; i++)
		if (strchr(own.v[i], '=')) words_add(&env, own.v[i]);
	words_add_all(&env, given);
	return words_list(&env);
}

int exec_exit_status(int status, const struct err *e)
{
	if (status >= 0) return status;
	if (e->kind == ERR_INTERRUPTED && signal_caught()) return 128 + signal_caught();
	print_error(e);
	return NEVER_GOT_THERE;
}
