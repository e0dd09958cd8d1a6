/* purse.h - the commands of `purse`: one table in purse.c, a file an area (purse_key.c,
 * purse_user.c, …).
 *
 * One more command: a function here, a row in purse.c's table, the function in its area's file. */
#ifndef TOOLS_PURSE_H
#define TOOLS_PURSE_H

/* Answers of a command; main's exit status. */
enum { DONE = 0, FAILED = 1, MISUSED = 2 /* prints the command's usage */ };

struct command {
	const char *name;  /* one to three words, as typed: "key rotate" */
	const char *usage; /* what follows the name: "EMAIL ROLE", or "" */
	const char *help;  /* one line */
	/* Only the words after the name, argv[argc] NULL. Configuration and log are ready. Says on
	 * stderr what fails. */
	int (*run)(int argc, char **argv);
};

int key_rotate(int argc, char **argv);
int key_list(int argc, char **argv);
int user_list(int argc, char **argv);
int user_show(int argc, char **argv);
int user_role_add(int argc, char **argv);
int user_role_remove(int argc, char **argv);
int dead_list(int argc, char **argv);
int dead_show(int argc, char **argv);
int dead_replay(int argc, char **argv);
int dead_drop(int argc, char **argv);
int publish(int argc, char **argv);
int verify(int argc, char **argv);

#endif
