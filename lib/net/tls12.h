/* TLS 1.2, by BearSSL's engine: how it is set up, and what its faults mean */
#ifndef NET_TLS12_H
#define NET_TLS12_H

#include "lib/net/impl.h"

struct arena;

/* `t`, which is borrowed, names the host. `seed` is secret and random. */
br_ssl_engine_context *tls12_open(struct arena *m, struct trust *t,
                                  const unsigned char seed[32]);

/* The name of the suite that was agreed on. */
const char *tls12_suite(const br_ssl_engine_context *eng);

/* Write the sentence for the engine's fault. Returns -1. */
int tls12_fail(const br_ssl_engine_context *eng, const struct trust *t, struct err *e);

#endif
