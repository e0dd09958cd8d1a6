/* log.h - JSON lines on stderr: {"time":…,"level":…,"program":…,"message":…, fields…}. Thread-safe,
 * one write a line. */
#ifndef COMMON_BASE_LOG_H
#define COMMON_BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* `program` is kept, not copied. `level` is LOG_LEVEL's text. */
void log_init(const char *program, const char *level);
/* Under lighttpd and CGI stderr belongs to the caller's log; a line is one write(2) up to 4 KiB,
 * longer ones are cut. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The request that this thread works on: added to its lines as request_id. NULL for none. */
void log_request(const char *request_id);

#define log_debug(...) log_line(LOG_DEBUG, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)
#define log_warn(...) log_line(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, __VA_ARGS__)

#endif
