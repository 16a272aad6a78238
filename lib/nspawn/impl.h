#ifndef NSPAWN_IMPL_H
#define NSPAWN_IMPL_H

enum nspawn_value { NO_VALUE, VALUE, MAYBE_VALUE };

/* What of the host an option needs. */
enum nspawn_need {
	NEEDS_NOTHING,
	NEEDS_SOURCE,		/* [+]SOURCE[:DEST[:OPTIONS]] */
	NEEDS_LAYERS,		/* LOWER[:LOWER...][:UPPER]:DEST; the upper one is made */
	NEEDS_LOWER_LAYERS,	/* LOWER[:LOWER...]:DEST */
	NEEDS_BRIDGE,
	NEEDS_INTERFACE,
	NEEDS_PATH,
	NEEDS_NO_OTHER,		/* what jlmkr gives itself */
};

/* A row of the table in options.c. */
struct nspawn_row {
	const char *name;	/* "": it has a letter only */
	char letter;
	enum nspawn_value value;
	enum nspawn_need need;
};

#endif
