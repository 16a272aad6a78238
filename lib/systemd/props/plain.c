/* Properties with a single value or a list of words: switches, texts, numbers, sizes, times and
 * resource limits. */

#include "lib/systemd/props/impl.h"

#include <string.h>

#include "lib/systemd/props/props.h"

int add_bool(struct prop_in *in)
{
	bool v;

	if (!text_bool(in->text, &v)) return prop_refuse(in);
	prop_bool(in->w, in->name, v);
	return 0;
}

int add_string(struct prop_in *in)
{
	prop_str(in->w, in->name, in->text);
	return 0;
}

static int add_list(struct prop_in *in, const char *name, unsigned how)
{
	struct words list = { .m = in->w->m };
	const char *p = in->text;
	char *word;
	int got;

	while ((got = word_next(list.m, &p, &word, BLANKS, how)) > 0)
		words_add(&list, word);
	if (got < 0) return prop_refuse(in);
	prop_words(in->w, name, words_list(&list));
	return 0;
}

int add_words(struct prop_in *in)
{
	return add_list(in, in->name, WORD_QUOTES);
}

int add_words_c(struct prop_in *in)
{
	return add_list(in, in->name, WORD_QUOTES | WORD_ESCAPES);
}

int add_whole_word(struct prop_in *in)
{
	char *list[] = { *in->text ? (char *)in->text : NULL, NULL };

	prop_words(in->w, in->name, list);
	return 0;
}

int add_delegate(struct prop_in *in)
{
	bool v;

	if (text_bool(in->text, &v)) return add_bool(in);
	return add_list(in, "DelegateControllers", WORD_QUOTES);
}

static int add_u64(struct prop_in *in, const char *name, bool good, uint64_t v)
{
	if (!good) return prop_refuse(in);
	prop_u64(in->w, name, v);
	return 0;
}

static int add_bounded(struct prop_in *in, uint64_t min, uint64_t max)
{
	uint64_t v = UINT64_MAX;
	bool good = !*in->text || (text_u64(in->text, &v) && v >= min && v <= max);

	return add_u64(in, in->name, good, v);
}

int add_weight(struct prop_in *in)
{
	return add_bounded(in, 1, 10000);
}

int add_cpu_weight(struct prop_in *in)
{
	if (str_eq(in->text, "idle")) return add_u64(in, in->name, true, 0);
	return add_bounded(in, 1, 10000);
}

int add_shares(struct prop_in *in)
{
	return add_bounded(in, 2, 262144);
}

int add_blkio_weight(struct prop_in *in)
{
	return add_bounded(in, 10, 1000);
}

/* 100% is 2^32 - 1. */
static bool text_scale(const char *s, uint32_t *v)
{
	int32_t permyriad;

	if (!text_permyriad(s, &permyriad) || permyriad > 10000) return false;
	*v = (uint32_t)(((uint64_t)permyriad * UINT32_MAX + 5000) / 10000);
	return true;
}

/* A share is sent under a name of its own, because PID 1 knows the total. */
static int add_amount(struct prop_in *in, uint64_t empty, bool is_size)
{
	uint64_t v = 0;
	uint32_t scale;
	bool good;

	if (str_eq(in->text, "infinity")) return add_u64(in, in->name, true, UINT64_MAX);
	if (!*in->text) return add_u64(in, in->name, true, empty);
	if (text_scale(in->text, &scale)) {
		prop_u32(in->w, prop_renamed(in, 0, "Scale"), scale);
		return 0;
	}
	good = is_size ? text_size(in->text, 1024, &v) : text_u64(in->text, &v);
	return add_u64(in, in->name, good, v);
}

int add_memory(struct prop_in *in)
{
	return add_amount(in, UINT64_MAX, true);
}

int add_memory_low(struct prop_in *in)
{
	return add_amount(in, 0, true);
}

int add_tasks(struct prop_in *in)
{
	return add_amount(in, UINT64_MAX, false);
}

int add_scale(struct prop_in *in)
{
	uint32_t v;

	if (!text_scale(in->text, &v)) return prop_refuse(in);
	prop_u32(in->w, in->name, v);
	return 0;
}

int add_quota(struct prop_in *in)
{
	int32_t v = 0;
	bool good = !*in->text || (text_permyriad(in->text, &v) && v > 0);

	return add_u64(in, "CPUQuotaPerSecUSec", good,
	               *in->text ? (uint64_t)v * 100 : UINT64_MAX);
}

int add_i32(struct prop_in *in)
{
	int32_t v;

	if (!text_i32(in->text, &v)) return prop_refuse(in);
	prop_i32(in->w, in->name, v);
	return 0;
}

static int add_i32_between(struct prop_in *in, int32_t min, int32_t max)
{
	int32_t v;

	if (!text_i32(in->text, &v) || v < min || v > max) return prop_refuse(in);
	return add_i32(in);
}

