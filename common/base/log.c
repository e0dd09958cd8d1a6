/* log.c - JSON lines on stderr. */
#include "common/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"

/* PIPE_BUF on Linux: a pipe takes a write of up to this size in one piece (POSIX, write()). */
#define LINE_MAX_BYTES 4096

static const char *program_name = "purse";
static enum log_level threshold = LOG_INFO;
static __thread const char *current_request;
static bool plain;

static const char *const level_names[LOG_LEVEL_COUNT] = {
	[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"
};
_Static_assert(sizeof level_names / sizeof level_names[0] == LOG_ERROR + 1,
	"each level has a name");

/* An unknown level leaves the default, info. */
void
log_init(const char *program, const char *level)
{
	program_name = program;
	for (enum log_level l = LOG_DEBUG; l <= LOG_ERROR; l++)
		if (strcmp(level, level_names[l]) == 0)
			threshold = l;
}

void
log_init_plain(const char *program, const char *level)
{
	log_init(program, level);
	plain = true;
}

bool
log_level_known(const char *level)
{
	for (enum log_level l = LOG_DEBUG; l <= LOG_ERROR; l++)
		if (strcmp(level, level_names[l]) == 0)
			return true;
	return false;
}

void
log_request(const char *request_id)
{
	current_request = request_id;
}

/* Writes JSON string content; stops before it would exceed `room`, never inside an escape. */
static size_t
escape(char *out, size_t room, const char *s)
{
	size_t n = 0;

	/* The longest escape takes 6 bytes, and a NUL follows. */
	for (; *s != '\0' && n + 7 < room; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			n += (size_t)snprintf(out + n, room - n, "\\u%04x", c);
		} else {
			out[n++] = (char)c;
		}
	}
	out[n] = '\0';
	return n;
}

/* Formats a JSON line; returns its length. */
static size_t
line_json(char line[LINE_MAX_BYTES], enum log_level level, const char *message)
{
	char now[INSTANT_TEXT];
	size_t n;

	instant_format(clock_now(), now);
	n = (size_t)snprintf(line, LINE_MAX_BYTES,
		"{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\"", now, level_names[level],
		program_name);
	if (current_request != NULL) {
		n += (size_t)snprintf(line + n, LINE_MAX_BYTES - n, ",\"request_id\":\"");
		n += escape(line + n, 160, current_request);
		line[n++] = '"';
	}
	n += (size_t)snprintf(line + n, LINE_MAX_BYTES - n, ",\"message\":\"");
	n += escape(line + n, LINE_MAX_BYTES - n - 4, message);
	memcpy(line + n, "\"}\n", 3);
	return n + 3;
}

/* Formats a line for a person; 0 if it is the same as the last one: a retry that fails the same way
 * says nothing new. */
static size_t
line_plain(char line[LINE_MAX_BYTES], const char *message)
{
	static __thread char last[LINE_MAX_BYTES / 2];
	size_t n = strlen(message);

	if (strcmp(message, last) == 0)
		return 0;
	memcpy(last, message, n + 1);
	while (n > 0 && message[n - 1] == '\n')
		n--;
	return (size_t)snprintf(
		line, LINE_MAX_BYTES, "%s: %.*s\n", program_name, (int)n, message);
}

/* Uses fixed buffers: it must work when memory has run out, and take no lock. */
void
log_line(enum log_level level, const char *fmt, ...)
{
	char message[LINE_MAX_BYTES / 2], line[LINE_MAX_BYTES];
	va_list ap;
	size_t n;

	if (level < threshold)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	n = plain ? line_plain(line, message) : line_json(line, level, message);
	/* If the log cannot be written, there is nowhere to report it. */
	if (n > 0 && write(STDERR_FILENO, line, n) < 0)
		return;
}
