/* The config of a jail that somebody else has exported, for who imports it
 *
 * Only this folder sees it.
 */
#ifndef OPS_FOREIGN_CONFIG_H
#define OPS_FOREIGN_CONFIG_H

struct arena;

/* Print what its owner has to look at: its lines that the default config does not have. */
void foreign_config_show(struct arena *m, const char *text);

/* Warn of its hooks: who gives away an archive decides about these, too. */
void foreign_config_warn(struct arena *m, const char *text);

#endif
