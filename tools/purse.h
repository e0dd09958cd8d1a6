/* purse.h - the commands of `purse`: one table in purse.c, one file per area (purse_key.c,
 * purse_user.c, …).
 *
 * To add a command, declare its function here, add a row to purse.c's table, and write the function
 * in its area's file. */
#ifndef TOOLS_PURSE_H
#define TOOLS_PURSE_H

/* What a command returns; the exit status of main(). */
enum { DONE = 0, FAILED = 1, MISUSED = 2 /* prints the command's usage */ };

struct command {
	const char *name;  /* one to three words, as typed: "key rotate" */
	const char *usage; /* what follows the name: "EMAIL ROLE", or "" */
	const char *help;  /* one line */
	/* Gets only the words after the name; argv[argc] is NULL. Configuration and log are ready.
	 * Reports errors on stderr. */
	int (*run)(int argc, char **argv);
};

/* The commands, in the order of the table. Each checks its own arguments. */
int key_rotate(int argc, char **argv);
int key_list(int argc, char **argv);
int user_list(int argc, char **argv);
int user_show(int argc, char **argv);
int user_role_add(int argc, char **argv);
int user_role_remove(int argc, char **argv);
int acts(int argc, char **argv);
int dead_list(int argc, char **argv);
int dead_show(int argc, char **argv);
int dead_replay(int argc, char **argv);
int dead_drop(int argc, char **argv);
int publish(int argc, char **argv);
int seal_export(int argc, char **argv);
int statement_rebuild(int argc, char **argv);
int verify(int argc, char **argv);

#endif
