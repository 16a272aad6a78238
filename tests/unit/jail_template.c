#include "lib/jail/template.h"

#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/jail/conf_check.h"
#include "lib/nspawn/missing.h"
#include "tests/unit/test.h"

enum given { NEEDED, ALTERNATIVES, EVERYTHING };

/* A value for the words that must be given, with alternatives in their place, or for all. */
static char **all_sets(struct arena *m, const struct template *t, enum given given)
{
	struct words sets = { .m = m };

	for (const struct template_word *w = template_words(m, t); w->name; w++) {
		bool other = w->alternative || (given == ALTERNATIVES && w[1].alternative);

		if (w->preset && !*w->preset && given == EVERYTHING)
			words_addf(&sets, "%s=/mnt/it", w->name);
		if (!w->preset && other == (w->alternative && given == ALTERNATIVES))
			words_addf(&sets, "%s=br7", w->name);
	}
	return words_list(&sets);
}

static void check_config(struct arena *m, const struct template *t, enum given given)
{
	struct err why = { 0 };
	const char *text = template_fill(m, t, all_sets(m, t, given), &why);
	struct conf_check k;
	struct conf c;

	CHECK_STR(why.text, "");
	conf_check(m, text, &k);
	CHECK(k.loads);
	for (size_t f = 0; f < k.found.n; f++)	/* br7 may not be there */
		if (!str_eq(k.found.v[f].kind, NSPAWN_MISSING))
			CHECK_STR(k.found.v[f].text, "");
	c = k.conf;
	CHECK(!strchr(text, '@'));
	CHECK(c.distro.line && c.release.line);
	CHECK(strstr(c.user_args.text, given == ALTERNATIVES ? "--network-macvlan=br7" :
	                               "--network-bridge=br7"));
	CHECK(!strstr(c.user_args.text, given == ALTERNATIVES ? "--network-bridge" :
	                                "--network-macvlan"));
}

TEST(each_is_a_config_without_a_fault)
{
	AUTOFREE struct arena m = { 0 };
	const struct template *t;

	for (size_t i = 0; (t = template_at(i)); i++) {
		check_config(&m, t, NEEDED);
		check_config(&m, t, ALTERNATIVES);
		check_config(&m, t, EVERYTHING);
	}
}

TEST(a_line_without_its_word_is_left_out)
{
	static const struct template t = {
		"own", "# Own\n#@ a interface: first\n#@ |b interface: other\n"
		       "#@ c folder: third []\nx=1\n  @a@ @a@\n  @b@\ny=@c@\nz=2"
	};
	static char *const a[] = { "a=br1", NULL }, *const b[] = { "b=br2", "c=/x", NULL };
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(template_fill(&m, &t, a, NULL), "# Own\nx=1\n  br1 br1\nz=2");
	CHECK_STR(template_fill(&m, &t, b, NULL), "# Own\nx=1\n  br2\ny=/x\nz=2");
	CHECK(template_is_given(template_words(&m, &t), b));
	CHECK(!template_is_given(template_words(&m, &t), b + 1));
}

TEST(each_has_a_line_and_words)
{
	AUTOFREE struct arena m = { 0 };
	const struct template *t;

	for (size_t i = 0; (t = template_at(i)); i++) {
		CHECK(*template_brief(&m, t));
		CHECK(template_words(&m, t)[0].name);
	}
}

TEST(words_are_put_in_their_places)
{
	AUTOFREE struct arena m = { 0 };
	const struct template *t = template_find("router", NULL);
	char *sets[] = { "wan=br0", "lan=br1", "lan=br2", NULL };
	const char *text = template_fill(&m, t, sets, NULL);

	CHECK(strstr(text, "--network-bridge=br0\n    --network-veth-extra=rt-br2:lan0\n\n"));
	CHECK(strstr(text, "Address=192.168.90.1/24"));
}

static const char *fault_of(const char *name, char *set)
{
	static struct err e;
	AUTOFREE struct arena m = { 0 };
	char *sets[] = { set, NULL };

	e = (struct err){ 0 };
	CHECK(!template_fill(&m, template_find(name, NULL), sets, &e));
	return e.text;
}

