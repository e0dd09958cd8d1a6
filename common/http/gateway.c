/* gateway.c - the transport of a request and its response: a FastCGI connection, or CGI's
 * environment and pipes. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/http/request_private.h"

/* FastCGI's pointers live until FCGX_Finish_r(), getenv()'s as long as the process. */
const char *
gateway_variable(const struct gateway *g, const char *name)
{
	return g->fcgx != NULL ? FCGX_GetParam(name, g->fcgx->envp) : getenv(name);
}

/* A pipe gives what it has: read() may return less than the body's length. */
static ssize_t
read_all(int fd, char *out, size_t bytes)
{
	size_t n = 0;

	while (n < bytes) {
		ssize_t got = read(fd, out + n, bytes - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (ssize_t)n;
}

static bool
write_all(int fd, const char *p, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = write(fd, p, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		bytes -= (size_t)n;
	}
	return true;
}

ssize_t
gateway_read(const struct gateway *g, char *out, size_t bytes)
{
	if (g->fcgx == NULL)
		return read_all(STDIN_FILENO, out, bytes);
	return FCGX_GetStr(out, (int)bytes, g->fcgx->in);
}

bool
gateway_write(const struct gateway *g, const char *p, size_t bytes)
{
	if (g->fcgx == NULL)
		return write_all(STDOUT_FILENO, p, bytes);
	return FCGX_PutStr(p, (int)bytes, g->fcgx->out) == (int)bytes;
}
