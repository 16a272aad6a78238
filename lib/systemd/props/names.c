/* Names of exit statuses, signals and errnos. The lists are systemd's, not the C library's:
 * with musl SIGRTMIN is 35, for PID 1 it is 34. */

#include "lib/systemd/props/props.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/systemd/props/impl.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

enum { RTMIN = 34, RTMAX = 64 };

/* The common ones up to 7, those of sysexits.h, then systemd's own. */
static const struct name_value exit_statuses[] = {
	{ "SUCCESS", 0 }, { "FAILURE", 1 }, { "INVALIDARGUMENT", 2 }, { "NOTIMPLEMENTED", 3 },
	{ "NOPERMISSION", 4 }, { "NOTINSTALLED", 5 }, { "NOTCONFIGURED", 6 },
	{ "NOTRUNNING", 7 }, { "USAGE", 64 }, { "DATAERR", 65 }, { "NOINPUT", 66 },
	{ "NOUSER", 67 }, { "NOHOST", 68 }, { "UNAVAILABLE", 69 }, { "SOFTWARE", 70 },
	{ "OSERR", 71 }, { "OSFILE", 72 }, { "CANTCREAT", 73 }, { "IOERR", 74 },
	{ "TEMPFAIL", 75 }, { "PROTOCOL", 76 }, { "NOPERM", 77 }, { "CONFIG", 78 },
	{ "CHDIR", 200 }, { "NICE", 201 }, { "FDS", 202 }, { "EXEC", 203 }, { "MEMORY", 204 },
	{ "LIMITS", 205 }, { "OOM_ADJUST", 206 }, { "SIGNAL_MASK", 207 }, { "STDIN", 208 },
	{ "STDOUT", 209 }, { "CHROOT", 210 }, { "IOPRIO", 211 }, { "TIMERSLACK", 212 },
	{ "SECUREBITS", 213 }, { "SETSCHEDULER", 214 }, { "CPUAFFINITY", 215 },
	{ "GROUP", 216 }, { "USER", 217 }, { "CAPABILITIES", 218 }, { "CGROUP", 219 },
	{ "SETSID", 220 }, { "CONFIRM", 221 }, { "STDERR", 222 }, { "PAM", 224 },
	{ "NETWORK", 225 }, { "NAMESPACE", 226 }, { "NO_NEW_PRIVILEGES", 227 },
	{ "SECCOMP", 228 }, { "SELINUX_CONTEXT", 229 }, { "PERSONALITY", 230 },
	{ "APPARMOR", 231 }, { "ADDRESS_FAMILIES", 232 }, { "RUNTIME_DIRECTORY", 233 },
	{ "CHOWN", 235 }, { "SMACK_PROCESS_LABEL", 236 }, { "KEYRING", 237 },
	{ "STATE_DIRECTORY", 238 }, { "CACHE_DIRECTORY", 239 }, { "LOGS_DIRECTORY", 240 },
	{ "CONFIGURATION_DIRECTORY", 241 }, { "NUMA_POLICY", 242 }, { "CREDENTIALS", 243 },
	{ "BPF", 244 }, { "EXCEPTION", 255 }, { NULL, 0 },
};

static const char *const signals[] = {
	[1] = "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS",
	"SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM",
	"SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU",
	"SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPWR",
	"SIGSYS",
};

#define E(name) { "E" #name, E##name }

