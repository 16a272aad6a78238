/* What systemd-run sends against what we send, byte for byte
 *
 *	props-oracle CASES OPTIONS COUNT SEED VERSION
 *
 * CASES are lines with an assignment in the first column, OPTIONS lines with words
 * that '|' separates; both are tried as they are, then COUNT assignments, half of them
 * made out of pieces of the cases, half made up for each property in turn. A listener of
 * ours stands where systemd-run looks for the system bus: the unit never comes to be.
 * Where PID 1 listens nothing is, because the caller gave us a /run of our own. VERSION is systemd-run's: newer ones ask nobody but
 * PID 1, and know more properties.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/auto.h"
#include "lib/base/fd.h"
#include "lib/base/wait.h"
#include "lib/dbus/message.h"
#include "lib/systemd/props/props.h"
#include "lib/systemd/run_options.h"
#include "lib/systemd/run_unit.h"
#include "tests/host/props-oracle-values.h"

enum { WORDS_MAX = 64, MESSAGE_LIMIT = 1 << 20, PATIENCE_MS = 10000 };

static const char bus_path[] = "/tmp/props-oracle.bus", private_path[] = "/run/systemd/private";

static int version;

static bool is_private(void)
{
	return version > 252;
}

static void die(const char *what)
{
	printf("not ok props-oracle: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	unlink(path);
	if (bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 4) < 0) die(path);
	return fd;
}

static pid_t start_systemd_run(char *const *words)
{
	char *argv[WORDS_MAX + 8] = { "systemd-run", "-q", "--unit=u.service" };
	int n = 3;
	pid_t pid;

	while (*words && n < WORDS_MAX)
		argv[n++] = *words++;
	argv[n++] = "--";
	argv[n++] = "/bin/true";
	if ((pid = fork()) != 0) return pid;
	dup2(open("/dev/null", O_RDWR), 0);
	dup2(0, 1);
	dup2(0, 2);
	execvp(argv[0], argv);
	_exit(127);
}

static bool read_bytes(int fd, void *p, size_t n)
{
	for (char *at = p; n;) {
		ssize_t got;

		if (wait_fd(fd, POLLIN, deadline_in(PATIENCE_MS), NULL) <= 0) return false;
		if ((got = read(fd, at, n)) <= 0) return false;
		at += got;
		n -= (size_t)got;
	}
	return true;
}

/* As a bus does it: who they are is not asked. */
static bool welcome(int fd)
{
	static const char reply[] =
		"DATA\r\nOK 00112233445566778899aabbccddeeff\r\nAGREE_UNIX_FD\r\n";
	char end[8] = "";

	while (strcmp(end, "BEGIN\r\n")) {
		memmove(end, end + 1, 6);
		if (!read_bytes(fd, end + 6, 1)) return false;
	}
	return write(fd, reply, sizeof reply - 1) == (ssize_t)sizeof reply - 1;
}

static bool read_message(struct arena *m, int fd, struct message *msg)
{
	unsigned char start[MESSAGE_START], *all;
	size_t size;

	if (!read_bytes(fd, start, sizeof start)) return false;
	if (message_size(start, MESSAGE_LIMIT, &size, NULL) < 0) return false;
	all = arena_alloc(m, size);
	memcpy(all, start, sizeof start);
	return read_bytes(fd, all + sizeof start, size - sizeof start) &&
	       message_parse(msg, all, size, NULL) == 0;
}

static bool answer(struct arena *m, int fd, const struct message *call, const char *error)
{
	struct message reply = {
		.type = error ? MESSAGE_ERROR : MESSAGE_RETURN, .flags = MESSAGE_NO_REPLY,
		.serial = call->serial + 1, .reply_serial = call->serial, .error = error,
	};
	struct str head = { .m = m };
	struct wire body;

	wire_init(&body, m);
	if (error || !strcmp(call->member, "Hello")) wire_str(&body, error ? "no" : ":1.1");
	if (message_header(&reply, &body, m, &head, NULL) < 0) return false;
	str_addn(&head, str_text(&body.body), body.body.len);
	return write(fd, head.s, head.len) == (ssize_t)head.len;
}

