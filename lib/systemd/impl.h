/* Shared by the files of this folder: the state of a unit, as systemd reports it. */
#ifndef SYSTEMD_IMPL_H
#define SYSTEMD_IMPL_H

struct arena;
struct reader;
struct unit_state;

/* Set all fields to "not known". */
void unit_state_init(struct unit_state *s);

/* Copy its texts into `m`, so that their old memory can be freed. */
void unit_state_move(struct unit_state *s, struct arena *m);

/* Read an a{sv} of properties into `s`; properties without a field are skipped. */
void unit_state_read(struct unit_state *s, struct arena *m, struct reader *r);

#endif
