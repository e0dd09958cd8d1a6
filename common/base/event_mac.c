/* event_mac.c - the MAC of events, and its key; see event_mac.h. */
#include "common/base/event_mac.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "common/base/config.h"
#include "common/base/key_folder.h"
#include "common/base/log.h"
#include "common/base/random.h"

#define KEY_FILE "events.key"
#define KEY_BYTES crypto_generichash_KEYBYTES
#define MAC_BYTES crypto_generichash_BYTES

_Static_assert(EVENT_MAC_TEXT ==
		sodium_base64_ENCODED_LEN(MAC_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	"a MAC as text");

static unsigned char key[KEY_BYTES];

/* 1 if read, 0 if there is none, -1 on error. */
static int
key_read(const char *folder)
{
	char path[KEY_PATH];
	ssize_t n;
	int fd;

	if (!key_folder_path(path, folder, KEY_FILE))
		return -1;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return errno == ENOENT ? 0 : -1;
	n = read(fd, key, sizeof key);
	close(fd);
	return n == (ssize_t)sizeof key ? 1 : -1;
}

static int
key_create(const char *folder)
{
	int lock, found;

	if (!key_folder_make(folder) || (lock = key_folder_lock(folder)) < 0)
		return -1;
	if ((found = key_read(folder)) == 0) {
		random_fill(key, sizeof key);
		found = key_folder_write(folder, KEY_FILE, key, sizeof key) ? 1 : -1;
	}
	close(lock);
	return found;
}

bool
event_mac_load(void)
{
	char folder[KEY_PATH];
	int found = -1;

	if (config_folder(OPT_KEY_DIR, "keys", folder, sizeof folder) &&
	    (found = key_read(folder)) == 0)
		found = key_create(folder);
	if (found == 1)
		return true;
	log_error("could not read or create the key of events, %s/" KEY_FILE, folder);
	return false;
}

void
event_mac_write(const void *body, size_t bytes, char out[EVENT_MAC_TEXT])
{
	unsigned char mac[MAC_BYTES];

	crypto_generichash(mac, sizeof mac, body, bytes, key, sizeof key);
	sodium_bin2base64(out, EVENT_MAC_TEXT, mac, sizeof mac,
		sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool
event_mac_matches(const char *mac, const void *body, size_t bytes)
{
	char right[EVENT_MAC_TEXT];

	if (mac == NULL || strlen(mac) != EVENT_MAC_TEXT - 1)
		return false;
	event_mac_write(body, bytes, right);
	return sodium_memcmp(mac, right, EVENT_MAC_TEXT - 1) == 0;
}
