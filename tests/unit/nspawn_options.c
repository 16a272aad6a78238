#include "lib/nspawn/options.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/str.h"
#include "lib/nspawn/missing.h"
#include "lib/nspawn/traits.h"
#include "tests/unit/test.h"

enum { FAULTS, MISSING, BINDS };

static const char *found_in(struct arena *m, const char *text, int what)
{
	struct split words = { 0 };
	struct faults found = { .m = m };
	struct nspawn_options o;
	struct str out = { .m = m };

	CHECK_INT(word_split(m, text, 1, SPLIT_COMMENTS, &words, NULL), 0);
	nspawn_options_parse(&o, m, &words);
	if (what == MISSING)
		nspawn_missing(&o, &found);
	else if (what == BINDS)
		nspawn_check_binds(&o, &found);
	else
		found = o.faults;
	for (size_t i = 0; i < found.n; i++)
		str_addf(&out, "%u: %s%s%s\n", found.v[i].line, found.v[i].text,
		         found.v[i].fix ? "; " : "",
		         found.v[i].fix ? found.v[i].fix : "");
	return str_text(&out);
}

TEST(words_are_read_as_getopt_does)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--bind=/a:/b --bind /c -b -u/x -u /x -Ub --private-users=pick "
	                       "--private-users --network-veth-e x:y", 0),
	          "1: --private-users=pick has no effect: only the last --private-users "
	          "counts\n");
	CHECK(!strstr(found_in(&m, "/sbin/init --nothing -Q", 0), "--nothing"));
	CHECK_STR(found_in(&m, "--boot -- --nothing", 0), "");
}

TEST(what_nspawn_would_refuse_is_told_with_its_line)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--boot\n--bnid=/a -bQ\n--boot=1\n--bind", 0),
	          "2: systemd-nspawn has no option --bnid; did you mean --bind?\n"
	          "2: systemd-nspawn has no option -Q\n"
	          "3: --boot takes no value\n"
	          "4: --bind lacks its value\n");
	CHECK_STR(found_in(&m, "--network-v", 0),
	          "1: systemd-nspawn has no option --network-v; did you mean "
	          "--network-veth?\n");
}

TEST(what_ends_the_options_is_told)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--bind=/mnt/my\nmedia --network-bridge=br1", 0),
	          "2: 'media' is not an "
	          "option: it and everything after it go to the jail's init; quote values that "
	          "contain spaces\n");
	CHECK_STR(found_in(&m, "--machine=x -D /", 0),
	          "1: --machine has no place here: jlmkr gives its "
	          "own\n1: -D has no place here: jlmkr gives its own\n");
}

TEST(an_option_that_a_later_one_replaces)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--network-bridge=br1\n--network-bridge br2", FAULTS),
	          "1: --network-bridge=br1 has no effect: only the last --network-bridge "
	          "counts; "
	          "for a second bridge use --network-veth-extra and a post_start_hook\n");
	CHECK_STR(found_in(&m, "-u a\n--hostname=x\n-u b --private-users\n--user=c "
	                      "--private-users=pick", FAULTS),
	          "1: -u a has no effect: only the last --user counts\n"
	          "3: -u b has no effect: only the last --user counts\n"
	          "3: --private-users has no effect: only the last --private-users counts\n");
}

TEST(options_that_all_count)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--bind=/a --bind=/b --bind-ro=/a --bind-ro=/b --setenv=A=1 "
	                      "--setenv=B=2 --network-macvlan=a --network-macvlan=b "
	                      "--network-veth-extra=a --network-veth-extra=b --port=1 --port=2 "
	                      "--capability=a --capability=b --drop-capability=a "
	                      "--drop-capability=b --system-call-filter=a "
	                      "--system-call-filter=~b --rlimit=A=1 --rlimit=B=1 "
	                      "--property=A=1 "
	                      "--property=B=1 --tmpfs=/a --tmpfs=/b --overlay=/a:/b "
	                      "--overlay=/c:/d --network-interface=a --network-interface=b "
	                      "--load-credential=a:/b --load-credential=c:/d", FAULTS), "");
	CHECK_STR(found_in(&m, "--boot -b -b --network-bridge=br1 --network-bridge=br1",
	                   FAULTS), "");
}

