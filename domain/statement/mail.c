/* mail.c - sends a mail over SMTP; see mail.h. */
#include "domain/statement/mail.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/log.h"

#define CONNECT_MS 5000L
#define TOTAL_MS 20000L
#define MAIL_MAX 4096

/* An address must not end the header or command that it is in. The mail server checks the rest. */
static bool
address_is_valid(const char *a)
{
	size_t n = strcspn(a, " \t\r\n<>\",;:()");

	return n > 0 && n < 255 && a[n] == '\0' && strchr(a, '@') != NULL;
}

/* Lines end with CR LF (RFC 5322). False if the mail does not fit. No line of the body may be a
 * single dot, the end of the data; libcurl escapes one. */
static bool
mail_write(const struct mail *m, char out[MAIL_MAX])
{
	char date[64], head[1024];
	time_t now = (time_t)(clock_now() / US_PER_S);
	struct tm tm;
	size_t n = 0;

	gmtime_r(&now, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	if (snprintf(head, sizeof head,
		    "Date: %s\nFrom: Purse <%s>\nTo: <%s>\nSubject: %s\n"
		    "Message-ID: <%s@purse>\nMIME-Version: 1.0\n"
		    "Content-Type: text/plain; charset=us-ascii\n"
		    "Auto-Submitted: auto-generated\n\n",
		    date, m->from, m->to, m->subject, m->id) >= (int)sizeof head)
		return false;
	for (const char *parts[] = { head, m->body, NULL }, **p = parts; *p != NULL; p++)
		for (const char *c = *p; *c != '\0'; c++) {
			if (n > MAIL_MAX - 3)
				return false;
			if (*c == '\n')
				out[n++] = '\r';
			out[n++] = *c;
		}
	out[n] = '\0';
	return true;
}

/* smtp:// uses TLS if the server offers it, smtps:// always. Both refuse invalid certificates. With
 * a password smtp:// needs TLS, too: without it, anyone on the way could hide the offer and read
 * the password. */
static CURLcode
mail_transfer(CURL *curl, const struct mail *m, FILE *text, struct curl_slist *to)
{
	bool has_password = strchr(m->url, '@') != NULL;

	curl_easy_setopt(curl, CURLOPT_URL, m->url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_USE_SSL,
		(long)(has_password ? CURLUSESSL_ALL : CURLUSESSL_TRY));
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TOTAL_MS);
	curl_easy_setopt(curl, CURLOPT_MAIL_FROM, m->from);
	curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(curl, CURLOPT_READDATA, text);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	return curl_easy_perform(curl);
}

/* CURLOPT_NOSIGNAL, because other threads run: time-outs must not use SIGALRM. */
enum error
mail_send(const struct mail *m)
{
	char text[MAIL_MAX];
	CURLcode code = CURLE_OUT_OF_MEMORY;
	struct curl_slist *to = NULL;
	FILE *stream;
	CURL *curl;

	if (!address_is_valid(m->from) || !address_is_valid(m->to) || !mail_write(m, text)) {
		log_error("could not compose a mail: it has an invalid address or is too long");
		return ERR_INVALID_REQUEST;
	}
	stream = fmemopen(text, strlen(text), "r");
	to = curl_slist_append(NULL, m->to);
	curl = curl_easy_init();
	if (stream != NULL && to != NULL && curl != NULL)
		code = mail_transfer(curl, m, stream, to);
	if (code != CURLE_OK)
		log_warn("could not send a mail: %s", curl_easy_strerror(code));
	curl_easy_cleanup(curl);
	curl_slist_free_all(to);
	if (stream != NULL)
		fclose(stream);
	return code == CURLE_OK ? OK : ERR_UNAVAILABLE;
}
