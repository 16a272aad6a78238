/* The init of a jail that is systemd by its name only: it answers on the jail's bus, and what
 * it answers is the file /evil:
 *
 *	garbage		no D-Bus
 *	silent		nothing
 *	leaves		the introduction, and then it hangs up
 *	nobody		systemd has no name on the bus, and that changes a thousand times at once
 *	nearly		the same, once for each question, at a length of a megabyte
 *	texts		each call is refused, with words that would steer a terminal
 *	deep		answers that are nested without end
 *	large		25 signals of 16 MiB as soon as a unit is started
 *	floods		small signals without end as soon as a unit is started
 *	piles		each answer brings a hundred descriptors
 */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char mode[32], long_text[16 << 20];

static int is(const char *name)
{
	return !strcmp(mode, name);
}

/* -- what is said -- */

static unsigned char *out;
static size_t len;

static void align(size_t to)
{
	while (len % to)
		out[len++] = 0;
}

static void add_number(uint32_t v)
{
	align(4);
	for (int i = 0; i < 4; i++)
		out[len++] = (unsigned char)(v >> 8 * i);
}

static void add_text(const char *s, size_t n)
{
	add_number((uint32_t)n);
	memcpy(out + len, s, n);
	len += n;
	out[len++] = 0;
}

static void add_field(int field, char type, const char *s, uint32_t v)
{
	if (type != 'u' && !s) return;
	align(8);
	out[len++] = (unsigned char)field;
	out[len++] = 1;
	out[len++] = (unsigned char)type;
	out[len++] = 0;
	if (type == 'u') {
		add_number(v);
	} else if (type == 'g') {
		out[len++] = (unsigned char)strlen(s);
		memcpy(out + len, s, strlen(s) + 1);
		len += strlen(s) + 1;
	} else {
		add_text(s, strlen(s));
	}
}

struct head {
	int type;		/* 2: an answer, 3: a refusal, 4: a signal */
	uint32_t to, fds;
	const char *path, *iface, *member, *error, *sig;
};

/* Where the body begins; it is added behind. */
static size_t begin(const struct head *h)
{
	size_t end;

	len = 0;
	memcpy(out, "l\0\0\1\0\0\0\0\1\0\0\0\0\0\0\0", 16);
	out[1] = (unsigned char)h->type;
	len = 16;
	add_field(1, 'o', h->path, 0);
	add_field(2, 's', h->iface, 0);
	add_field(3, 's', h->member, 0);
	add_field(4, 's', h->error, 0);
	if (h->to) add_field(5, 'u', NULL, h->to);
	add_field(8, 'g', h->sig, 0);
	if (h->fds) add_field(9, 'u', NULL, h->fds);
	end = len;
	len = 12;
	add_number((uint32_t)(end - 16));
	len = end;
	align(8);
	return len;
}

static void end(size_t body)
{
	size_t all = len;

	len = 4;
	add_number((uint32_t)(all - body));
	len = all;
}

static void say(int fd, const void *data, size_t n)
{
	for (const char *p = data; n;) {
		ssize_t k = send(fd, p, n, MSG_NOSIGNAL);

		if (k <= 0) _exit(0);
		p += k;
		n -= (size_t)k;
	}
}

static void say_with_fds(int fd)
{
	union {
		char room[CMSG_SPACE(sizeof(int) * 100)];
		struct cmsghdr align;
	} control = { 0 };
	struct iovec io = { out, 1 };
	struct msghdr msg = { .msg_iov = &io, .msg_iovlen = 1, .msg_control = &control,
	                      .msg_controllen = sizeof control.room };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int) * 100);
	for (int i = 0; i < 100; i++)
		memcpy(CMSG_DATA(&control.align) + i * (int)sizeof fd, &fd, sizeof fd);
	if (sendmsg(fd, &msg, MSG_NOSIGNAL) != 1) _exit(0);
	say(fd, out + 1, len - 1);
}

/* -- answers -- */

static const char manager[] = "/org/freedesktop/systemd1", bus[] = "org.freedesktop.DBus";

/* Of a unit whose name has so many bytes. */
static void job_removed(int fd, const char *unit, size_t size, int times)
{
	const struct head h = { .type = 4, .path = manager, .member = "JobRemoved",
	                        .iface = "org.freedesktop.systemd1.Manager", .sig = "uoss" };
	size_t body = begin(&h);

	add_number(1);
	add_text("/a", 2);
	add_text(unit, size);
	add_text("done", 4);
	end(body);
	while (times--)
		say(fd, out, len);
}

static void owner_changed(int fd)
{
	const struct head h = { .type = 4, .path = "/org/freedesktop/DBus", .iface = bus,
	                        .member = "NameOwnerChanged", .sig = "sss" };
	size_t body = begin(&h);

	add_text("org.freedesktop.systemd1", 24);
	add_text("", 0);
	add_text(long_text, is("nearly") ? 1000 * 1000 : 0);
	end(body);
	for (int i = is("nearly") ? 999 : 0; i < 1000; i++)
		say(fd, out, len);
}

