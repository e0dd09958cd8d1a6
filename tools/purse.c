/* purse.c - the operator's command line: signing keys, users, dead letters, the proof. The table is
 * the whole interface. */
#include "tools/purse.h"

#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"

static int help(int argc, char **argv);

static const struct command commands[] = {
	{ "key rotate", "", "make a new signing key; the old one is accepted for KEY_OVERLAP more",
		key_rotate },
	{ "key list", "", "the signing keys, the newest first", key_list },
	{ "user list", "[TEXT]",
		"users, the newest first; with TEXT those whose address contains it", user_list },
	{ "user show", "EMAIL", "one user with roles and open sessions", user_show },
	{ "user role add", "EMAIL ROLE", "give a user the role customer, operator or service",
		user_role_add },
	{ "user role remove", "EMAIL ROLE", "take a role from a user", user_role_remove },
	{ "dead list", "[QUEUE]", "what could not be handled, and why", dead_list },
	{ "dead show", "QUEUE [ID]", "such messages in full, a line of JSON each", dead_show },
	{ "dead replay", "QUEUE ID|--all", "put them back into their queue", dead_replay },
	{ "dead drop", "QUEUE ID|--all", "throw them away", dead_drop },
	{ "publish", "[--lines] [--message-id ID] [--reply-to QUEUE] [--correlation-id ID] QUEUE",
		"publish standard input to a queue; --lines: each line is a message", publish },
	{ "verify", "",
		"prove the books: recompute everything from the rows, and the statement from the wallets",
		verify },
	{ "help", "", "this list", help },
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
	printf("\nOptions come from the environment, then from the file that PURSE_CONFIG names (var/purse.env).\n");
	return DONE;
}

/* How many of the words make up the command's name; 0 where they are another's. */
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
	fprintf(stderr, "purse knows no such command; `purse help` lists them.\n");
	return MISUSED;
}