/* The body of the StartTransientUnit that comes, false when none does. */
static bool hear(struct arena *m, int fd, struct message *call)
{
	if (!welcome(fd)) return false;
	while (read_message(m, fd, call)) {
		bool is_it = call->member && !strcmp(call->member, "StartTransientUnit");

		answer(m, fd, call, is_it ? "org.freedesktop.DBus.Error.Failed" : NULL);
		if (is_it) return true;
	}
	return false;
}

/* One that refuses may end before it connects. */
static bool theirs(struct arena *m, int listener, char *const *words, struct message *call)
{
	AUTOCLOSE int fd = -1;
	pid_t pid = start_systemd_run(words);
	bool sent = false;
	int status, tries = PATIENCE_MS;

	while (fd < 0 && tries-- && waitpid(pid, &status, WNOHANG) == 0)
		if (wait_fd(listener, POLLIN, deadline_in(1), NULL) > 0)
			fd = accept(listener, NULL, NULL);
	if (fd < 0 && wait_fd(listener, POLLIN, deadline_in(0), NULL) > 0)
		fd = accept(listener, NULL, NULL);
	if (fd >= 0) sent = hear(m, fd, call);
	waitpid(pid, &status, 0);
	return sent;
}

static bool ours(struct arena *m, char *const *words, struct wire *w, struct err *e)
{
	static char *const argv[] = { "/bin/true", NULL };
	const struct run_unit unit = {
		.description = is_private() ? "[systemd-run] /bin/true" : "/bin/true",
		.on_broker = !is_private(), .path = argv[0], .argv = argv,
	};
	struct split split = { .v = (char **)words };
	struct run_options o;

	wire_init(w, m);
	wire_str(w, "u.service");
	wire_str(w, "fail");
	while (words[split.n])
		split.n++;
	split.lines = arena_array(m, split.n, sizeof *split.lines);
	run_options_parse(&o, m, &split);
	if (faults_fail(&o.faults, e) < 0) return false;
	if (run_unit_add(w, &o, &unit, e) < 0) return false;
	wire_open_array(w, "(sa(sv))");
	wire_close_array(w);
	return wire_done(w, e) == 0;
}

static void show(struct arena *m, const char *who, struct reader *r)
{
	struct prop_shown *list;
	size_t n;

	reader_str(r);
	reader_str(r);
	list = props_show(m, r, &n, NULL);
	printf("#  %s:", who);
	for (size_t i = 0; list && i < n; i++)
		printf(" %s %s %s;", list[i].name, list[i].sig, list[i].value);
	putchar('\n');
}

/* Where we mean to differ: systemd-run 252 sends an empty latency as garbage, and does not
 * know what came later. Newer ones take the port 0, and refuse a third part of a directory
 * that is not "ro". */
static bool is_excepted(const char *assignment)
{
	char name[64];

	snprintf(name, sizeof name, "%.*s", (int)strcspn(assignment, "="), assignment);
	if (!strcmp(assignment, "IODeviceLatencyTargetSec=")) return true;
	if (strstr(name, "Directory") && strstr(assignment, ":ro")) return true;
	if (version > 252 && strstr(name, "SocketBind")) return true;
	if (version > 252 && strstr(name, "Directory") && strchr(assignment, ':')) return true;
	return prop_since(name) > version;
}

static int wrong, tried, refused;

static void compare(int listener, char *const *words)
{
	AUTOFREE struct arena m = { 0 };
	struct message call = { 0 };
	struct err e = { 0 };
	struct reader r;
	struct wire w;
	bool we = ours(&m, words, &w, &e), they = theirs(&m, listener, words, &call);

	tried++;
	refused += !we && !they;
	if (we == they && (!we || (w.body.len == call.body_len &&
	                           !memcmp(w.body.s, call.body, call.body_len))))
		return;
	wrong++;
	printf("# words:");
	for (; *words; words++)
		printf(" %s", *words);
	putchar('\n');
	if (we) {
		reader_of(&r, &w);
		show(&m, "ours", &r);
	} else {
		printf("#  ours: %s\n", e.text);
	}
	if (they) {
		message_reader(&call, &r);
		show(&m, "theirs", &r);
	} else {
		printf("#  theirs: refused\n");
	}
}

