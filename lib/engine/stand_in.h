/* A pty in the place of our terminals
 *
 * What a command in a jail gets as stdin, stdout or stderr it may keep, or hand on to a
 * process that lives longer than we do: a terminal of ours would give it our keys, passwords
 * too, for as long as it likes. So each of the three that is a terminal is replaced by the
 * end of one pty, whose other end is ours, and over with us; pipes and files stay as they
 * are.
 *
 * The pty is of a file system of its own (devpts(5)), which is mounted nowhere: nobody on
 * the host can open it by a name, and in the jail whoever has it can open it again, by
 * /dev/stdin and the like, whatever his user.
 */
#ifndef ENGINE_STAND_IN_H
#define ENGINE_STAND_IN_H

struct err;

struct stand_in {
	int master;		/* -1: none of the three is a terminal */
	int slave;
	int in, out;		/* what the master is to be connected with; -1: no input */
};

#define AUTOSTANDIN __attribute__((cleanup(stand_in_close)))

/* Replaces what are terminals in `stdio`, descriptors that are only borrowed. */
int stand_in_open(struct stand_in *s, int stdio[3], struct err *e);
void stand_in_close(struct stand_in *s);

/* The other end is the jail's alone from now on. */
void stand_in_hand_over(struct stand_in *s);

/* The end that a process is to have of the pty `master`; -1 with a fault. */
int stand_in_slave(int master, struct err *e);

#endif
