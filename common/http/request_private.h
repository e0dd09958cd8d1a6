/* request_private.h - what the files of the HTTP layer share: the transport, and the inside of a
 * reply. */
#ifndef COMMON_HTTP_REQUEST_PRIVATE_H
#define COMMON_HTTP_REQUEST_PRIVATE_H

#include <fcgiapp.h>
#include <sys/types.h>

#include "common/http/route.h"

/* FastCGI or, if fcgx is NULL, plain CGI. Only gateway.c knows the difference. */
struct gateway {
	FCGX_Request *fcgx;
};

const char *gateway_variable(const struct gateway *g, const char *name);
/* Reads up to `bytes` of the body: fewer only at its end, -1 if the connection is broken. */
ssize_t gateway_read(const struct gateway *g, char *out, size_t bytes);
/* False if the client has disconnected. */
bool gateway_write(const struct gateway *g, const char *p, size_t bytes);

#define REPLY_HEADERS 12

struct reply {
	int status;
	const char *content_type; /* NULL: no body */
	const char *body;
	size_t bytes;
	/* freed after sending; NULL: the body is in the request's arena */
	char *text;
	int header_count;
	const char *headers[REPLY_HEADERS]; /* whole lines without CRLF */
	int file;                /* descriptor of the file to send, or -1 */
	off_t file_from, file_bytes;
	bool sendfile;           /* the gateway adds the body and its length */
};

const char *method_name(enum method m);

struct reply *reply_new(struct request *r, int status);
/* Sends the reply, closes the file, frees the text. False if the client has disconnected. */
bool reply_send(struct request *r, struct reply *reply);

/* Reads the parts that need no route: method, path, id. Errors: too long. */
enum error request_begin(struct request *r) MUST_CHECK;

#endif
