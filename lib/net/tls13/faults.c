#include "lib/net/tls13/impl.h"

#include "lib/net/tls.h"

int breach(struct breach *b, enum breach_kind kind, int alert)
{
	*b = (struct breach){ .kind = kind, .alert = alert };
	return -1;
}

int breach_rule(struct breach *b, int alert, const char *what)
{
	*b = (struct breach){ .kind = BREACH_RULES, .alert = alert, .what = what };
	return -1;
}

int breach_lengths(struct breach *b)
{
	return breach_rule(b, ALERT_DECODE, "a message with wrong lengths");
}

int tls_fail_alert(const char *host, int alert, struct err *e)
{
	switch (alert) {
	case ALERT_VERSION:
		return fail(e, ERR_NETWORK, "%s speaks neither TLS 1.2 nor TLS 1.3", host);
	case ALERT_HANDSHAKE:
	case ALERT_SECURITY:
		return fail(e, ERR_NETWORK, "%s and jlmkr have no cipher suite, curve or "
		            "kind of certificate in common", host);
	case ALERT_NAME:
		return fail(e, ERR_NETWORK, "the server does not know the name %s", host);
	case ALERT_CERTIFICATE_REQUIRED:
		return fail(e, ERR_NETWORK, "%s requires a certificate from its clients, "
		            "which jlmkr does not support", host);
	case ALERT_ALPN:
		return fail(e, ERR_NETWORK, "%s does not speak HTTP/1.1", host);
	}
	return fail(e, ERR_NETWORK, "%s ended TLS with alert %d", host, alert);
}

int tls_fail_downgrade(const char *host, struct err *e)
{
	return fail(e, ERR_UNTRUSTED, "%s speaks TLS 1.3, but somebody on the way made it look "
	            "as if it did not", host);
}

int breach_fail(const struct breach *b, const struct trust *t, struct err *e)
{
	switch (b->kind) {
	case BREACH_RULES:
		break;
	case BREACH_CHANGED:
		return fail(e, ERR_NETWORK, "data from %s was changed on the way", t->host);
	case BREACH_NOT_TLS:
		return fail(e, ERR_NETWORK, "%s does not answer in TLS; is this a port for "
		            "https?", t->host);
	case BREACH_OLD:
		return fail(e, ERR_NETWORK, "%s speaks nothing newer than TLS 1.1", t->host);
	case BREACH_DOWNGRADE:
		return tls_fail_downgrade(t->host, e);
	case BREACH_KEYLESS:
		return fail(e, ERR_UNTRUSTED, "%s does not have the key of its certificate",
		            t->host);
	case BREACH_USAGE:
		return fail(e, ERR_UNTRUSTED, "the certificate of %s is not for signatures",
		            t->host);
	case BREACH_CHAIN:
		return trust_fail(t, b->code, e);
	case BREACH_ALERT:
		return tls_fail_alert(t->host, b->code, e);
	}
	return fail(e, ERR_NETWORK, "%s breaks the TLS protocol: %s", t->host, b->what);
}
