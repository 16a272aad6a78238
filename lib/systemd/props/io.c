/* Properties of input and output: environment files, credentials, standard input and output,
 * log fields; and those with a prefix before the value: labels, filters, conditions. */

#include "lib/systemd/props/impl.h"

#include <string.h>

#include "lib/systemd/props/props.h"

int add_env_file(struct prop_in *in)
{
	bool may_lack = *in->text == '-';

	prop_open_array(in->w, "EnvironmentFiles", "a(sb)");
	if (*in->text) {
		wire_open_struct(in->w);
		prop_put(in->w, in->text + may_lack);
		wire_bool(in->w, may_lack);
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}

/* Read the ID of a credential; `*rest` is the text after its colon, NULL if there is none. */
static int credential_id(struct prop_in *in, char **id, const char **rest)
{
	*rest = in->text;
	*id = NULL;
	if (!*in->text) return 0;
	if (word_next(in->w->m, rest, id, ":", WORD_EACH_SEP) != 1) return prop_refuse(in);
	return 0;
}

static int add_credential_bytes(struct prop_in *in, const char *id, const void *p, size_t n)
{
	if (id && !p) return prop_refuse(in);
	prop_open_array(in->w, in->name, "a(say)");
	if (id) {
		wire_open_struct(in->w);
		prop_put(in->w, id);
		wire_bytes(in->w, p, n);
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}

int add_credential(struct prop_in *in)
{
	const char *rest, *bytes = NULL;
	size_t n = 0;
	char *id;

	if (credential_id(in, &id, &rest) < 0) return -1;
	if (rest) bytes = text_unescape(in->w->m, rest, true, &n);
	return add_credential_bytes(in, id, bytes, n);
}

int add_sealed_credential(struct prop_in *in)
{
	const char *rest;
	void *bytes = NULL;
	size_t n = 0;
	char *id;

	if (credential_id(in, &id, &rest) < 0) return -1;
	if (rest) bytes = text_base64(in->w->m, rest, &n);
	return add_credential_bytes(in, id, bytes, n);
}

static int add_credential_pair(struct prop_in *in, const char *missing)
{
	const char *rest;
	char *id;

	if (credential_id(in, &id, &rest) < 0) return -1;
	prop_open_array(in->w, in->name, "a(ss)");
	if (id) {
		wire_open_struct(in->w);
		prop_put(in->w, id);
		prop_put(in->w, rest && *rest ? rest : missing);
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}

/* Without a path, the ID is also the path. */
int add_credential_path(struct prop_in *in)
{
	return add_credential_pair(in, in->text);
}

int add_credential_glob(struct prop_in *in)
{
	return add_credential_pair(in, "");
}

int add_log_field(struct prop_in *in)
{
	prop_open_array(in->w, in->name, "aay");
	wire_bytes(in->w, in->text, strlen(in->text));
	prop_close_array(in->w);
	return 0;
}

int add_log_pattern(struct prop_in *in)
{
	bool wanted = *in->text != '~';

	prop_open_array(in->w, in->name, "a(bs)");
	wire_open_struct(in->w);
	wire_bool(in->w, wanted);
	prop_put(in->w, in->text + !wanted);
	wire_close_struct(in->w);
	prop_close_array(in->w);
	return 0;
}

int add_stdio(struct prop_in *in)
{
	static const char *const ways[][2] = {
		{ "fd:", "FileDescriptorName" }, { "file:", "File" },
		{ "append:", "FileToAppend" }, { "truncate:", "FileToTruncate" },
	};

	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
		if (str_starts(in->text, ways[i][0])) {
			prop_str(in->w, prop_renamed(in, 0, ways[i][1]),
			         in->text + strlen(ways[i][0]));
			return 0;
		}
	return add_string(in);
}

/* PID 1 of 252 has no property of this name, but systemd-run sends it. */
int add_input_text(struct prop_in *in)
{
	size_t n;
	char *text = text_unescape(in->w->m, in->text, false, &n);

	if (!text) return prop_refuse(in);
	text[n] = '\n';
	prop_bytes(in->w, in->name, text, n + 1);
	return 0;
}

int add_input_data(struct prop_in *in)
{
	size_t n;
	void *data = text_base64(in->w->m, in->text, &n);

	if (!data) return prop_refuse(in);
	prop_bytes(in->w, in->name, data, n);
	return 0;
}

int add_label(struct prop_in *in)
{
	bool may_lack = *in->text == '-';

	prop_open(in->w, in->name, "(bs)");
	wire_open_struct(in->w);
	wire_bool(in->w, may_lack);
	prop_put(in->w, in->text + may_lack);
	wire_close_struct(in->w);
	prop_close(in->w);
	return 0;
}

int add_filter(struct prop_in *in)
{
	bool deny = *in->text == '~';
	const char *p = in->text + deny;
	char *word;
	int got;

	prop_open(in->w, in->name, "(bas)");
	wire_open_struct(in->w);
	wire_bool(in->w, !deny);
	wire_open_array(in->w, "s");
	while ((got = word_next(in->w->m, &p, &word, BLANKS, WORD_QUOTES)) > 0)
		prop_put(in->w, word);
	if (got < 0) return prop_refuse(in);
	wire_close_array(in->w);
	wire_close_struct(in->w);
	prop_close(in->w);
	return 0;
}

int add_condition(struct prop_in *in)
{
	bool trigger = *in->text == '|', negate = in->text[trigger] == '!';

	prop_open_array(in->w, *in->name == 'A' ? "Asserts" : "Conditions", "a(sbbs)");
	if (*in->text) {
		wire_open_struct(in->w);
		prop_put(in->w, in->name);
		wire_bool(in->w, trigger);
		wire_bool(in->w, negate);
		prop_put(in->w, in->text + trigger + negate);
		wire_close_struct(in->w);
	}
	prop_close_array(in->w);
	return 0;
}
