#include "lib/cli/synonyms.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const struct {
	const char *words, *means;
} synonyms[] = {
	{ "new launch init make add bootstrap", "create" },
	{ "run", "create --start NAME" },
	{ "load restore", "import FILE" },
	{ "backup dump save", "export JAIL" },
	{ "cp duplicate", "clone" },
	{ "template templates", "create --template list" },
	{ "up boot poweron", "start" },
	{ "down halt poweroff shutdown", "stop" },
	{ "kill terminate", "stop --now" },
	{ "reboot reload", "restart" },
	{ "autostart enable", "config JAIL startup=1" },
	{ "disable", "config JAIL startup=0" },
	{ "ls ps dir", "list" },
	{ "enter console attach login connect ssh", "shell" },
	{ "sh bash", "shell JAIL" },
	{ "info", "status" },
	{ "inspect", "status --json" },
	{ "top stats", "exec JAIL top" },
	{ "logs journal", "log" },
	{ "set", "config JAIL KEY=VALUE" },
	{ "get show", "config JAIL" },
	{ "check validate", "config --check" },
	{ "unset", "config --unset KEY JAIL" },
	{ "snap checkpoint", "snapshot" },
	{ "revert undo", "rollback JAIL@LABEL" },
	{ "send replicate", "copy" },
	{ "migrate", "move" },
	{ "mv", "rename" },
	{ "rm delete del destroy purge", "remove" },
	{ "image search pull fetch", "images" },
	{ "rmi prune clean", "images --prune" },
	{ "provision", "setup" },
	{ "install", "--install DIR" },
	{ "version", "--version" },
	{ "man usage", "help" },
};

static bool has_word(const char *words, const char *word)
{
	for (size_t n; *words; words += n, words += *words == ' ') {
		n = strcspn(words, " ");
		if (strlen(word) == n && !strncmp(words, word, n)) return true;
	}
	return false;
}

const char *synonym_find(const char *name)
{
	for (size_t i = 0; i < sizeof synonyms / sizeof *synonyms; i++)
		if (has_word(synonyms[i].words, name)) return synonyms[i].means;
	return NULL;
}