/* "fnu": changes the firewall, own network, own users */
static const char *traits_of(const char *text)
{
	AUTOFREE struct arena m = { 0 };
	struct nspawn_traits t = { 0 };
	struct nspawn_options o;
	struct split words = { 0 };
	static char out[4];

	CHECK_INT(word_split(&m, text, 1, SPLIT_COMMENTS, &words, NULL), 0);
	nspawn_options_parse(&o, &m, &words);
	nspawn_traits_add(&t, &o);
	snprintf(out, sizeof out, "%s%s%s", t.changes_firewall ? "f" : "",
	         t.own_network ? "n" : "", t.own_users ? "u" : "");
	return out;
}

TEST(what_the_words_make_of_a_jail)
{
	CHECK_STR(traits_of("--capability=all"), "f");
	CHECK_STR(traits_of("--capability all"), "f");
	CHECK_STR(traits_of("--capability=CAP_SYS_ADMIN,cap_net_admin"), "f");
	CHECK_STR(traits_of("--capability=CAP_SYS_ADMIN"), "");
	CHECK_STR(traits_of("--system-call-filter 'add_key keyctl bpf'"), "f");
	CHECK_STR(traits_of("--capability=all --setenv -n"), "f");
	CHECK_STR(traits_of("--capability=all -jn"), "fn");
	CHECK_STR(traits_of("--capability=all --private-net"), "fn");
	CHECK_STR(traits_of("--network-bridge=br1 -U"), "nu");
	CHECK_STR(traits_of("--private-users"), "u");
	CHECK_STR(traits_of("--private-users=no"), "");
	CHECK_STR(traits_of("--private-users=off --system-call-filter=~bpf"), "");
	CHECK_STR(traits_of("--bind=/a b -n"), "");
}

TEST(what_the_machine_lacks)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--bind=/:/host --bind-ro=-/no/1 --bind=+/no/2 --bind=:/tmp", 1),
	          "");
	CHECK_STR(found_in(&m, "'--bind=/no\\:3:/x:rbind'\n--overlay=/:/no/4::/dest "
	                       "--overlay=/:/dest", 1),
	          "1: --bind=/no\\:3:/x:rbind: there is no /no:3\n"
	          "2: --overlay=/:/no/4::/dest: there is no /no/4\n");
	CHECK_STR(found_in(&m, "--overlay=/:/made:/dest --overlay=/no/5:/dest "
	                       "--overlay-ro=/:/no/6:/dest", 1),
	          "1: --overlay=/no/5:/dest: there is no /no/5\n"
	          "1: --overlay-ro=/:/no/6:/dest: there is no /no/6\n");
	CHECK_STR(found_in(&m, "--network-bridge=lo --network-macvlan=lo:x "
	                       "--network-interface=../x", 1),
	          "1: --network-bridge=lo: lo is not a bridge\n"
	          "1: --network-interface=../x: there is no interface ../x\n");
}

TEST(what_is_missing_is_data)
{
	AUTOFREE struct arena m = { 0 };
	struct split words = { 0 };
	struct faults found = { .m = &m };
	struct nspawn_options o;

	CHECK_INT(word_split(&m, "--bind=/no\\\\:3:/x --network-macvlan=no0", 1, SPLIT_COMMENTS,
	                     &words, NULL), 0);
	nspawn_options_parse(&o, &m, &words);
	nspawn_missing(&o, &found);
	CHECK_INT(found.n, 2);
	CHECK_STR(found.v[0].kind, NSPAWN_MISSING);
	CHECK_STR(found.v[0].subject, "/no:3");
	CHECK_STR(found.v[1].subject, "no0");
}

