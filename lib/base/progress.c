#include "lib/base/progress.h"

#include <stdio.h>

#include "lib/base/size.h"

enum { WINDOW_MS = 3000, SHORTEST_MS = 200 };

/* Bytes per second over the last one to two windows; 0: not known yet. */
static double speed(struct progress *p, int64_t now, uint64_t done)
{
	if (!p->from.at || done < p->middle.done) {
		p->from.at = p->middle.at = now;
		p->from.done = p->middle.done = done;
	}
	if (now - p->middle.at > WINDOW_MS) {
		p->from = p->middle;
		p->middle.at = now;
		p->middle.done = done;
	}
	if (now - p->from.at < SHORTEST_MS) return 0;
	return (double)(done - p->from.done) * 1000 / (double)(now - p->from.at);
}

static int add_time(char *out, size_t room, double seconds)
{
	unsigned long s = seconds < 359999 ? (unsigned long)seconds + 1 : 359999;

	if (s < 60) return snprintf(out, room, ", %lus left", s);
	if (s < 3600) return snprintf(out, room, ", %lum%02lus left", s / 60, s % 60);
	return snprintf(out, room, ", %luh%02lum left", s / 3600, s / 60 % 60);
}

void progress_text(struct progress *p, int64_t now, const char *what, uint64_t done,
                   uint64_t total, char *out, size_t room)
{
	char size[SIZE_ROOM];
	double bps = speed(p, now, done);
	size_t n;
	int k;

	if (total)
		k = snprintf(out, room, "%s %d%% of %s", what,
		             (int)((double)done * 100 / (double)total), size_text(total, size));
	else
		k = snprintf(out, room, "%s %s", what, size_text(done, size));
	n = k > 0 ? (size_t)k : 0;
	if (n < room && bps > 0)
		n += (size_t)snprintf(out + n, room - n, ", %s/s",
		                      size_text((uint64_t)bps, size));
	if (n < room && bps > 0 && total > done)
		add_time(out + n, room - n, (double)(total - done) / bps);
}
