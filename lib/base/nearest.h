/* The word that was probably meant
 *
 * Offer every valid word; the one nearest to the given word is kept, if it is near
 * enough to be useful. Distance is the number of single letters added, dropped,
 * changed or swapped with their neighbour (optimal string alignment).
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

struct nearest {
	const char *word;	/* what was given */
	const char *best;	/* NULL: none is near; borrowed from nearest_offer */
	unsigned distance;
};

void nearest_offer(struct nearest *n, const char *candidate);

#endif