static const struct name_value errnos[] = {
	E(PERM), E(NOENT), E(SRCH), E(INTR), E(IO), E(NXIO), E(2BIG), E(NOEXEC), E(BADF),
	E(CHILD), E(AGAIN), E(NOMEM), E(ACCES), E(FAULT), E(NOTBLK), E(BUSY), E(EXIST),
	E(XDEV), E(NODEV), E(NOTDIR), E(ISDIR), E(INVAL), E(NFILE), E(MFILE), E(NOTTY),
	E(TXTBSY), E(FBIG), E(NOSPC), E(SPIPE), E(ROFS), E(MLINK), E(PIPE), E(DOM), E(RANGE),
	E(DEADLK), E(NAMETOOLONG), E(NOLCK), E(NOSYS), E(NOTEMPTY), E(LOOP), E(NOMSG),
	E(IDRM), E(CHRNG), E(L2NSYNC), E(L3HLT), E(L3RST), E(LNRNG), E(UNATCH), E(NOCSI),
	E(L2HLT), E(BADE), E(BADR), E(XFULL), E(NOANO), E(BADRQC), E(BADSLT), E(BFONT),
	E(NOSTR), E(NODATA), E(TIME), E(NOSR), E(NONET), E(NOPKG), E(REMOTE), E(NOLINK),
	E(ADV), E(SRMNT), E(COMM), E(PROTO), E(MULTIHOP), E(DOTDOT), E(BADMSG), E(OVERFLOW),
	E(NOTUNIQ), E(BADFD), E(REMCHG), E(LIBACC), E(LIBBAD), E(LIBSCN), E(LIBMAX),
	E(LIBEXEC), E(ILSEQ), E(RESTART), E(STRPIPE), E(USERS), E(NOTSOCK), E(DESTADDRREQ),
	E(MSGSIZE), E(PROTOTYPE), E(NOPROTOOPT), E(PROTONOSUPPORT), E(SOCKTNOSUPPORT),
	E(OPNOTSUPP), E(PFNOSUPPORT), E(AFNOSUPPORT), E(ADDRINUSE), E(ADDRNOTAVAIL),
	E(NETDOWN), E(NETUNREACH), E(NETRESET), E(CONNABORTED), E(CONNRESET), E(NOBUFS),
	E(ISCONN), E(NOTCONN), E(SHUTDOWN), E(TOOMANYREFS), E(TIMEDOUT), E(CONNREFUSED),
	E(HOSTDOWN), E(HOSTUNREACH), E(ALREADY), E(INPROGRESS), E(STALE), E(UCLEAN),
	E(NOTNAM), E(NAVAIL), E(ISNAM), E(REMOTEIO), E(DQUOT), E(NOMEDIUM), E(MEDIUMTYPE),
	E(CANCELED), E(NOKEY), E(KEYEXPIRED), E(KEYREVOKED), E(KEYREJECTED), E(OWNERDEAD),
	E(NOTRECOVERABLE), E(RFKILL), E(HWPOISON), E(DEADLOCK), E(NOTSUP), E(WOULDBLOCK),
	{ NULL, 0 },
};

const char *exit_status_name(int status)
{
	for (const struct name_value *s = exit_statuses; s->name; s++)
		if (s->value == status) return s->name;
	return NULL;
}

int exit_status_number(const char *text)
{
	int64_t named = name_lookup(exit_statuses, text);
	uint8_t number;

	if (named >= 0) return (int)named;
	return text_u8(text, &number) ? number : -1;
}

const char *signal_name(struct arena *m, int sig)
{
	if (sig > 0 && sig < (int)LEN(signals)) return signals[sig];
	if (sig == RTMIN) return "SIGRTMIN";
	if (sig > RTMIN && sig <= RTMAX) return arena_printf(m, "SIGRTMIN+%d", sig - RTMIN);
	return NULL;
}

static int realtime_number(const char *name)
{
	bool from_max = str_starts(name, "RTMAX");
	int32_t n = 0;

	if (!from_max && !str_starts(name, "RTMIN")) return -1;
	name += strlen("RTMIN");
	if (*name && (*name != (from_max ? '-' : '+') || !text_i32(name, &n))) return -1;
	if (from_max) return n <= 0 && n >= RTMIN - RTMAX ? RTMAX + n : -1;
	return n >= 0 && n <= RTMAX - RTMIN ? RTMIN + n : -1;
}

int signal_number(const char *text)
{
	int32_t n;

	if (text_i32(text, &n)) return n > 0 && n <= RTMAX ? n : -1;
	if (str_starts(text, "SIG")) text += 3;
	for (size_t i = 1; i < LEN(signals); i++)
		if (str_eq(text, signals[i] + 3)) return (int)i;
	return realtime_number(text);
}

int errno_number(const char *name)
{
	for (const struct name_value *n = errnos; n->name; n++)
		if (!strcasecmp(n->name, name)) return (int)n->value;
	return -1;
}
