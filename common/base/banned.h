/* banned.h - functions that no file can call: the compiler rejects their names.
 *
 * The Makefile includes it before the first line of every file. The pragma rejects a name from here
 * on, so the headers that declare these functions are included first. tools/style checks what the
 * compiler cannot: functions that only one file can call (the clock, randomness), and names that
 * libraries use. */
#ifndef COMMON_BASE_BANNED_H
#define COMMON_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* They can write past the end of a buffer, or do not report an invalid number. */
#pragma GCC poison sprintf vsprintf strcpy strcat strncpy gets
#pragma GCC poison strtok strtok_r atoi atol atof srand

#endif
