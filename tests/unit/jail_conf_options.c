#include "lib/jail/conf_options.h"

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/jail/conf.h"
#include "tests/unit/test.h"

static void read_options(struct arena *m, const char *text, struct conf_options *o)
{
	struct conf c;

	CHECK_INT(conf_parse(m, text, &c, NULL), 0);
	conf_options_read(m, &c, o);
}

static const char *checked(struct arena *m, const char *text)
{
	struct faults found = { .m = m };
	struct str out = { .m = m };
	struct conf_options o;

	read_options(m, text, &o);
	conf_options_check(&o, &found);
	for (size_t i = 0; i < found.n; i++)
		str_addf(&out, "%u: %s%s%s\n", found.v[i].line, found.v[i].text,
		         found.v[i].fix ? "; " : "", found.v[i].fix ? found.v[i].fix : "");
	return str_text(&out);
}

TEST(options_have_the_lines_of_the_config)
{
	AUTOFREE struct arena m = { 0 };
	struct conf_options o;

	read_options(&m, "systemd_nspawn_user_args=-U\n    # --bind=/x\n    --bind /a\n"
	         "systemd_run_default_args=--collect -p\n  Nice=1\n", &o);
	CHECK_INT(conf_options_fail(&o, NULL), 0);
	CHECK_INT(o.user.n, 2);
	CHECK_STR(o.user.v[1].value, "/a");
	CHECK_INT(o.user.v[1].line, 3);
	CHECK_INT(o.run.n, 2);
	CHECK_STR(o.run.v[1].value, "Nice=1");
	CHECK_INT(o.run.v[1].line, 4);
	CHECK(o.traits.own_users && !o.traits.own_network);
}

TEST(defaults_stand_in_no_line)
{
	AUTOFREE struct arena m = { 0 };
	struct conf_options o;

	read_options(&m, "", &o);
	CHECK_INT(o.run.n, 8);
	CHECK_INT(o.nspawn.n, 5);
	CHECK_INT(o.user.n, 0);
	for (size_t i = 0; i < o.run.n; i++)
		CHECK_INT(o.run.v[i].line, 0);
	for (size_t i = 0; i < o.nspawn.n; i++)
		CHECK_INT(o.nspawn.v[i].line, 0);
	CHECK_STR(checked(&m, ""), "");
}

TEST(all_faults_are_told_at_once)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(checked(&m, "systemd_run_default_args=--scope --nice x\n  --sl=y foo\n"
	                      "systemd_nspawn_default_args=--bot\n"
	                      "systemd_nspawn_user_args=--bind='/a\n"),
	          "3: systemd-nspawn has no option --bot; did you mean --boot?\n"
	          "4: systemd_nspawn_user_args: the quote ' is not closed\n"
	          "1: option --scope of systemd-run has no place here: a jail is a service\n"
	          "1: --nice: 'x' is not a number from -20 to 19\n"
	          "2: option --sl of systemd-run is ambiguous: --slice or --slice-inherit\n"
	          "2: 'foo' is not an option of systemd-run\n");
}

TEST(only_the_last_bridge_counts)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(checked(&m, "startup=0\nsystemd_nspawn_user_args=--network-bridge=br1\n"
	                      "  --bind=/a --bind=/b\n  --network-bridge=br2\n"),
	          "2: --network-bridge=br1 has no effect: only the last --network-bridge "
	          "counts; "
	          "for a second bridge use --network-veth-extra and a post_start_hook\n");
	CHECK_STR(checked(&m, "systemd_nspawn_default_args=--network-bridge=br1\n"
	                      "systemd_nspawn_user_args=--network-bridge=br2\n"), "");
}

TEST(a_value_that_cannot_be_read_has_no_options)
{
	AUTOFREE struct arena m = { 0 };
	struct conf_options o;
	struct err e = { 0 };

	read_options(&m, "startup=0\nsystemd_run_default_args=--collect\n  \"\n", &o);
	CHECK_INT(o.run.n, 0);
	CHECK_INT(conf_options_fail(&o, &e), -1);
	CHECK_INT(e.kind, ERR_INPUT);
	CHECK_STR(e.text, "systemd_run_default_args: line 3: the quote \" is not closed");
}
