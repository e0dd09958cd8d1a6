/* banned.h - functions that no file may call: the compiler refuses their very names.
 *
 * The Makefile includes it before the first line of every file. The headers that declare these
 * functions come first: a name is refused from the pragma on. What one file may call (the clock,
 * randomness), and names that libraries use, are left to tools/style. */
#ifndef COMMON_BASE_BANNED_H
#define COMMON_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* They write past the end, or do not say whether there was a number. */
#pragma GCC poison sprintf vsprintf strcpy strcat strncpy gets
#pragma GCC poison strtok strtok_r atoi atol atof srand

#endif
