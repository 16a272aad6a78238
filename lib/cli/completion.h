/* Completion scripts for shells, made from the tables that the parser reads
 *
 * The name of an operand or a value in the help decides how it is completed: JAIL, FILE, DIR,
 * COMMAND, TOPIC, DISTRO, RELEASE, COLUMNS, KEY, or the words themselves as in 0|1. Each script
 * is a program text. When a key is pressed, it runs `jlmkr list` for the names of jails and
 * `jlmkr images --cached`, which asks no server, for those of images; it never evaluates them.
 */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stdbool.h>

struct applet;
struct arena;
struct opt;
struct str;

enum complete_what { COMPLETE_NOTHING, COMPLETE_FILES, COMPLETE_DIRS, COMPLETE_WORDS,
	COMPLETE_JAILS, COMPLETE_COMMANDS, COMPLETE_DISTROS, COMPLETE_RELEASES,
	COMPLETE_LIST };		/* several of the words, with commas between */

enum complete_what complete_value(const struct opt *o);
/* The words of COMPLETE_WORDS and COMPLETE_LIST, with bars between. */
const char *complete_words(struct arena *m, const struct opt *o);
enum complete_what complete_operand(const struct applet *a);
/* Its words in the same form; of another kind, its name in the help. */
const char *complete_operand_words(struct arena *m, const struct applet *a);

/* Is every operand a jail, and not only the first one? */
bool complete_any_number(const struct applet *a);

void completion_bash(struct str *out);
void completion_zsh(struct str *out);
void completion_fish(struct str *out);

#endif