TEST(what_is_missing_or_odd_is_told)
{
	struct err e = { 0 };

	CHECK_STR(fault_of("docker", NULL),
	          "the template docker wants the bridge of the host that the "
	          "jail joins, br1 for example; say it by --set bridge=... "
	          "or --set macvlan=...");
	CHECK_STR(fault_of("docker", "bridge=a b"),
	          "--set bridge: 'a b' cannot be the name of an interface");
	CHECK_STR(fault_of("docker", "bridge="),
	          "--set bridge: '' cannot be the name of an interface");
	CHECK_STR(fault_of("docker", "bridge=x\n--capability=all"),
	          "--set bridge: 'x\\n--capability=all' cannot be the name of an interface");
	CHECK_STR(fault_of("docker", "bridge=a-name-of-16-chars"),
	          "--set bridge: 'a-name-of-16-chars' cannot be the name of an interface");
	CHECK_STR(fault_of("docker", "bridge"), "--set 'bridge': it is not NAME=VALUE");
	CHECK_STR(fault_of("docker", "brid=br1"),
	          "--set 'brid=br1': the template docker has no such "
	          "word; 'jlmkr help template-docker' shows them");
	CHECK_STR(fault_of("router", "tftp=tftp"),
	          "--set tftp: 'tftp' is not the path of a folder, such as "
	          "/mnt/tank/tftp, of letters, digits and . _ - /");
	CHECK(!template_find("dokcer", &e));
	CHECK_STR(e.text, "no template 'dokcer', did you mean 'docker'?");
}

TEST(alternatives_exclude_each_other)
{
	char *both[] = { "bridge=br1", "macvlan=eno1", NULL };
	char *twice[] = { "bridge=br1", "bridge=br2", NULL };
	AUTOFREE struct arena m = { 0 };
	const struct template *t = template_find("docker", NULL);
	struct err e = { 0 };

	CHECK(!template_fill(&m, t, both, &e));
	CHECK_STR(e.text, "--set macvlan: bridge is given, too; give one of them");
	CHECK(strstr(template_fill(&m, t, twice, NULL), "--network-bridge=br2\n"));
}

TEST(values_are_what_their_word_wants)
{
	static const struct template_word address = { .kind = "address" },
		range = { .kind = "range" }, folder = { .kind = "folder" },
		truth = { .kind = "switch" };
	static const char *const folders[] = { "/a", "/mnt/tank/tftp-1/x.d/" };
	static const char *const no_folders[] = { "/", "", "a", "/a b", "/a:/b", "/a'", "/@a@",
	                                          "/a\\", "/a\n" };
	static const char *const addresses[] = { "10.0.0.1/8", "fd00::1/64", "10.0.0.1/32" };
	static const char *const none[] = { "10.0.0.1", "10.0.0.1/33", "10.0.0.1/",
	                                    "10.0.0.1/8x", "x/8",
		"fd00::1/129", "10.0.0.1/8\n", "10.0.0/8", "", "/8", "10.0.0.1/0008" };
	static const char *const ranges[] = { "10.0.0.1,10.0.0.9", "fd00::1,fd00::9" };
	static const char *const no_ranges[] = { "10.0.0.1", "10.0.0.1,", ",",
	                                         "10.0.0.1,fd00::1",
		"10.0.0.1,10.0.0.9,12h", "" };

	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
		CHECK_INT(template_check_value(&address, addresses[i], NULL), 0);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		CHECK_INT(template_check_value(&address, none[i], NULL), -1);
	for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
		CHECK_INT(template_check_value(&range, ranges[i], NULL), 0);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		CHECK_INT(template_check_value(&folder, folders[i], NULL), 0);
	for (size_t i = 0; i < sizeof no_folders / sizeof *no_folders; i++)
		CHECK_INT(template_check_value(&folder, no_folders[i], NULL), -1);
	CHECK_INT(template_check_value(&truth, "1", NULL), 0);
	CHECK_INT(template_check_value(&truth, "yes", NULL), -1);
	for (size_t i = 0; i < sizeof no_ranges / sizeof *no_ranges; i++)
		CHECK_INT(template_check_value(&range, no_ranges[i], NULL), -1);
}
