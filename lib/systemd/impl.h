/* What the files of this folder share: what systemd tells of a unit. */
#ifndef SYSTEMD_IMPL_H
#define SYSTEMD_IMPL_H

struct arena;
struct reader;
struct unit_state;

/* Nothing known yet. */
void unit_state_init(struct unit_state *s);

/* Copy its texts, so that the memory they were in may go. */
void unit_state_move(struct unit_state *s, struct arena *m);

/* Note what an a{sv} of properties says; what we have no use for is passed over. */
void unit_state_read(struct unit_state *s, struct arena *m, struct reader *r);

#endif
