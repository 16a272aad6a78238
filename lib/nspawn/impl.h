#ifndef NSPAWN_IMPL_H
#define NSPAWN_IMPL_H

/* Does the option take a value? */
enum nspawn_value { NO_VALUE, VALUE, MAYBE_VALUE };

/* What the host must have for an option. */
enum nspawn_need {
	NEEDS_NOTHING,
	NEEDS_SOURCE,		/* [+]SOURCE[:DEST[:OPTIONS]] */
	NEEDS_LAYERS,		/* LOWER[:LOWER...][:UPPER]:DEST; the upper one is created */
	NEEDS_LOWER_LAYERS,	/* LOWER[:LOWER...]:DEST */
	NEEDS_BRIDGE,
	NEEDS_INTERFACE,
	NEEDS_PATH,
	NEEDS_NO_OTHER,		/* jlmkr gives this option itself */
};

/* What counts if an option is given several times, in systemd 252 to 257. */
enum nspawn_times { LAST_COUNTS, ALL_COUNT };

/* A row of the table in options.c. */
struct nspawn_row {
	const char *name;	/* "": it has a letter only */
	char letter;		/* 0: none */
	enum nspawn_value value;
	enum nspawn_need need;
	enum nspawn_times times;
};

#endif
