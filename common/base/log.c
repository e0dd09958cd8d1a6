/* log.c - JSON lines on stderr. */
#include "common/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"

#define LINE_MAX_BYTES 4096

static const char *program_name = "purse";
static enum log_level threshold = LOG_INFO;
static __thread const char *current_request;

static const char *const level_names[LOG_LEVEL_COUNT] = {
	[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"
};
_Static_assert(
	sizeof level_names / sizeof level_names[0] == LOG_ERROR + 1, "each level has a name");

void
log_init(const char *program, const char *level)
{
	program_name = program;
	for (enum log_level l = LOG_DEBUG; l <= LOG_ERROR; l++)
		if (strcmp(level, level_names[l]) == 0)
			threshold = l;
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

void
log_line(enum log_level level, const char *fmt, ...)
{
	char message[LINE_MAX_BYTES / 2], line[LINE_MAX_BYTES], now[INSTANT_TEXT];
	va_list ap;
	size_t n;

	if (level < threshold)
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	instant_format(clock_now(), now);
	n = (size_t)snprintf(line, sizeof line,
		"{\"time\":\"%s\",\"level\":\"%s\",\"program\":\"%s\"", now, level_names[level],
		program_name);
	if (current_request != NULL) {
		n += (size_t)snprintf(line + n, sizeof line - n, ",\"request_id\":\"");
		n += escape(line + n, 160, current_request);
		line[n++] = '"';
	}
	n += (size_t)snprintf(line + n, sizeof line - n, ",\"message\":\"");
	n += escape(line + n, sizeof line - n - 4, message);
	memcpy(line + n, "\"}\n", 3);
	/* If the log cannot be written, there is nowhere to report it. */
	if (write(STDERR_FILENO, line, n + 3) < 0)
		return;
}
