/* request_private.h - what the files of the HTTP layer share: where a request came from, what a
 * reply holds. */
#ifndef COMMON_HTTP_REQUEST_PRIVATE_H
#define COMMON_HTTP_REQUEST_PRIVATE_H

#include <fcgiapp.h>
#include <sys/types.h>

#include "common/http/route.h"

/* FastCGI, or with fcgx NULL plain CGI: the one place where the two differ is gateway.c. */
struct gateway {
	FCGX_Request *fcgx;
};

const char *gateway_variable(const struct gateway *g, const char *name);
/* Up to `bytes` of the body; fewer only at its end, -1 on a broken connection. */
ssize_t gateway_read(const struct gateway *g, char *out, size_t bytes);
/* False when the other side is gone. */
bool gateway_write(const struct gateway *g, const char *p, size_t bytes);

#define REPLY_HEADERS 12

struct reply {
	int status;
	const char *content_type; /* NULL: no body */
	const char *body;
	size_t bytes;
	char *text;               /* to be freed when it is sent; NULL: the body is the request's */
	int header_count;
	const char *headers[REPLY_HEADERS]; /* whole lines without CRLF */
	int file;                /* descriptor to send from, or -1 */
	off_t file_from, file_bytes;
	bool sendfile;           /* the gateway adds the body and its length */
};

const char *method_name(enum method m);

struct reply *reply_new(struct request *r, int status);
/* Writes it out. False when the client is gone. Closes the file, frees the text. */
bool reply_send(struct request *r, struct reply *reply);

/* The request's parts that need no route: method, path, id. Errors: too long, undecodable. */
enum error request_begin(struct request *r) MUST_CHECK;

#endif
