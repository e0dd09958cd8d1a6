/* purse.c - the operator's command line: signing keys, users, dead letters, statements,
 * verification. The table is the whole interface. */
#include "tools/purse.h"

#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"

static int help(int argc, char **argv);

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
	{ "dead list", "[QUEUE]", "list dead letters and their reasons", dead_list },
	{ "dead show", "QUEUE [ID]", "print dead letters in full, one line of JSON each",
		dead_show },
	{ "dead replay", "QUEUE ID|--all", "return dead letters to their queue", dead_replay },
	{ "dead drop", "QUEUE ID|--all", "delete dead letters", dead_drop },
	{ "publish", "[--lines] [--message-id ID] [--reply-to QUEUE] [--correlation-id ID] QUEUE",
		"publish standard input to a queue; --lines: one message per line", publish },
	{ "statement rebuild", "--wallet ID|--all",
		"make statement lines equal to the ledger, while everything runs",
		statement_rebuild },
	{ "verify", "", "verify the books: recompute all balances and compare the statements",
		verify },
	{ "help", "", "show this list", help },
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static int
help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("usage: purse COMMAND ...\n\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char head[96];

		snprintf(head, sizeof head, "%s %s", commands[i].name, commands[i].usage);
		printf("  %-32s %s\n", head, commands[i].help);
	}
	printf("\nOptions come from the environment, then from the file that PURSE_CONFIG names"
	       " (var/purse.env).\n");
	return DONE;
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

static int
run(const struct command *c, int argc, char **argv)
{
	int status;

	if (c->run != help) {
		if (!config_load())
			return FAILED;
		log_init("purse", config_text(OPT_LOG_LEVEL));
	}
	status = c->run(argc, argv);
	if (status == MISUSED)
		fprintf(stderr, "usage: purse %s %s\n", c->name, c->usage);
	return status;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		help(0, NULL);
		return MISUSED;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return help(0, NULL);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		int n = words_matched(commands[i].name, argc - 1, argv + 1);

		if (n > 0)
			return run(&commands[i], argc - 1 - n, argv + 1 + n);
	}
	fprintf(stderr, "purse: unknown command; run `purse help` for a list.\n");
	return MISUSED;
}
