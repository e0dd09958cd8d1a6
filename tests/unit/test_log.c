/* test_log.c - a log that is not read loses lines, counts them, and blocks no writer. */
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/unit/unit.h"

#define LINES 5000

/* Reads what is there; the pipe or socket is non-blocking. */
static size_t
read_all(int fd, char *out, size_t bytes)
{
	size_t n = 0;
	ssize_t got;

	while (n + 1 < bytes && (got = read(fd, out + n, bytes - n - 1)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	return n;
}

static size_t
lines_in(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '\n';
	return n;
}

static void
loses_lines(const int ends[2])
{
	static char text[4 * 1024 * 1024];
	int terminal = dup(STDERR_FILENO);
	unsigned long lost = 0;
	size_t written;
	const char *report;

	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_init("test", "info");
	alarm(10); /* a line that blocked would block forever */
	for (int i = 0; i < LINES; i++)
		log_info("line %d of a log whose reader has stopped", i);
	alarm(0);
	(void)read_all(ends[0], text, sizeof text);
	written = lines_in(text);
	assert_in_range(written, 1, LINES - 1);
	log_info("it reads again");
	(void)read_all(ends[0], text, sizeof text);
	assert_int_equal(lines_in(text), 2);
	assert_non_null(strstr(text, "it reads again"));
	assert_non_null(report = strstr(strstr(text, "it reads again"), "\"message\":\""));
	assert_int_equal(sscanf(report, "\"message\":\"%lu lines were lost", &lost), 1);
	assert_int_equal(lost, LINES - written);
	dup2(terminal, STDERR_FILENO);
	close(terminal);
}

static void
a_pipe_that_is_not_read_blocks_no_one(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	loses_lines(ends);
}

static void
a_socket_that_is_not_read_blocks_no_one(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	loses_lines(ends);
}

/* Whatever is logged, a line is JSON: here a text that is cut inside a character. */
static void
a_line_is_json(void **state)
{
	char message[4096], line[8192] = "";
	int ends[2], terminal = dup(STDERR_FILENO);
	json_t *v;

	(void)state;
	memset(message, 'x', sizeof message - 1);
	message[sizeof message - 1] = '\0';
	/* 2047 bytes of a message are kept. */
	memcpy(message + 2046, "\303\251", 2);
	memcpy(message, "\377\"\\\001\303\251\303", 7);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_init("test", "info");
	log_info("%s", message);
	dup2(terminal, STDERR_FILENO);
	close(terminal);
	(void)read_all(ends[0], line, sizeof line);
	v = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(v);
	assert_memory_equal(json_string_value(json_object_get(v, "message")),
		"?\"\\\001\303\251?xx", 9);
	json_decref(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_that_is_not_read_blocks_no_one),
		cmocka_unit_test(a_socket_that_is_not_read_blocks_no_one),
		cmocka_unit_test(a_line_is_json),
	};

	return RUN(tests);
}
