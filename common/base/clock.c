/* clock.c - the current time, and RFC 3339. */
#include "common/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic instant_us fixed;

instant_us
clock_now(void)
{
	struct timespec ts;
	instant_us f = atomic_load_explicit(&fixed, memory_order_relaxed);

	if (f != 0) /* read relaxed: nothing else is published through it */
		return f;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (instant_us)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

int64_t
clock_monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

struct timespec
clock_deadline(int64_t ms)
{
	int64_t at = clock_monotonic_ms() + ms;

	return (struct timespec){ .tv_sec = at / 1000, .tv_nsec = at % 1000 * 1000000 };
}

void
clock_sleep_ms(int64_t ms)
{
	struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	if (ms > 0)
		(void)nanosleep(&pause, NULL);
}

void
clock_fix(instant_us t)
{
	atomic_store(&fixed, t);
}

void
instant_format(instant_us t, char out[INSTANT_TEXT])
{
	/* Never negative, also before 1970, where % gives a negative rest. */
	instant_us fraction = ((t % US_PER_S) + US_PER_S) % US_PER_S;
	time_t seconds = (time_t)((t - fraction) / US_PER_S);
	char whole[sizeof "9999-12-31T23:59:59"];
	struct tm tm;

	gmtime_r(&seconds, &tm);
	if (strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		whole[0] = '\0'; /* a year past 9999, which we neither read nor store */
	snprintf(out, INSTANT_TEXT, "%s.%06dZ", whole, (int)fraction);
}

/* Reads exactly n digits and moves *p past them. */
static bool
digits(const char **p, int n, int *value)
{
	*value = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (**p < '0' || **p > '9')
			return false;
		*value = *value * 10 + (**p - '0');
	}
	return true;
}

static bool
literal(const char **p, char c)
{
	return *(*p)++ == c;
}

/* timegm() normalizes: it would turn 31 June into 1 July, so the day is checked first. */
static bool
calendar(int year, int month, int day, instant_us *t)
{
	static const int length[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	struct tm tm = { .tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day };

	if (month < 1 || month > 12 || day < 1)
		return false;
	if (day > length[month - 1] + (month == 2 && leap ? 1 : 0))
		return false;
	*t = (instant_us)timegm(&tm) * US_PER_S;
	return true;
}

static bool
date_read(const char **p, instant_us *t)
{
	int year, month, day;

	return digits(p, 4, &year) && literal(p, '-') && digits(p, 2, &month) && literal(p, '-') &&
	       digits(p, 2, &day) && calendar(year, month, day, t);
}

bool
date_parse(const char *text, instant_us *t)
{
	return strlen(text) == 10 && date_read(&text, t) && *t >= 0;
}

/* ".1" to ".123456789" in microseconds; finer digits are dropped. */
static bool
fraction_read(const char **p, instant_us *t)
{
	instant_us scale = US_PER_S;
	int n = 0;

	if (**p != '.')
		return true;
	for ((*p)++; **p >= '0' && **p <= '9'; (*p)++, n++) {
		scale /= 10;
		*t += (**p - '0') * scale;
	}
	return n >= 1 && n <= 9;
}

/* The text is local time, so what is ahead of UTC is subtracted. */
static bool
offset_read(const char **p, instant_us *t)
{
	int hours, minutes, sign = **p == '-' ? -1 : 1;

	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return true;
	}
	if (**p != '+' && **p != '-')
		return false;
	(*p)++;
	if (!digits(p, 2, &hours) || !literal(p, ':') || !digits(p, 2, &minutes) || hours > 23 ||
		minutes > 59)
		return false;
	*t -= sign * (instant_us)(hours * 60 + minutes) * 60 * US_PER_S;
	return true;
}

static bool
instant_read(const char *text, instant_us *t)
{
	const char *p = text;
	int hour, minute, second;

	if (strnlen(text, 64) > 40 || !date_read(&p, t))
		return false;
	if (*p != 'T' && *p != 't' && *p != ' ') /* all of RFC 3339, 5.6 */
		return false;
	p++;
	if (!digits(&p, 2, &hour) || !literal(&p, ':') || !digits(&p, 2, &minute) ||
		!literal(&p, ':') || !digits(&p, 2, &second))
		return false;
	if (hour > 23 || minute > 59 || second > 60) /* 60: a leap second, RFC 3339, 5.7 */
		return false;
	*t += ((instant_us)hour * 3600 + minute * 60 + second) * US_PER_S;
	return fraction_read(&p, t) && offset_read(&p, t) && *p == '\0';
}

bool
instant_is_valid(const char *text)
{
	instant_us t;

	return instant_read(text, &t);
}

bool
instant_parse(const char *text, instant_us *t)
{
	instant_us v;

	/* An offset, or a leap second, can lead out of the years. */
	if (!instant_read(text, &v) || v < 0 || v > INSTANT_LAST)
		return false;
	*t = v;
	return true;
}

/* Does the instant have digits below a microsecond? instant_parse() dropped them. */
static bool
is_finer(const char *text)
{
	const char *fraction = strchr(text, '.');
	size_t n = fraction != NULL ? strspn(fraction + 1, "0123456789") : 0;

	return n > 6 && strspn(fraction + 7, "0") < n - 6;
}

/* The end of a day is the start of the next, because periods are half open. */
bool
moment_parse(const char *text, bool is_end, instant_us *t)
{
	if (!date_parse(text, t)) {
		if (!instant_parse(text, t))
			return false;
		if (is_end && is_finer(text) && *t < INSTANT_LAST)
			(*t)++;
		return true;
	}
	if (is_end)
		*t = *t < INSTANT_LAST - US_PER_DAY ? *t + US_PER_DAY : INSTANT_LAST;
	return true;
}
