/* Completion scripts for shells, made from the tables that the parser reads
 *
 * What an operand or a value is, is read from what help calls it: JAIL, FILE, DIR,
 * COMMAND, or the words themselves as in 0|1. Each script is a program text; the names
 * of jails are asked of `jlmkr list` when a key is pressed, and never evaluated.
 */
#ifndef CLI_COMPLETION_H
#define CLI_COMPLETION_H

#include <stdbool.h>

struct applet;
struct opt;
struct str;

enum complete_what { COMPLETE_NOTHING, COMPLETE_FILES, COMPLETE_DIRS, COMPLETE_WORDS,
	COMPLETE_JAILS, COMPLETE_COMMANDS };

enum complete_what complete_value(const struct opt *o);
enum complete_what complete_operand(const struct applet *a);

/* Whether every operand is a jail, or only the first one. */
bool complete_any_number(const struct applet *a);

void completion_bash(struct str *out);
void completion_zsh(struct str *out);
void completion_fish(struct str *out);

#endif
