/* reply_file.c - sends a statement file: through the gateway (X-Sendfile), or from here with
 * Range. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/http/reply.h"
#include "common/http/request_private.h"

enum range { RANGE_NONE, RANGE_GOOD, RANGE_BAD };

/* What identifies the content, for a client that has some of it already. */
struct validators {
	char etag[64], modified[64];
};

/* Digits only, unlike strtoll(). A number that is too large becomes the largest. */
static bool
position_parse(const char **p, off_t *n)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	*n = strtoll(*p, &end, 10);
	*p = end;
	return true;
}

/* Parses one byte range (RFC 9110, 14.1.2): a-b, a- or -n. Anything else is ignored and the whole
 * file sent (14.2), as are several ranges. */
static enum range
range_parse(const char *text, off_t size, off_t *from, off_t *bytes)
{
	off_t a, b = size - 1;

	if (text == NULL || strncasecmp(text, "bytes=", 6) != 0)
		return RANGE_NONE;
	text += 6;
	if (*text == '-') {
		text++;
		if (!position_parse(&text, &b) || *text != '\0')
			return RANGE_NONE;
		*bytes = b < size ? b : size;
		*from = size - *bytes;
		return *bytes > 0 ? RANGE_GOOD : RANGE_BAD;
	}
	if (!position_parse(&text, &a) || *text++ != '-')
		return RANGE_NONE;
	if (*text != '\0' && (!position_parse(&text, &b) || *text != '\0' || b < a))
		return RANGE_NONE;
	if (a >= size)
		return RANGE_BAD;
	*from = a;
	*bytes = (b < size ? b : size - 1) - a + 1;
	return RANGE_GOOD;
}

/* Only GET has ranges (RFC 9110, 14.2). If-Range must match exactly, also if it is a date. */
static enum range
range_choose(struct request *r, const struct validators *v, off_t size, off_t *from, off_t *bytes)
{
	const char *if_range = request_header(r, "If-Range");

	*from = 0;
	*bytes = size;
	if (r->head || (if_range != NULL && strcmp(if_range, v->etag) != 0 &&
			       strcmp(if_range, v->modified) != 0))
		return RANGE_NONE;
	return range_parse(request_header(r, "Range"), size, from, bytes);
}

/* Size and modification time identify the content: a file never changes once it has its name. */
static struct validators
validators_of(const struct stat *st)
{
	struct validators v;
	struct tm tm;

	(void)snprintf(v.etag, sizeof v.etag, "\"%llx-%llx\"", (unsigned long long)st->st_size,
		(unsigned long long)st->st_mtim.tv_sec * 1000000000ULL +
			(unsigned long long)st->st_mtim.tv_nsec);
	gmtime_r(&st->st_mtim.tv_sec, &tm);
	(void)strftime(v.modified, sizeof v.modified, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return v;
}

/* If-None-Match is a list of tags (RFC 9110, 13.1.2), and outranks the date. Ours has its quotes,
 * so it is no part of another. */
static bool
client_has_it(struct request *r, const struct validators *v)
{
	const char *tags = request_header(r, "If-None-Match"),
		   *since = request_header(r, "If-Modified-Since");

	if (tags != NULL)
		return strstr(tags, v->etag) != NULL || strcmp(tags, "*") == 0;
	return since != NULL && strcmp(since, v->modified) == 0;
}

static struct reply *
range_refuse(struct request *r, off_t size)
{
	enum error e = request_refuse(r, ERR_RANGE_NOT_SATISFIABLE,
		"The file is %lld bytes long.", (long long)size);

	return reply_header(
		r, reply_error(r, e), "Content-Range", "bytes */%lld", (long long)size);
}

/* The gateway must not parse the range again: it would answer one that RFC 9110 ignores with its
 * own page instead of a problem document. So it gets our decision (deploy/gateway/answer.lua). */
static struct reply *
send_by_gateway(struct request *r, struct reply *reply, const char *path, enum range range)
{
	char absolute[4096];

	if (realpath(path, absolute) == NULL)
		return reply_error(r, ERR_GONE);
	if (range == RANGE_GOOD)
		reply_header(r, reply, "X-Sendfile-Range", "bytes=%lld-%lld",
			(long long)reply->file_from,
			(long long)(reply->file_from + reply->file_bytes - 1));
	/* No Content-Length: the gateway measures the file itself. */
	reply->sendfile = true;
	return reply_header(r, reply, "X-Sendfile", "%s", absolute);
}

/* A web server around us could apply a range that we ignore; "none" keeps it from that. */
static struct reply *
send_here(struct request *r, struct reply *reply, int fd, enum range range, off_t size)
{
	bool ignored = range == RANGE_NONE && request_header(r, "Range") != NULL;

	reply->file = fd;
	reply_header(r, reply, "Accept-Ranges", "%s", ignored ? "none" : "bytes");
	if (range == RANGE_GOOD) {
		reply->status = 206;
		reply_header(r, reply, "Content-Range", "bytes %lld-%lld/%lld",
			(long long)reply->file_from,
			(long long)(reply->file_from + reply->file_bytes - 1), (long long)size);
	}
	return reply;
}

/* Everything but the type, the name and the content. */
static struct reply *
reply_about(struct request *r, int status, const struct validators *v)
{
	struct reply *reply = reply_new(r, status);

	reply_header(r, reply, "Cache-Control", "private");
	reply_header(r, reply, "ETag", "%s", v->etag);
	return reply_header(r, reply, "Last-Modified", "%s", v->modified);
}

/* O_NOFOLLOW: the folder holds only files that we wrote. */
static enum error
file_open(const char *path, int *fd, struct stat *st)
{
	int cause;

	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (*fd >= 0 && fstat(*fd, st) == 0)
		return OK;
	cause = errno;
	if (*fd >= 0)
		close(*fd);
	if (cause == ENOENT)
		return ERR_GONE;
	log_error("cannot read the statement file %s: %s", path, strerror(cause));
	return ERR_INTERNAL;
}

struct reply *
reply_file(struct request *r, const char *path, const char *content_type, const char *download_name)
{
	struct stat st;
	struct validators v;
	struct reply *reply;
	enum range range;
	off_t from, bytes;
	int fd;
	enum error e = file_open(path, &fd, &st);

	if (e != OK)
		return reply_error(r, e);
	v = validators_of(&st);
	range = range_choose(r, &v, st.st_size, &from, &bytes);
	if (client_has_it(r, &v)) {
		reply = reply_about(r, 304, &v);
	} else if (range == RANGE_BAD) {
		reply = range_refuse(r, st.st_size);
	} else if ((reply = reply_about(r, 200, &v))->status == 200) {
		reply->content_type = content_type;
		reply->file_from = from;
		reply->file_bytes = bytes;
		reply_header(r, reply, "Content-Disposition", "attachment; filename=\"%s\"",
			download_name);
		reply = config_number(OPT_SENDFILE) == 1
				? send_by_gateway(r, reply, path, range)
				: send_here(r, reply, fd, range, st.st_size);
	}
	if (reply->file != fd)
		close(fd);
	return reply;
}
