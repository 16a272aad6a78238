/* Shared by the files of prop_add: the property that is being added, and parsers that accept
 * what systemd's own parsers accept, with their quirks
 *
 * Text functions return false, -1 or NULL for a text that systemd-run refuses. Their memory is
 * in the wire's arena.
 */
#ifndef SYSTEMD_PROPS_IMPL_H
#define SYSTEMD_PROPS_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/dbus/wire.h"

struct prop_in;

/* One way to parse and send a value, for several properties. */
struct prop_kind {
	int (*add)(struct prop_in *in);
	const char *wants;		/* "property X: 'text' is not ..." */
	const char *names;		/* separated by blanks */
	int since;			/* 0: 252 or before */
};

struct prop_in {
	struct wire *w;
	const struct prop_kind *kind;
	const char *name, *text;
	struct err *e;
};

const struct prop_kind *prop_find(const char *name, size_t len);
const char *prop_nearest(struct arena *m, const char *name);

/* Set the fault about the text, or about a part of it. They return -1. */
int prop_refuse(const struct prop_in *in);
int prop_refuse_part(const struct prop_in *in, const char *part);
int prop_refuse_because(const struct prop_in *in, const char *why);

/* Open and close the struct (sv) around a value; the same around an array. */
void prop_open(struct wire *w, const char *name, const char *sig);
void prop_close(struct wire *w);
void prop_open_array(struct wire *w, const char *name, const char *sig);
void prop_close_array(struct wire *w);

/* Append a string. Refuses noncharacters (U+FDD0, U+xxFFFE): the D-Bus specification allows
 * them, PID 1 does not. */
void prop_put(struct wire *w, const char *s);

/* The property's name without its last `drop` letters, followed by `more`. */
const char *prop_renamed(const struct prop_in *in, size_t drop, const char *more);

/* -- kinds, by file -- */

int add_bool(struct prop_in *in), add_string(struct prop_in *in);
int add_words(struct prop_in *in), add_words_c(struct prop_in *in);
int add_whole_word(struct prop_in *in), add_delegate(struct prop_in *in);

int add_i32(struct prop_in *in), add_u32(struct prop_in *in), add_mode(struct prop_in *in);
int add_weight(struct prop_in *in), add_cpu_weight(struct prop_in *in);
int add_shares(struct prop_in *in), add_blkio_weight(struct prop_in *in);
int add_memory(struct prop_in *in), add_memory_low(struct prop_in *in);
int add_tasks(struct prop_in *in), add_scale(struct prop_in *in), add_quota(struct prop_in *in);
int add_sec(struct prop_in *in), add_sec_or_never(struct prop_in *in);
int add_start_stop_sec(struct prop_in *in), add_nsec(struct prop_in *in);
int add_nice(struct prop_in *in), add_ioprio(struct prop_in *in);
int add_exit_or_none(struct prop_in *in), add_limit(struct prop_in *in);

int add_level(struct prop_in *in), add_facility(struct prop_in *in);
int add_cpu_policy(struct prop_in *in), add_io_class(struct prop_in *in);
int add_numa_policy(struct prop_in *in), add_signal(struct prop_in *in);
int add_syscall_errno(struct prop_in *in), add_mount_flags(struct prop_in *in);
int add_coredump_filter(struct prop_in *in), add_secure_bits(struct prop_in *in);
int add_capabilities(struct prop_in *in), add_namespaces(struct prop_in *in);
int add_exit_statuses(struct prop_in *in);

int add_cpus(struct prop_in *in), add_cpu_affinity(struct prop_in *in);
int add_numa_mask(struct prop_in *in), add_addresses(struct prop_in *in);
int add_socket_bind(struct prop_in *in), add_device(struct prop_in *in);
int add_device_rate(struct prop_in *in), add_device_weight(struct prop_in *in);
int add_device_latency(struct prop_in *in), add_bpf(struct prop_in *in);
int add_nft_set(struct prop_in *in);

int add_env_file(struct prop_in *in), add_credential(struct prop_in *in);
int add_sealed_credential(struct prop_in *in), add_credential_path(struct prop_in *in);
int add_credential_glob(struct prop_in *in), add_log_field(struct prop_in *in);
int add_log_pattern(struct prop_in *in), add_stdio(struct prop_in *in);
int add_input_text(struct prop_in *in), add_input_data(struct prop_in *in);
int add_label(struct prop_in *in), add_filter(struct prop_in *in);
int add_condition(struct prop_in *in), add_exec(struct prop_in *in);

int add_bind_paths(struct prop_in *in), add_tmpfs(struct prop_in *in);
int add_root_hash(struct prop_in *in), add_root_signature(struct prop_in *in);
int add_root_options(struct prop_in *in), add_mount_images(struct prop_in *in);
int add_extension_images(struct prop_in *in), add_directory(struct prop_in *in);
int add_open_file(struct prop_in *in);

/* -- texts -- */

bool text_bool(const char *s, bool *v);

/* Numbers as in C: white space and a sign in front, prefixes 0x 0o 0b 0. The whole text must be
 * a number. */
bool text_u64(const char *s, uint64_t *v);
bool text_i32(const char *s, int32_t *v);
bool text_u32(const char *s, uint32_t *v);
bool text_u64_base(const char *s, int base, uint64_t *v);
bool text_u8(const char *s, uint8_t *v);

/* `over`: it does not fit into 64 bits. */
struct number {
	uint64_t v;
	bool minus, over;
};

bool text_size(const char *s, unsigned base, uint64_t *v);

/* A time in units of 1/`second` seconds; `unit` is the unit of bare numbers. */
bool text_time(const char *s, uint64_t second, uint64_t unit, uint64_t *v);
bool text_sec(const char *s, uint64_t *usec);

/* Ten-thousandths, from %, per mille or per myriad; without an upper bound. */
bool text_permyriad(const char *s, int32_t *v);

#define BLANKS " \t\n\r"

enum word_how {
	WORD_QUOTES = 1,	/* '...' and "..." group a word, and are removed */
	WORD_ESCAPES = 2,	/* a backslash begins a C escape; else it quotes a letter */
	WORD_SAVE_SEPS = 4,	/* with the former or alone: it quotes separators and itself */
	WORD_EACH_SEP = 8,	/* two separators have an empty word between them */
	WORD_KEEP_ESCAPES = 16,	/* a backslash is a plain character */
};

/* Read the next word of `*p`, and advance `*p`, which is NULL after the last word. Returns 1, 0
 * if there is none, -1 for an open quote or an invalid escape. */
int word_next(struct arena *m, const char **p, char **word, const char *seps, unsigned how);

/* Read the words of a tuple such as a:b:c, at most `max`. Missing ones are NULL. Returns their
 * number, or -1 as word_next; `*p` is NULL when the text is used up. */
int words_take(struct arena *m, const char **p, const char *seps, unsigned how, char **list,
               int max);

/* The bytes that C escapes stand for. NULL for an invalid escape. */
char *text_unescape(struct arena *m, const char *s, bool nul_too, size_t *n);

void *text_base64(struct arena *m, const char *s, size_t *n);
void *text_hex(struct arena *m, const char *s, size_t *n);

/* Remove doubled slashes, single dots and the slash at the end, in place. */
char *path_simplify(char *path);

struct name_value {
	const char *name;	/* NULL ends a table */
	int64_t value;
};

/* The value, or -1 if the name is not in the table. */
int64_t name_lookup(const struct name_value *table, const char *name);

/* EPERM and the like; -1 for an unknown name. */
int errno_number(const char *name);

#endif
