/* test_statement_part.c - a partly written file: after any crash the file and its hash are the
 * same. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/log.h"
#include "domain/statement/part.h"
#include "tests/unit/unit.h"

static char root[] = "/tmp/purse-part-XXXXXX";
static char folder[64], place[96], part_path[96];

static void
expect(struct part *p, const char *content)
{
	unsigned char got[crypto_hash_sha256_BYTES], wanted[crypto_hash_sha256_BYTES];
	char text[64] = "";
	FILE *f;

	assert_int_equal(part_finish(p, got), OK);
	crypto_hash_sha256(wanted, (const unsigned char *)content, strlen(content));
	assert_memory_equal(got, wanted, sizeof got);
	f = fopen(place, "r");
	assert_non_null(f);
	assert_int_equal(fread(text, 1, sizeof text - 1, f), strlen(content));
	fclose(f);
	assert_string_equal(text, content);
	assert_int_not_equal(access(part_path, F_OK), 0);
}

static void
starts_and_finishes(void **state)
{
	struct part p;

	(void)state;
	assert_int_equal(part_open(&p, folder, "job.csv", 0), OK);
	assert_int_equal(part_write(&p, "one,", 4), OK);
	assert_int_equal(part_write(&p, "two", 3), OK);
	assert_int_equal(p.bytes, 7);
	assert_int_not_equal(access(place, F_OK), 0);
	expect(&p, "one,two");
}

static void
resumes_at_the_recorded_position(void **state)
{
	struct part p;

	(void)state;
	assert_int_equal(part_open(&p, folder, "job.csv", 0), OK);
	assert_int_equal(part_write(&p, "one,two,half of thr", 19), OK);
	part_close(&p);
	assert_int_equal(part_open(&p, folder, "job.csv", 8), OK);
	assert_int_equal(p.bytes, 8);
	assert_int_equal(part_write(&p, "three", 5), OK);
	expect(&p, "one,two,three");
}

static void
starts_again_if_bytes_are_missing(void **state)
{
	struct part p;

	(void)state;
	assert_int_equal(part_open(&p, folder, "job.csv", 0), OK);
	assert_int_equal(part_write(&p, "short", 5), OK);
	part_close(&p);
	assert_int_equal(part_open(&p, folder, "job.csv", 100), OK);
	assert_int_equal(p.bytes, 0);
	assert_int_equal(part_write(&p, "whole", 5), OK);
	expect(&p, "whole");
}

static void
resumes_a_file_that_is_already_in_place(void **state)
{
	struct part p;

	(void)state;
	assert_int_equal(part_open(&p, folder, "job.csv", 0), OK);
	assert_int_equal(part_write(&p, "one,two", 7), OK);
	expect(&p, "one,two");
	assert_int_equal(part_open(&p, folder, "job.csv", 4), OK);
	assert_int_equal(p.bytes, 4);
	assert_int_equal(part_write(&p, "two", 3), OK);
	expect(&p, "one,two");
}

static void
discards_a_wrong_file(void **state)
{
	struct part p;

	(void)state;
	assert_int_equal(part_open(&p, folder, "job.csv", 0), OK);
	assert_int_equal(part_write(&p, "wrong", 5), OK);
	part_discard(&p);
	assert_int_not_equal(access(part_path, F_OK), 0);
	part_close(&p);
}

/* An attempt that ends before it opens the file discards what earlier attempts left. */
static void
discards_a_file_it_never_opened(void **state)
{
	struct part p;

	(void)state;
	assert_int_equal(part_open(&p, folder, "job.csv", 0), OK);
	expect(&p, "");
	assert_int_equal(access(place, F_OK), 0);
	part_name(&p, folder, "job.csv");
	part_discard(&p);
	assert_int_not_equal(access(place, F_OK), 0);
	assert_int_equal(part_open(&p, folder, "job.csv", 0), OK);
	part_close(&p);
	part_name(&p, folder, "job.csv");
	part_discard(&p);
	assert_int_not_equal(access(part_path, F_OK), 0);
}

/* /dev/full accepts no bytes, like a full disk. */
static void
reports_a_full_disk(void **state)
{
	struct part p;

	(void)state;
	assert_int_equal(part_open(&p, folder, "job.csv", 0), OK);
	close(p.fd);
	p.fd = open("/dev/full", O_WRONLY);
	assert_true(p.fd >= 0);
	assert_int_equal(part_write(&p, "x", 1), ERR_UNAVAILABLE);
	part_discard(&p);
}

static void
reports_a_missing_folder(void **state)
{
	struct part p;

	(void)state;
	assert_int_equal(part_open(&p, "/proc/no/such", "job.csv", 0), ERR_UNAVAILABLE);
	part_discard(&p);
}

static int
clean(void **state)
{
	(void)state;
	unlink(place);
	unlink(part_path);
	return 0;
}

static int
begin(void **state)
{
	(void)state;
	log_init("test", "error");
	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(folder, sizeof folder, "%s/statements", root);
	snprintf(place, sizeof place, "%s/job.csv", folder);
	snprintf(part_path, sizeof part_path, "%s/job.csv.part", folder);
	return 0;
}

static int
end(void **state)
{
	clean(state);
	return rmdir(folder) == 0 && rmdir(root) == 0 ? 0 : -1;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(starts_and_finishes, clean),
		cmocka_unit_test_teardown(resumes_at_the_recorded_position, clean),
		cmocka_unit_test_teardown(starts_again_if_bytes_are_missing, clean),
		cmocka_unit_test_teardown(resumes_a_file_that_is_already_in_place, clean),
		cmocka_unit_test_teardown(discards_a_wrong_file, clean),
		cmocka_unit_test_teardown(discards_a_file_it_never_opened, clean),
		cmocka_unit_test_teardown(reports_a_full_disk, clean),
		cmocka_unit_test_teardown(reports_a_missing_folder, clean),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