static void refuse(int fd, uint32_t to)
{
	static const char text[] = "no\njlmkr: everything is fine\033[2J\xc2\x9b" "2J\xe2\x80\xae";
	const struct head h = { .type = 3, .to = to, .error = "a.b.C", .sig = "s" };
	size_t body = begin(&h);

	add_text(text, sizeof text - 1);
	end(body);
	say(fd, out, len);
}

static void answer_deeply(int fd, uint32_t to)
{
	const struct head h = { .type = 2, .to = to, .sig = "v" };
	size_t body = begin(&h);

	for (int i = 0; i < 300000; i++) {
		memcpy(out + len, "\1v", 3);
		len += 3;
	}
	end(body);
	say(fd, out, len);
}

/* An a{sv}: a unit that is over. */
static void add_state(void)
{
	size_t from;

	add_number(0);
	align(8);
	from = len;
	add_text("ActiveState", 11);
	memcpy(out + len, "\1s", 3);
	len += 3;
	add_text("inactive", 8);
	out[from - 8] = (unsigned char)(len - from);
}

/* `sig` is "b", "o" or "a{sv}". */
static void answer(int fd, uint32_t to, const char *sig, uint32_t v)
{
	struct head h = { .type = 2, .to = to, .sig = sig, .fds = is("piles") ? 100 : 0 };
	size_t body = begin(&h);

	if (sig && *sig == 'b') add_number(v);
	if (sig && *sig == 'o') add_text("/job/1", 6);
	if (sig && *sig == 'a') add_state();
	end(body);
	if (h.fds) say_with_fds(fd);
	else say(fd, out, len);
}

static void on_start(int fd, const char *unit)
{
	if (is("large")) job_removed(fd, long_text, sizeof long_text, 25);
	if (is("piles")) job_removed(fd, unit, strlen(unit), 1);
	while (is("floods"))
		job_removed(fd, long_text, 100, 1000);
}

/* The first argument of a call is a text, where it matters. */
static void on_call(int fd, uint32_t to, const char *member, const unsigned char *body)
{
	if (!strcmp(member, "Hello") || !strcmp(member, "AddMatch")) {
		answer(fd, to, NULL, 0);
	} else if (!strcmp(member, "NameHasOwner")) {
		int has = !is("nobody") && !is("nearly");

		answer(fd, to, "b", has);
		if (!has) owner_changed(fd);
	} else if (is("texts")) {
		refuse(fd, to);
	} else if (is("deep")) {
		answer_deeply(fd, to);
	} else if (!strncmp(member, "Start", 5)) {
		answer(fd, to, "o", 0);
		on_start(fd, (const char *)body + 4);
	} else if (!strcmp(member, "GetAll")) {
		answer(fd, to, "a{sv}", 0);
	} else {
		answer(fd, to, NULL, 0);
	}
}

/* -- the connection -- */

static void hear(int fd, void *p, size_t n)
{
	if (n && recv(fd, p, n, MSG_WAITALL) != (ssize_t)n) _exit(0);
}

static uint32_t number_at(const unsigned char *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The value of the field that begins "\3\1s\0": the member. */
static const char *member_of(const unsigned char *fields, size_t n)
{
	for (size_t i = 0; i + 8 < n; i += 8)
		if (!memcmp(fields + i, "\3\1s", 4)) return (const char *)fields + i + 8;
	return "";
}

static void serve(int fd)
{
	static const char welcome[] = "DATA\r\nOK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n";
	static unsigned char in[1 << 20];
	char last[8] = "";

	if (is("silent")) pause();
	if (is("garbage")) {
		memset(out, 'l', 1 << 20);
		for (;;)
			say(fd, out, 1 << 20);
	}
	while (memcmp(last + 1, "BEGIN\r\n", 7) != 0) {
		memmove(last, last + 1, 7);
		hear(fd, last + 7, 1);
	}
	say(fd, welcome, sizeof welcome - 1);
	if (is("leaves")) _exit(0);
	for (;;) {
		uint32_t fields, body;

		hear(fd, in, 16);
		fields = (number_at(in + 12) + 7) / 8 * 8;
		body = number_at(in + 4);
		if (fields + body > sizeof in - 16) _exit(0);
		hear(fd, in + 16, fields + body);
		if (in[1] == 1)
			on_call(fd, number_at(in + 8), member_of(in + 16, fields), in + 16 + fields);
	}
}

static int listener(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, path);
	if (bind(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(fd, 10) < 0) _exit(1);
	return fd;
}

static void on_poweroff(int sig)
{
	(void)sig;
	_exit(0);
}

int main(void)
{
	int fd = open("/evil", O_RDONLY), sock;
	ssize_t n = read(fd, mode, sizeof mode - 1);

	mode[n > 0 ? strcspn(mode, "\n") : 0] = 0;
	out = malloc(64 << 20);
	memset(long_text, 'x', sizeof long_text);
	mkdir("/run/dbus", 0755);
	sock = listener("/run/dbus/system_bus_socket");
	signal(SIGCHLD, SIG_IGN);
	signal(34 + 4, on_poweroff);	/* SIGRTMIN+4 as systemd counts */
	for (;;) {
		int to = accept(sock, NULL, NULL);

		if (to >= 0 && fork() == 0) serve(to);
		close(to);
	}
}
