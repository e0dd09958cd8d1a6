/* log.c - fuzzes the log: whatever a message has, it is one line of JSON. Lines: the id of a
 * request; the rest is the message. */
#include <sys/mman.h>

#include "common/base/log.c"
#include "tests/fuzz/fuzz.h"

FUZZ_TARGET(log)
{
	static int file = -1;
	char *id = fuzz_line(in), *message = fuzz_rest(in, NULL), line[LINE_MAX_BYTES + 1];
	int before = descriptor;
	bool was_socket = is_socket;
	ssize_t n;
	json_t *v;

	if (file < 0)
		file = memfd_create("log", MFD_CLOEXEC);
	CHECK(file >= 0 && ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0, "no file");
	descriptor = file;
	is_socket = false;
	log_request(id[0] != '\0' ? id : NULL);
	log_error("%s", message);
	log_request(NULL);
	descriptor = before;
	is_socket = was_socket;
	n = pread(file, line, sizeof line, 0);
	CHECK(n > 1 && n < LINE_MAX_BYTES && line[n - 1] == '\n', "%zd bytes", n);
	CHECK(memchr(line, '\n', (size_t)n) == line + n - 1, "two lines: %.*s", (int)n, line);
	v = fuzz_json(line, (size_t)n, "a line of the log");
	CHECK(json_string_length(json_object_get(v, "message")) <= strlen(message), "%s", line);
	json_decref(v);
}
