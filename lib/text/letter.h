/* What the two sides of `copy` say to each other
 *
 * Each side begins with a line, "jlmkr-copy 1 VERSION"; nothing follows if these differ. Then
 * come letters: a byte that says what it is, four bytes with the length of the body, the most
 * significant first, and the body. The side that copies sends commands and data, the other one
 * an answer or a fault to each command. A body, except of data, is lines "KEY VALUE"; the key
 * of the first one is what the letter is about.
 *
 * All of it is hostile: lengths, keys, numbers and characters are checked here. What a value
 * means is for the reader to check. Pure.
 */
#ifndef TEXT_LETTER_H
#define TEXT_LETTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct str;

#define LETTER_SPEAKS "jlmkr-copy 1"

enum letter_kind {
	LETTER_COMMAND = 'C',
	LETTER_ANSWER = 'A',
	LETTER_FAULT = 'F',	/* "fault TEXT", "kind NUMBER" of enum err_kind */
	LETTER_DATA = 'D',	/* a part of a stream */
	LETTER_END = 'E',	/* the stream is whole */
	LETTER_GIVEN_UP = 'X',	/* it is not, and nothing more of it comes */
};

enum {
	LETTER_HEAD = 5,		/* bytes before the body */
	LETTER_DATA_MAX = 256 << 10,	/* of a body */
	LETTER_TEXT_MAX = 1 << 20,	/* of an answer */
	LETTER_HELLO_MAX = 200,
};

/* Write the head of a letter. */
void letter_head(enum letter_kind kind, size_t length, unsigned char head[LETTER_HEAD]);

/* Read one. ERR_NETWORK unless it is of one of these kinds (the bytes of `kinds`), and not too
 * long. */
int letter_read_head(const unsigned char head[LETTER_HEAD], const char *kinds,
                     enum letter_kind *kind, size_t *length, struct err *e);

struct letter_line {
	const char *key, *value;
};

struct letter {
	struct letter_line *v;
	size_t n;
};

/* Parse a body. There is at least one line. ERR_NETWORK. */
int letter_parse(struct arena *m, const char *body, size_t n, struct letter *l, struct err *e);

/* The value of the first line with that key; NULL: none. */
const char *letter_get(const struct letter *l, const char *key);

/* The same as a number in decimal digits. ERR_NETWORK if it is not there or none. */
int letter_number(const struct letter *l, const char *key, uint64_t *out, struct err *e);

/* A number and nothing else. */
bool letter_is_number(const char *text, uint64_t *out);

/* Add a line to a body. Characters that cannot be in a value become blanks. */
void letter_add(struct str *body, const char *key, const char *value);
void letter_add_number(struct str *body, const char *key, uint64_t value);

/* What ZFS takes for the name of a snapshot, and no program for an option. */
bool letter_is_label(const char *text);

/* Hexadecimal digits and dashes, as in a receive_resume_token. */
bool letter_is_token(const char *text);

/* Compare the other side's first line with ours, which is of `version`. ERR_HOST with both
 * versions if they differ, ERR_NETWORK with what it said if it is no jlmkr at all. */
int letter_check_hello(const char *line, const char *version, struct err *e);

#endif