TEST(bind_mounts_of_other_tools_get_the_right_spelling)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m,
	                   "--bind=/a:/b --bind=/a:/b:rbind,noidmap --bind=+/x --bind=:/tmp "
	                       "--bind-ro=/a --overlay=a:b:c", BINDS), "");
	CHECK_STR(found_in(&m, "--bind=/a:/b:ro\n--bind=/a:/b:rw,z --bind=/a:ro", BINDS),
	          "1: --bind=/a:/b:ro: systemd-nspawn has no 'ro' here; write --bind-ro=/a:/b\n"
	          "2: --bind=/a:/b:rw,z: systemd-nspawn has no 'rw' here; write --bind=/a:/b\n"
	          "2: --bind=/a:ro: systemd-nspawn has no 'ro' here; write --bind-ro=/a\n");
	CHECK_STR(found_in(&m, "--bind='~/x:/x' --bind='~bob:/x'", BINDS),
	          "1: --bind=~/x:/x: '~' is not expanded here; write --bind=/root/x:/x\n"
	          "1: --bind=~bob:/x: '~' is not expanded here\n");
	CHECK_STR(found_in(&m, "--bind-ro=media:/x --bind=/a:x", BINDS),
	          "1: --bind-ro=media:/x: the source 'media' is not an absolute path; write "
	          "the whole path, "
	          "from / on\n"
	          "1: --bind=/a:x: the destination 'x' is not an absolute path; write the "
	          "whole path in the "
	          "jail, from / on\n");
}

TEST(words_of_other_tools_lead_to_ours)
{
	AUTOFREE struct arena m = { 0 };

	CHECK_STR(found_in(&m, "--volume=/a:/b", FAULTS),
	          "1: systemd-nspawn has no option --volume; write "
	          "--bind=SOURCE:DESTINATION\n");
	CHECK_STR(found_in(&m, "--memory=2G -v", FAULTS),
	          "1: systemd-nspawn has no option --memory; write "
	          "systemd_run_user_args=--property=MemoryMax=SIZE\n"
	          "1: systemd-nspawn has no option -v; write --bind=SOURCE:DESTINATION\n");
	CHECK_STR(found_in(&m, "--bindro=/a", FAULTS),
	          "1: systemd-nspawn has no option --bindro; did you "
	          "mean --bind-ro?\n");
	CHECK_STR(found_in(&m, "--bind=/a # text", FAULTS),
	          "1: '#' is not an option: it and everything after "
	          "it go to the jail's init; '#' begins a comment only on a line of its own\n");
}

static size_t faults_of(struct arena *m, const char *word)
{
	struct split words = { 0 };
	struct nspawn_options o;

	CHECK_INT(word_split(m, word, 1, SPLIT_PLAIN, &words, NULL), 0);
	nspawn_options_parse(&o, m, &words);
	return o.faults.n;
}

/* A word with its value inside, and one without. */
static bool is_known(struct arena *m, const char *name, const char *letter,
                     const char *argument)
{
	bool wants = *argument && *argument != '[', takes = *argument;
	const char *given = arena_printf(m, "--%s=1", name),
		*bare = arena_printf(m, "--%s", name);

	if (str_eq(name, "directory") || str_eq(name, "machine"))	/* jlmkr's own */
		return faults_of(m, given) == 1 &&
		       faults_of(m, arena_printf(m, "-%s1", letter)) == 1;
	if (*letter && faults_of(m, arena_printf(m, "-%s%s", letter, wants ? "1" : "")))
		return false;
	if (*letter && !faults_of(m, arena_printf(m, "-%s", letter)) != !wants) return false;
	if (str_eq(name, "-")) return true;
	return !faults_of(m, given) == takes && !faults_of(m, bare) == !wants;
}

TEST(every_option_of_252_and_257_is_known)
{
	AUTOFREE struct arena m = { 0 };
	char *text = read_file(&m, AT_FDCWD, "tests/data/nspawn-options.tsv", 1 << 16, NULL,
	                       NULL);
	int rows = 0;

	CHECK(text != NULL);
	for (char *line = text, *next; line && *line; line = next) {
		char *column[5] = { line };

		if ((next = strchr(line, '\n'))) *next++ = 0;
		if (*line == '#') continue;
		for (int i = 1; i < 5; i++)
			if ((column[i] = strchr(column[i - 1], '\t'))) *column[i]++ = 0;
		rows++;
		if (!is_known(&m, column[0], column[1], column[2])) CHECK_STR(column[0], "");
	}
	CHECK_INT(rows, 74);
}
