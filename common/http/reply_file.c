/* reply_file.c - sends a statement file: through the gateway (X-Sendfile), or from here with
 * Range. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/http/reply.h"
#include "common/http/request_private.h"

enum range { RANGE_NONE, RANGE_GOOD, RANGE_BAD };

/* Parses one byte range (RFC 9110, 14.1.2): a-b, a- or -n. Several ranges are ignored and the whole
 * file sent, as 14.2 permits. */
static enum range
range_parse(const char *text, off_t size, off_t *from, off_t *bytes)
{
	char *end;
	long long a, b;

	if (text == NULL || strncmp(text, "bytes=", 6) != 0 || strchr(text, ',') != NULL)
		return RANGE_NONE;
	text += 6;
	if (*text == '-') {
		b = strtoll(text + 1, &end, 10);
		if (end == text + 1 || *end != '\0')
			return RANGE_NONE;
		if (b <= 0 || size == 0)
			return RANGE_BAD;
		*bytes = b < size ? b : size;
		*from = size - *bytes;
		return RANGE_GOOD;
	}
	a = strtoll(text, &end, 10);
	if (end == text || *end != '-')
		return RANGE_NONE;
	text = end + 1;
	b = *text == '\0' ? size - 1 : strtoll(text, &end, 10);
	if (*text != '\0' && (end == text || *end != '\0' || b < a))
		return RANGE_NONE;
	if (a < 0 || a >= size)
		return RANGE_BAD;
	if (b >= size)
		b = size - 1;
	*from = a;
	*bytes = b - a + 1;
	return RANGE_GOOD;
}

static struct reply *
range_refuse(struct request *r, off_t size)
{
	return reply_header(r, reply_error(r, ERR_RANGE_NOT_SATISFIABLE), "Content-Range",
		"bytes */%lld", (long long)size);
}

/* The gateway would respond to such a range with its own page instead of a problem document. With
 * If-Range, only the gateway can decide whether the range applies. */
static bool
range_is_beyond(struct request *r, off_t size)
{
	off_t from, bytes;

	return request_header(r, "If-Range") == NULL &&
	       range_parse(request_header(r, "Range"), size, &from, &bytes) == RANGE_BAD;
}

/* Size and modification time identify the content: a file never changes once it has its name. */
static struct reply *
send_here(struct request *r, struct reply *reply, const struct stat *st)
{
	char etag[64];
	const char *if_none_match = request_header(r, "If-None-Match"),
		   *if_range = request_header(r, "If-Range");
	enum range range;
	off_t from = 0, bytes = st->st_size;

	snprintf(etag, sizeof etag, "\"%llx-%llx\"", (unsigned long long)st->st_size,
		(unsigned long long)st->st_mtim.tv_sec * 1000000000ULL +
			(unsigned long long)st->st_mtim.tv_nsec);
	reply_header(r, reply, "ETag", "%s", etag);
	reply_header(r, reply, "Accept-Ranges", "bytes");
	/* A list of tags (RFC 9110, 13.1.2). Ours has its quotes, so it is no part of another. */
	if (if_none_match != NULL && strstr(if_none_match, etag) != NULL) {
		close(reply->file);
		reply->file = -1;
		reply->content_type = NULL;
		reply->status = 304;
		return reply;
	}
	range = if_range != NULL && strcmp(if_range, etag) != 0
			? RANGE_NONE
			: range_parse(request_header(r, "Range"), st->st_size, &from, &bytes);
	if (range == RANGE_BAD) {
		close(reply->file);
		reply->file = -1;
		return range_refuse(r, st->st_size);
	}
	if (range == RANGE_GOOD) {
		reply->status = 206;
		reply_header(r, reply, "Content-Range", "bytes %lld-%lld/%lld", (long long)from,
			(long long)(from + bytes - 1), (long long)st->st_size);
	}
	reply->file_from = from;
	reply->file_bytes = bytes;
	return reply;
}

/* O_NOFOLLOW: the folder holds only files that we wrote. */
struct reply *
reply_file(struct request *r, const char *path, const char *content_type, const char *download_name)
{
	struct stat st;
	struct reply *reply;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &st) != 0) {
		enum error e = errno == ENOENT ? ERR_GONE : ERR_INTERNAL;

		if (e == ERR_INTERNAL)
			log_error("cannot read the statement file %s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return reply_error(r, e);
	}
	reply = reply_new(r, 200);
	reply_header(r, reply, "Content-Disposition", "attachment; filename=\"%s\"", download_name);
	reply_header(r, reply, "Cache-Control", "private");
	reply->content_type = content_type;
	if (config_number(OPT_SENDFILE) == 1) {
		char absolute[4096];

		close(fd);
		if (range_is_beyond(r, st.st_size))
			return range_refuse(r, st.st_size);
		if (realpath(path, absolute) == NULL)
			return reply_error(r, ERR_GONE);
		/* No Content-Length: the gateway measures the file itself. */
		reply->sendfile = true;
		return reply_header(r, reply, "X-Sendfile", "%s", absolute);
	}
	reply->file = fd;
	return send_here(r, reply, &st);
}
