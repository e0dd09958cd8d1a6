/* responder.c - the floor for reads: a FastCGI responder that only answers, behind the same gateway
 * and authorizer. It has as many threads as a handler, and its answer is as long as a balance. */
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define THREADS 64

static const char answer[] =
	"Status: 200\r\nContent-Type: application/json\r\n\r\n"
	"{\"wallet_id\":\"00000000-0000-7000-8000-000000000000\",\"currency\":\"EUR\","
	"\"balance\":1000000000,\"held\":0,\"available\":1000000000,\"version\":2,"
	"\"as_of\":\"2025-01-01T00:00:00.000000Z\"}";

static void *
serve(void *unused)
{
	FCGX_Request request;

	(void)unused;
	if (FCGX_InitRequest(&request, 0, 0) != 0)
		return NULL;
	while (FCGX_Accept_r(&request) == 0) {
		FCGX_PutStr(answer, sizeof answer - 1, request.out);
		FCGX_Finish_r(&request);
	}
	return NULL;
}

int
main(void)
{
	pthread_t threads[THREADS];

	if (FCGX_Init() != 0)
		return 1;
	signal(SIGTERM, SIG_DFL); /* libfcgi's handler only sets a flag */
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, serve, NULL) != 0)
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
