/* test_docroot.c - what a web server could publish: paths as written, and where links lead. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/http/docroot.h"
#include "tests/unit/unit.h"

static const char *const folders[] = { "shown", "shown/cgi-bin", "shown-too", "sibling" };
static char home[] = "/tmp/docroot.XXXXXX";

/* home/shown is the document root; home/sibling lies next to it. */
static int
folders_make(void **state)
{
	(void)state;
	if (mkdtemp(home) == NULL || chdir(home) != 0)
		return -1;
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
		if (mkdir(folders[i], 0700) != 0)
			return -1;
	return symlink("../sibling", "shown/out") != 0 || symlink("shown", "in") != 0 ? -1 : 0;
}

static int
folders_remove(void **state)
{
	(void)state;
	unlink("shown/out");
	unlink("in");
	rmdir("shown/cgi-bin");
	rmdir("shown");
	rmdir("shown-too");
	rmdir("sibling");
	return chdir("/") != 0 || rmdir(home) != 0 ? -1 : 0;
}

static void
holds(const char *path, bool expected)
{
	char whole[4096];

	if (docroot_holds("shown", path) != expected)
		fail_msg("relative: %s", path);
	snprintf(whole, sizeof whole, "%s/%s", home, path);
	if (docroot_holds("shown/", whole) != expected)
		fail_msg("absolute: %s", whole);
}

static void
what_lies_below_is_held(void **state)
{
	(void)state;
	holds("shown", true);
	holds("shown/", true);
	holds("shown/cgi-bin", true);
	holds("shown/cgi-bin/..", true);
	holds("sibling/../shown/cgi-bin", true);
	holds("shown/not/made/yet", true);
	holds("shown/cgi-bin/../later", true);
}

static void
links_count_where_they_stand_and_where_they_lead(void **state)
{
	(void)state;
	holds("in", true);
	holds("in/purse.env", true);
	holds("shown/out", true);
	holds("shown/out/purse.env", true);
	holds("shown/cgi-bin/../out/keys", true);
}

static void
a_sibling_is_outside(void **state)
{
	(void)state;
	holds("sibling", false);
	holds("sibling/not/made", false);
	holds("shown-too", false);
	holds("shown/cgi-bin/../../sibling", false);
	holds("shown/../sibling/purse.env", false);
	holds("", false);
}

static void
a_root_of_all_holds_all_and_a_missing_one_nothing(void **state)
{
	(void)state;
	assert_true(docroot_holds("/", "/etc/passwd"));
	assert_true(docroot_holds("/", "sibling"));
	assert_false(docroot_holds("missing", "missing/purse.env"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_lies_below_is_held),
		cmocka_unit_test(links_count_where_they_stand_and_where_they_lead),
		cmocka_unit_test(a_sibling_is_outside),
		cmocka_unit_test(a_root_of_all_holds_all_and_a_missing_one_nothing),
	};

	return cmocka_run_group_tests(tests, folders_make, folders_remove);
}
