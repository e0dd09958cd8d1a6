/* mail.h - one plain-text mail over SMTP, by libcurl, with a limit on every wait. */
#ifndef DOMAIN_STATEMENT_MAIL_H
#define DOMAIN_STATEMENT_MAIL_H

#include "common/base/error.h"

struct mail {
	const char *url;           /* smtp://host:port, smtps://user:password@host */
	const char *from, *to;     /* addresses alone */
	const char *id;            /* unique: becomes the Message-ID */
	const char *subject, *body;/* ASCII; lines of the body end with \n */
};

/* Sends it, or says in the log why not. ERR_INVALID_REQUEST: an address that is none;
 * ERR_UNAVAILABLE: try again later. */
enum error mail_send(const struct mail *m) MUST_CHECK;

#endif
