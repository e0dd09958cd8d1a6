/* purse.c - the operator's command line: signing keys, users, dead letters, verification. The table
 * is the whole interface. */
#include "tools/purse.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"
#include "common/base/program.h"

static int help(int argc, char **argv);
static int config_valid(int argc, char **argv);

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
	{ "verify", "", "verify the books: recompute all balances and compare the statements",
		verify },
	{ "config", "", "check every option; print what is wrong with them", config_valid },
	{ "help", "", "show this list", help },
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

/* Does the command's name start with these words? */
static bool
name_starts(const char *name, const char *words)
{
	size_t n = strlen(words);

	return strncmp(name, words, n) == 0 && (n == 0 || name[n] == ' ' || name[n] == '\0');
}

/* Lists the commands that start with these words; false: there is none. */
static bool
commands_list(const char *words)
{
	bool any = false;

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char head[96];

		if (!name_starts(commands[i].name, words))
			continue;
		if (!any)
			printf("usage: purse %s%sCOMMAND ...\n\n", words,
				*words != '\0' ? " " : "");
		any = true;
		snprintf(head, sizeof head, "%s %s", commands[i].name, commands[i].usage);
		printf("  %-32s %s\n", head, commands[i].help);
	}
	if (any)
		printf("\nOptions come from the environment, then from the file that PURSE_CONFIG"
		       " names (var/purse.env).\n");
	return any;
}

static int
help(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)commands_list("");
	return DONE;
}

/* run() has checked them. */
static int
config_valid(int argc, char **argv)
{
	(void)argv;
	return argc == 0 ? DONE : MISUSED;
}

/* `purse user`, `purse user role`: the commands that start so. */
static bool
help_of_words(int argc, char **argv)
{
	char words[64] = "";
	size_t n = 0;

	for (int i = 0; i < argc && argv[i][0] != '-' && n < sizeof words; i++)
		n += (size_t)snprintf(
			words + n, sizeof words - n, "%s%s", i > 0 ? " " : "", argv[i]);
	return *words != '\0' && n < sizeof words && commands_list(words);
}

static bool
asks_for_help(int argc, char **argv)
{
	return argc > 0 &&
	       (strcmp(argv[argc - 1], "--help") == 0 || strcmp(argv[argc - 1], "-h") == 0);
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
		log_init_for_people("purse");
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
	if (argc == 2 && asks_for_help(argc, argv))
		return help(0, NULL);
	if (program_info(argc, argv, "purse", ""))
		return DONE;
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		int n = words_matched(commands[i].name, argc - 1, argv + 1);

		if (n > 0 && asks_for_help(argc - 1 - n, argv + 1 + n)) {
			printf("usage: purse %s %s\n\n%s\n", commands[i].name, commands[i].usage,
				commands[i].help);
			return DONE;
		}
		if (n > 0)
			return run(&commands[i], argc - 1 - n, argv + 1 + n);
	}
	if (help_of_words(argc - 1, argv + 1))
		return asks_for_help(argc, argv) ? DONE : MISUSED;
	fprintf(stderr, "purse: unknown command; run `purse help` for a list.\n");
	return MISUSED;
}
