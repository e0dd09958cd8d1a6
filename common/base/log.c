/* log.c - JSON lines on stderr.
 *
 * A request must never wait for the reader of the log. Where stderr is a pipe, we open it again,
 * non-blocking: the flag belongs to the open file, which other processes share. A line is shorter
 * than PIPE_BUF, so it is written whole or not at all. */
#include "common/base/log.h"

#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utf8proc.h>

#include "common/base/clock.h"

/* PIPE_BUF on Linux: a pipe takes a write of up to this size in one piece (POSIX, write()). */
#define LINE_MAX_BYTES 4096
_Static_assert(LINE_MAX_BYTES <= PIPE_BUF, "a line is written whole");

static const char *program_name = "purse";
static enum log_level threshold = LOG_INFO;
static __thread const char *current_request;
static int descriptor = STDERR_FILENO;
static bool is_socket, for_people;
static _Atomic unsigned long lost; /* lines since the last one that was written */

static const char *const level_names[LOG_LEVEL_COUNT] = {
	[LOG_DEBUG] = "debug", [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error"
};
_Static_assert(sizeof level_names / sizeof level_names[0] == LOG_ERROR + 1,
	"each level has a name");

static void
descriptor_find(void)
{
	struct stat s;
	int again;

	if (descriptor != STDERR_FILENO)
		close(descriptor);
	descriptor = STDERR_FILENO;
	if (fstat(STDERR_FILENO, &s) != 0)
		return;
	is_socket = S_ISSOCK(s.st_mode);
	if (S_ISFIFO(s.st_mode) && (again = open("/proc/self/fd/2",
					    O_WRONLY | O_NONBLOCK | O_CLOEXEC)) >= 0)
		descriptor = again;
}

/* An unknown level leaves the default, info. */
void
log_init(const char *program, const char *level)
{
	program_name = program;
	descriptor_find();
	for (enum log_level l = LOG_DEBUG; l <= LOG_ERROR; l++)
		if (strcmp(level, level_names[l]) == 0)
			threshold = l;
}

void
log_init_for_people(const char *program)
{
	program_name = program;
	threshold = LOG_WARN;
	for_people = true;
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

/* Bytes of the UTF-8 character at `s`; 0 if it is none, as where a message was cut. */
static size_t
character_bytes(const char *s)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, -1, &c);

	return n > 0 ? (size_t)n : 0;
}

/* Writes JSON string content; stops before it would exceed `room`, never inside an escape or a
 * character. What is not UTF-8 becomes '?', or no reader of JSON would take the line. */
static size_t
escape(char *out, size_t room, const char *s)
{
	size_t n = 0, bytes;

	/* The longest escape takes 6 bytes, and a NUL follows. */
	for (; *s != '\0' && n + 7 < room; s += bytes > 0 ? bytes : 1) {
		unsigned char c = (unsigned char)*s;

		bytes = character_bytes(s);
		if (c == '"' || c == '\\') {
			out[n++] = '\\';
			out[n++] = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			n += (size_t)snprintf(out + n, room - n, "\\u%04x", c);
		} else if (bytes == 0) {
			out[n++] = '?';
		} else {
			memcpy(out + n, s, bytes);
			n += bytes;
		}
	}
	out[n] = '\0';
	return n;
}

static bool
line_write(const char *line, size_t n)
{
	ssize_t written = is_socket ? send(descriptor, line, n, MSG_DONTWAIT | MSG_NOSIGNAL)
				    : write(descriptor, line, n);

	return written == (ssize_t)n;
}

/* A sentence, and only once: retries would repeat it. */
static void
sentence_print(char *message)
{
	static char last[LINE_MAX_BYTES / 2];

	message[strcspn(message, "\n")] = '\0';
	if (strcmp(message, last) != 0)
		fprintf(stderr, "%s: %s\n", program_name, message);
	memcpy(last, message, strlen(message) + 1);
}

static bool
message_write(enum log_level level, const char *message)
{
	char line[LINE_MAX_BYTES], now[INSTANT_TEXT];
	size_t n;

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
	n += (size_t)snprintf(line + n, sizeof line - n, "\"}\n");
	return line_write(line, n);
}

static void
lost_report(void)
{
	unsigned long count = atomic_exchange(&lost, 0);
	char message[80];

	if (count == 0)
		return;
	(void)snprintf(message, sizeof message, "%lu lines were lost: the log could not be written",
		count);
	if (!message_write(LOG_ERROR, message))
		atomic_fetch_add(&lost, count);
}

/* Uses fixed buffers: it must work when memory has run out, and take no lock. */
void
log_line(enum log_level level, const char *fmt, ...)
{
	char message[LINE_MAX_BYTES / 2];
	va_list ap;

	if (level < threshold)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	if (for_people)
		sentence_print(message);
	else if (message_write(level, message))
		lost_report();
	else
		atomic_fetch_add(&lost, 1);
}
