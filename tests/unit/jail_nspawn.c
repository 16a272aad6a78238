#include "lib/jail/nspawn.h"

#include "lib/base/auto.h"
#include "lib/base/str.h"
#include "tests/unit/test.h"

static const char *found_with(struct arena *m, const char *text, int missing, const char *hook)
{
	struct split words = { 0 };
	struct faults found = { .m = m };
	struct str out = { .m = m };

	CHECK_INT(word_split(m, text, 1, SPLIT_COMMENTS, &words, NULL), 0);
	if (missing)
		nspawn_missing(&words, hook, &found);
	else
		nspawn_check(&words, &found);
	for (size_t i = 0; i < found.n; i++)
		str_addf(&out, "%u: %s\n", found.v[i].line, found.v[i].text);
	return str_text(&out);
}

static const char *found_in(struct arena *m, const char *text, int missing)
{
	return found_with(m, text, missing, NULL);
}

TEST(words_are_read_as_getopt_does)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--bind=/a:/b --bind /c -b -D/x -D /x -Ub --private-users=pick "
	                       "--private-users --network-veth-e x:y", 0), "");
	CHECK_STR(found_in(&m, "/sbin/init --nothing -Q", 0), "");
	CHECK_STR(found_in(&m, "--boot -- --nothing", 0), "");
}

TEST(what_nspawn_would_refuse_is_told_with_its_line)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--boot\n--bnid=/a -bQ\n--boot=1\n--bind", 0),
	          "2: systemd-nspawn has no option --bnid, did you mean --bind?\n"
	          "2: systemd-nspawn has no option -Q\n"
	          "3: --boot takes no value\n"
	          "4: --bind lacks its value\n");
	CHECK_STR(found_in(&m, "--network-v", 0), 
	          "1: systemd-nspawn has no option --network-v, did you mean --network-veth?\n");
}

TEST(what_the_machine_lacks)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--bind=/:/host --bind-ro=-/no/1 --bind=+/no/2 --bind=:/tmp", 1), "");
	CHECK_STR(found_in(&m, "'--bind=/no\\:3:/x:rbind'\n--overlay=/:/no/4::/dest --overlay=/:/dest", 1),
	          "1: --bind=/no\\:3:/x:rbind: there is no /no:3\n"
	          "2: --overlay=/:/no/4::/dest: there is no /no/4\n");
	CHECK_STR(found_in(&m, "--network-bridge=lo --network-macvlan=lo:x --network-interface=../x", 1),
	          "1: --network-bridge=lo: lo is no bridge\n"
	          "1: --network-interface=../x: there is no interface ../x\n");
}

TEST(what_a_hook_names_it_may_make)
{
	AUTOFREE struct arena m = { 0 };
	static const char hook[] = "#!/bin/sh\nip link add br77 type bridge\nmkdir -p /no/where";

	CHECK_STR(found_with(&m, "--bind=/no/where --network-bridge=br77\n--bind=/no/other\n"
	                     "--network-macvlan=no0", 1, hook),
	          "2: --bind=/no/other: there is no /no/other\n"
	          "3: --network-macvlan=no0: there is no interface no0\n");
}
