/* mail.h - sends a plain-text mail over SMTP with libcurl; every wait has a timeout. */
#ifndef DOMAIN_STATEMENT_MAIL_H
#define DOMAIN_STATEMENT_MAIL_H

#include "common/base/error.h"

struct mail {
	const char *url;            /* smtp://host:port, smtps://user:password@host */
	const char *from, *to;      /* addresses without names */
	const char *id;             /* unique; becomes the Message-ID */
	const char *subject, *body; /* ASCII; lines of the body end with \n */
};

/* Sends the mail; logs failures. ERR_INVALID_REQUEST: an address is invalid, or the mail too long.
 * ERR_UNAVAILABLE: try again later. */
enum error mail_send(const struct mail *m) MUST_CHECK;

#endif
