/* docroot.c - detects secrets that a web server could publish: it may ignore our .htaccess. */
#include "common/http/docroot.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/config.h"
#include "common/base/log.h"

/* Compares whole components: /srv/www2 is not below /srv/www. */
static bool
is_below(const char *root, const char *path)
{
	size_t n = strlen(root);

	while (n > 0 && root[n - 1] == '/')
		n--;
	return strncmp(root, path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* Removes the last component. False if what remains is not its parent (at "..") or nothing
 * remains. */
static bool
path_to_parent(char *path)
{
	char *slash = strrchr(path, '/'), *last = slash != NULL ? slash + 1 : path;

	if (strcmp(last, "..") == 0 || strcmp(path, ".") == 0 || strcmp(path, "/") == 0)
		return false;
	if (slash == NULL) { /* the parent of a relative path's first component is "." */
		path[0] = '.';
		path[1] = '\0';
	} else {
		slash[slash == path ? 1 : 0] = '\0';
	}
	return true;
}

/* Checks every folder on the way, not only the last: a web server follows links too. */
bool
docroot_holds(const char *root, const char *path)
{
	char real_root[PATH_MAX], real[PATH_MAX], way[PATH_MAX];

	if (realpath(root, real_root) == NULL)
		return false;
	if (snprintf(way, sizeof way, "%s", path) >= (int)sizeof way)
		return false;
	do {
		if (realpath(way, real) != NULL && is_below(real_root, real))
			return true;
	} while (path_to_parent(way));
	return false;
}

/* The path of the configuration file, as config_load() finds it. */
static bool
settings_path(char *out, size_t bytes)
{
	const char *named = getenv("PURSE_CONFIG");

	if (named != NULL && *named != '\0')
		return snprintf(out, bytes, "%s", named) < (int)bytes;
	return snprintf(out, bytes, "%s/purse.env", config_text(OPT_DATA_DIR)) < (int)bytes;
}

static bool
root_is_clear(const char *root)
{
	char settings[PATH_MAX], keys[PATH_MAX], statements[PATH_MAX];
	const struct {
		const char *name, *path;
		bool known;
	} secrets[] = {
		{ "the configuration file", settings, settings_path(settings, sizeof settings) },
		{ "DATA_DIR", config_text(OPT_DATA_DIR), true },
		{ "KEY_DIR", keys,
			config_folder(OPT_KEY_DIR, "keys", keys, sizeof keys) },
		{ "STATEMENT_DIR", statements,
			config_folder(OPT_STATEMENT_DIR, "statements", statements,
				sizeof statements) },
	};

	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		if (secrets[i].known && docroot_holds(root, secrets[i].path)) {
			log_error("%s (%s) is in the folder that the web server publishes (%s): "
				  "anyone can read it there; move it elsewhere",
				secrets[i].name, secrets[i].path, root);
			return false;
		}
	return true;
}

struct seen {
	pthread_mutex_t lock;
	char root[PATH_MAX];
	bool clear;
};

/* A process normally serves one document root, so only the last result is kept. Under FastCGI every
 * request asks, so the paths are not resolved each time. */
static bool
root_check(struct seen *seen, const char *root)
{
	bool clear;

	if (root == NULL || *root == '\0')
		return true;
	pthread_mutex_lock(&seen->lock);
	if (strcmp(seen->root, root) != 0) {
		seen->clear = root_is_clear(root);
		if (snprintf(seen->root, sizeof seen->root, "%s", root) >= (int)sizeof seen->root)
			seen->root[0] = '\0';
	}
	clear = seen->clear;
	pthread_mutex_unlock(&seen->lock);
	return clear;
}

bool
docroot_is_clear(const struct gateway *g)
{
	static struct seen own = { .lock = PTHREAD_MUTEX_INITIALIZER };
	static struct seen context = { .lock = PTHREAD_MUTEX_INITIALIZER };

	return root_check(&own, gateway_variable(g, "DOCUMENT_ROOT")) &&
	       root_check(&context, gateway_variable(g, "CONTEXT_DOCUMENT_ROOT"));
}
