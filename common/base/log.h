/* log.h - JSON lines on stderr: {"time":…,"level":…,"program":…,"message":…, fields…}.
 * Thread-safe. Never waits for the reader of stderr: lines that do not fit are lost, and the next
 * one that fits is followed by their number. */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

#include <stdbool.h>

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_LEVEL_COUNT };

/* `program` is borrowed, not copied. `level` is the text of LOG_LEVEL. */
void log_init(const char *program, const char *level);
/* For a command that people run, in one thread: warnings and errors as sentences, each once. */
void log_init_for_people(const char *program);
bool log_level_known(const char *level);
/* Writes one line with one write(2), so that lines of several processes on the same stderr do not
 * mix; cuts it at 4 KiB. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Sets the request that this thread works on: its lines get a request_id. NULL: none. Borrowed:
 * reset it before the text goes. */
void log_request(const char *request_id);

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