int add_nice(struct prop_in *in)
{
	return add_i32_between(in, -20, 19);
}

int add_ioprio(struct prop_in *in)
{
	return add_i32_between(in, 0, 7);
}

int add_exit_or_none(struct prop_in *in)
{
	uint8_t v;

	if (*in->text && !text_u8(in->text, &v)) return prop_refuse(in);
	prop_i32(in->w, in->name, *in->text ? v : -1);
	return 0;
}

int add_u32(struct prop_in *in)
{
	uint32_t v;

	if (!text_u32(in->text, &v)) return prop_refuse(in);
	prop_u32(in->w, in->name, v);
	return 0;
}

int add_mode(struct prop_in *in)
{
	const char *digits = in->text + strspn(in->text, BLANKS);
	uint64_t v;

	if (*digits == '+' || *digits == '-') return prop_refuse(in);
	if (!text_u64_base(digits, 8, &v) || v > 07777) return prop_refuse(in);
	prop_u32(in->w, in->name, (uint32_t)v);
	return 0;
}

static const char *usec_name(const struct prop_in *in)
{
	return prop_renamed(in, strlen("Sec"), "USec");
}

int add_sec(struct prop_in *in)
{
	uint64_t v = 0;
	bool good = text_sec(in->text, &v);

	return add_u64(in, usec_name(in), good, v);
}

int add_sec_or_never(struct prop_in *in)
{
	/* The older of the two properties treats blanks as empty. */
	size_t blanks = in->kind->since ? 0 : strspn(in->text, BLANKS);
	uint64_t v = UINT64_MAX;
	bool good = !in->text[blanks] || text_sec(in->text, &v);

	return add_u64(in, usec_name(in), good, v);
}

int add_start_stop_sec(struct prop_in *in)
{
	uint64_t v;

	if (!text_sec(in->text, &v)) return prop_refuse(in);
	prop_u64(in->w, "TimeoutStartUSec", v);
	prop_u64(in->w, "TimeoutStopUSec", v);
	return 0;
}

int add_nsec(struct prop_in *in)
{
	uint64_t v = 0;
	bool good = text_time(in->text, 1000000000, 1, &v);

	return add_u64(in, in->name, good, v);
}

static bool limit_cpu(const char *s, uint64_t *v)
{
	if (!text_sec(s, v)) return false;
	if (*v != UINT64_MAX) *v = *v / 1000000 + (*v % 1000000 != 0);
	return true;
}

static bool limit_rttime(const char *s, uint64_t *v)
{
	return text_time(s, 1000000, 1, v);
}

static bool limit_size(const char *s, uint64_t *v)
{
	return text_size(s, 1024, v) && *v != UINT64_MAX;
}

static bool limit_number(const char *s, uint64_t *v)
{
	return text_u64(s, v) && *v != UINT64_MAX;
}

/* The kernel counts from 40 (nice -20) down to 1 (nice 19), and has a 0. */
static bool limit_nice(const char *s, uint64_t *v)
{
	char sign = *s;

	if (!text_u64(s + (sign == '+' || sign == '-'), v)) return false;
	if (sign == '+' ? *v >= 20 : *v > (sign == '-' ? 20 : 40)) return false;
	if (sign == '+') *v = 20 - *v;
	if (sign == '-') *v = 20 + *v;
	return true;
}

static bool limit_value(const char *name, const char *s, uint64_t *v)
{
	static const char *const numbers[] = {
		"NOFILE", "NPROC", "LOCKS", "SIGPENDING", "RTPRIO",
	};

	name += strlen("Limit");
	if (str_eq(name, "NICE")) return limit_nice(s, v);
	*v = UINT64_MAX;
	if (str_eq(s, "infinity")) return true;
	if (str_eq(name, "CPU")) return limit_cpu(s, v);
	if (str_eq(name, "RTTIME")) return limit_rttime(s, v);
	for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
		if (str_eq(name, numbers[i])) return limit_number(s, v);
	return limit_size(s, v);
}

int add_limit(struct prop_in *in)
{
	const char *p = in->text;
	uint64_t soft, hard;
	char *part[2];
	int n = words_take(in->w->m, &p, ":", WORD_EACH_SEP, part, 2);

	if (n < 1 || (p && *p)) return prop_refuse(in);
	if (!limit_value(in->name, part[0], &soft)) return prop_refuse(in);
	hard = soft;
	if (n == 2 && !limit_value(in->name, part[1], &hard)) return prop_refuse(in);
	if (soft > hard) return prop_refuse_because(in, "has a soft limit above the hard one");
	prop_u64(in->w, in->name, hard);
	prop_u64(in->w, prop_renamed(in, 0, "Soft"), soft);
	return 0;
}
