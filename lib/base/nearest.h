/* The word that was probably meant
 *
 * Offer every word that would have been right; what comes nearest to the one
 * given is kept, if it is near enough to be worth naming. Distance is the number
 * of single letters added, dropped, changed or swapped with their neighbour
 * (optimal string alignment).
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

struct nearest {
	const char *word;	/* what was given */
	const char *best;	/* NULL: nothing near; borrowed from the offer */
	unsigned distance;
};

void nearest_offer(struct nearest *n, const char *candidate);

#endif
