/* purse.c - the operator's command line: signing keys, users, dead letters, statements, proofs. The
 * table is the whole interface. */
#include "tools/purse.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"

static int help(int argc, char **argv);
static int config(int argc, char **argv);

static const struct command commands[] = {
	{ "key rotate", "", "create a signing key; the old one stays valid for KEY_OVERLAP",
		key_rotate },
	{ "key list", "", "list signing keys, newest first", key_list },
	{ "user list", "[TEXT]", "list users, newest first; TEXT filters by email address",
		user_list },
	{ "user show", "EMAIL", "show a user with roles and open sessions", user_show },
	{ "user role add", "EMAIL ROLE", "give a user a role: customer, operator or service",
		user_role_add },
	{ "user role remove", "EMAIL ROLE", "take a role from a user", user_role_remove },
	{ "acts", "[EMAIL]", "list changes of roles and keys, newest first: when, what, by whom",
		acts },
	{ "dead list", "[QUEUE]", "list dead letters and their reasons", dead_list },
	{ "dead show", "QUEUE [[--] ID]", "print dead letters in full, one line of JSON each",
		dead_show },
	{ "dead replay", "QUEUE [--] ID|--all", "return dead letters to their queue", dead_replay },
	{ "dead drop", "QUEUE [--] ID|--all", "delete dead letters", dead_drop },
	{ "publish", "[--lines] [--message-id ID] [--reply-to QUEUE] [--correlation-id ID] QUEUE",
		"publish standard input to a queue, or to purse.in; --lines: one message per line",
		publish },
	{ "statement rebuild", "--wallet ID|--all",
		"make statement lines equal to the ledger, while everything runs",
		statement_rebuild },
	{ "seal export", "",
		"sign and print the head of the sealed history, to be kept elsewhere",
		seal_export },
	{ "verify", "[--head FILE]",
		"verify the books: recompute everything and check the sealed history; --head: up"
		" to an exported head",
		verify },
	{ "config", "", "check the options and print their values, without passwords", config },
	{ "help", "", "show this list", help },
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

/* Whether a command's name starts with the words. */
static bool
words_start(const char *name, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		size_t length = strcspn(name, " ");

		if (strlen(argv[i]) != length || strncmp(argv[i], name, length) != 0)
			return false;
		name += length + (name[length] == ' ');
	}
	return true;
}

static int
config(int argc, char **argv)
{
	(void)argv;
	if (argc != 0)
		return MISUSED;
	config_print();
	return DONE;
}

/* Prints the commands whose names start with the given words; all if there are none. Returns how
 * many. */
static size_t
commands_print(int argc, char **argv)
{
	size_t count = 0;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char head[96];

		if (!words_start(commands[i].name, argc, argv))
			continue;
		if (count++ == 0)
			printf("usage: purse COMMAND ...\n\n");
		(void)snprintf(head, sizeof head, "%s %s", commands[i].name, commands[i].usage);
		printf(strlen(head) > 32 ? "  %s\n  %32s %s\n" : "  %-32s%s %s\n", head, "",
			commands[i].help);
	}
	if (count > 0)
		printf("\n" PROGRAM_OPTIONS_HELP);
	return count;
}

static int
help(int argc, char **argv)
{
	return commands_print(argc, argv) > 0 ? DONE : MISUSED;
}

/* The number of words in the command's name if argv starts with them; else 0. */
static int
words_matched(const char *name, int argc, char **argv)
{
	int n = 0;

	while (*name != '\0') {
		size_t length = strcspn(name, " ");

		if (n == argc || strlen(argv[n]) != length || strncmp(argv[n], name, length) != 0)
			return 0;
		n++;
		name += length + (name[length] == ' ');
	}
	return n;
}

/* The first option that the usage does not have; NULL if there is none. What follows "--", or an
 * option with a value, is none. */
static const char *
unknown_option(const struct command *c, int argc, char **argv)
{
	for (int i = 0; i < argc; i++) {
		const char *at = strstr(c->usage, argv[i]);

		if (strncmp(argv[i], "--", 2) != 0)
			continue;
		if (at == NULL || strchr(" ]|", at[strlen(argv[i])]) == NULL)
			return argv[i];
		if (strcmp(argv[i], "--") == 0)
			break;
		i += at[strlen(argv[i])] == ' ';
	}
	return NULL;
}

/* `help` needs no configuration, so it also works where that is broken. */
static int
run(const struct command *c, int argc, char **argv)
{
	const char *option = unknown_option(c, argc, argv);
	int status;

	if (option != NULL) {
		fprintf(stderr, "purse %s: unknown option %s\nusage: purse %s %s\n", c->name,
			option, c->name, c->usage);
		return MISUSED;
	}
	if (c->run != help) {
		if (!config_load())
			return FAILED;
		log_init_for_people("purse");
	}
	status = c->run(argc, argv);
	if (status == MISUSED)
		fprintf(stderr, "usage: purse %s %s\n", c->name, c->usage);
	return status;
}

/* `purse`, `purse key` and `purse key rotate --help` show the commands that start with these words.
 * Sets *status. */
static bool
describe(int argc, char **argv, int *status)
{
	bool asks = argc > 0 && (strcmp(argv[argc - 1], "--help") == 0 ||
					strcmp(argv[argc - 1], "-h") == 0);
	int words = argc - (asks ? 1 : 0);

	for (size_t i = 0; i < COMMAND_COUNT && !asks; i++)
		if (words_matched(commands[i].name, argc, argv) > 0)
			return false;
	*status = asks ? DONE : MISUSED;
	return commands_print(words, argv) > 0;
}

int
main(int argc, char **argv)
{
	int status;

	if (program_describe(argc, argv, "purse", NULL))
		return DONE;
	if (describe(argc - 1, argv + 1, &status))
		return status;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		int n = words_matched(commands[i].name, argc - 1, argv + 1);

		if (n > 0)
			return run(&commands[i], argc - 1 - n, argv + 1 + n);
	}
	fprintf(stderr, "purse: unknown command; run `purse help` for a list.\n");
	return MISUSED;
}