static void compare_property(int listener, const char *assignment)
{
	char *const words[] = { "-p", (char *)assignment, NULL };

	if (!is_excepted(assignment)) compare(listener, words);
}

/* The first columns of a table, cut out in place. */
static struct words first_columns(struct arena *m, const char *path)
{
	struct words list = { .m = m };
	char *text = read_file(m, AT_FDCWD, path, 1 << 20, NULL, NULL);

	if (!text) die(path);
	for (char *next; text; text = next) {
		if ((next = strchr(text, '\n'))) *next++ = 0;
		if (!*text || *text == '#') continue;
		text[strcspn(text, "\t")] = 0;
		words_add(&list, text);
	}
	return list;
}

static size_t dice(size_t n)
{
	return (size_t)random() % n;
}

static void change(struct str *b, const char *value)
{
	static const char *const pieces[] = {
		" ", "  ", ":", ",", "/", "\"", "'", "\\", "\\x41", "\\s", "-", "~", "!", "|", "@", "+",
		"0", "1", "9", ".", "%", "K", "M", "s", "ms", "x", "=", "\t", "\n", "\xc3\xa4", "\xff",
	};
	size_t len = strlen(value), at = dice(len + 1), skip = dice(3) ? 0 : dice(4);

	str_addn(b, value, at);
	if (dice(4)) str_add(b, pieces[dice(sizeof pieces / sizeof pieces[0])]);
	if (at + skip < len) str_add(b, value + at + skip);
}

/* The name of one case, the value of the same or another, changed a little. */
static const char *variation(struct arena *m, const struct words *cases)
{
	const char *name = cases->v[dice(cases->n)];
	const char *from = dice(3) ? name : cases->v[dice(cases->n)], *value = strchr(from, '=') + 1;
	struct str out = { .m = m };

	str_addn(&out, name, strcspn(name, "=") + 1);
	for (size_t i = dice(3); i; i--) {
		struct str changed = { .m = m };

		change(&changed, value);
		value = str_text(&changed);
	}
	str_add(&out, value);
	return str_text(&out);
}

static char **cut(struct arena *m, char *text)
{
	struct words w = { .m = m };

	for (char *next; text; text = next) {
		if ((next = strchr(text, '|'))) *next++ = 0;
		words_add(&w, text);
	}
	return words_list(&w);
}

int main(int argc, char **argv)
{
	AUTOFREE struct arena m = { 0 };
	struct words cases, options;
	int listener;

	if (argc != 6) return 2;
	version = atoi(argv[5]);
	signals_catch();
	setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/tmp/props-oracle.bus", 1);
	setenv("HAVE", "it", 1);
	setenv("EMPTY", "", 1);
	listener = listen_at(is_private() ? private_path : bus_path);
	cases = first_columns(&m, argv[1]);
	options = first_columns(&m, argv[2]);
	srandom((unsigned)atoi(argv[4]));
	for (size_t i = 0; i < cases.n; i++)
		compare_property(listener, cases.v[i]);
	for (size_t i = 0; i < options.n; i++)
		compare(listener, cut(&m, options.v[i]));
	for (int i = atoi(argv[3]); i > 0 && !signal_caught(); i--) {
		AUTOFREE struct arena tmp = { 0 };

		compare_property(listener, i % 2 ? variation(&tmp, &cases) : invention(&tmp, (size_t)i / 2));
	}
	printf("# %d calls, %d refused by both\n", tried, refused);
	printf("%s props-oracle%s\n", wrong ? "not ok" : "ok",
	       wrong ? ": systemd-run sends something else" : "");
	return wrong != 0;
}
