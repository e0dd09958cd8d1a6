/* keys.c - the signing keys in memory, ES256 by libcrypto; see keys.h.
 *
 * A process must see a new key before the first token signed with it. Tokens name their kid, so an
 * unknown kid triggers a check of the folder. That costs one stat() as long as the folder's mtime
 * has not changed. But mtime has the resolution of a clock tick: a file added in the tick in which
 * we read the folder does not change it. So we do not trust an mtime that was recent when we read
 * the folder, and read it once more. */
#include "domain/identity/keys.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "domain/identity/key_files.h"

/* How old the keys in memory can be before a verification looks at the folder again. */
#define CHECK_EVERY_MS 1000
#define RECENT_US (50 * US_PER_MS) /* several clock ticks */

static struct {
	pthread_mutex_t lock;
	char folder[512];
	struct key keys[KEYS_MAX];
	int count;
	bool read;
	instant_us folder_time; /* its mtime; 0 if not to be trusted */
	int64_t checked_ms;
} set = { .lock = PTHREAD_MUTEX_INITIALIZER };

static atomic_uint generation;

/* Reads no key yet: a CGI process that checks no token opens no key. */
bool
keys_start(bool make)
{
	if (!key_folder(set.folder, sizeof set.folder))
		return false;
	return !make || key_files_prepare(set.folder);
}

void
keys_stop(void)
{
	pthread_mutex_lock(&set.lock);
	key_files_free(set.keys, set.count);
	set.count = 0;
	set.read = false;
	pthread_mutex_unlock(&set.lock);
}

unsigned
keys_generation(void)
{
	return atomic_load(&generation);
}

/* ---- reading ---- */

static bool
same_keys(const struct key *keys, int count)
{
	if (count != set.count)
		return false;
	for (int i = 0; i < count; i++)
		if (strcmp(keys[i].kid, set.keys[i].kid) != 0)
			return false;
	return true;
}

/* A folder that cannot be read leaves the keys in use as they are. */
static void
folder_read(instant_us folder_time)
{
	struct key keys[KEYS_MAX];
	instant_us before = clock_now();
	int count = key_files_read(set.folder, keys);

	if (count < 0)
		return;
	if (!same_keys(keys, count)) {
		if (set.read)
			log_info("signing keys changed: %d keys, newest %s", count,
				count > 0 ? keys[0].kid : "none");
		atomic_fetch_add(&generation, 1);
	}
	key_files_free(set.keys, set.count);
	memcpy(set.keys, keys, (size_t)count * sizeof keys[0]);
	set.count = count;
	set.read = true;
	set.folder_time = before - folder_time > RECENT_US ? folder_time : 0;
}

/* The caller holds the lock, here and below. */
static void
folder_check(void)
{
	struct stat st;
	instant_us t;

	set.checked_ms = clock_monotonic_ms();
	if (stat(set.folder, &st) != 0) {
		log_error("could not read the key folder %s", set.folder);
		return;
	}
	t = (instant_us)st.st_mtim.tv_sec * US_PER_S + st.st_mtim.tv_nsec / 1000;
	if (!set.read || t != set.folder_time)
		folder_read(t);
}

static void
folder_check_if_due(void)
{
	if (!set.read || clock_monotonic_ms() - set.checked_ms >= CHECK_EVERY_MS)
		folder_check();
}

static const struct key *
key_find(const char *kid)
{
	for (int i = 0; i < set.count; i++)
		if (strcmp(set.keys[i].kid, kid) == 0)
			return set.keys[i].ends_at > clock_now() ? &set.keys[i] : NULL;
	return NULL;
}

/* The key pair of a kid, or NULL. Takes the lock. The caller frees the pair. Takes a reference of
 * its own, so the slow part, signing or verifying, runs without the lock. */
static EVP_PKEY *
pair_take(const char *kid, bool *readable)
{
	const struct key *k;
	EVP_PKEY *pair = NULL;

	pthread_mutex_lock(&set.lock);
	folder_check_if_due();
	if ((k = key_find(kid)) == NULL) {
		folder_check();
		k = key_find(kid);
	}
	if (k != NULL && EVP_PKEY_up_ref(k->pair) == 1)
		pair = k->pair;
	*readable = set.read;
	pthread_mutex_unlock(&set.lock);
	return pair;
}

/* ---- ES256: JOSE concatenates r and s, libcrypto uses DER ---- */

/* With (r, s) also (r, n - s) is valid, so anyone could change a token's text. We write the smaller
 * s, and accept no other. */
static const unsigned char order[32] = { 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3,
	0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51 };
static const unsigned char half_order[32] = { 0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42,
	0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8 };

static bool
is_high(const unsigned char s[32])
{
	return memcmp(s, half_order, sizeof half_order) > 0;
}

/* Replaces s by n - s. */
static void
negate(unsigned char s[32])
{
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int difference = order[i] - s[i] - borrow;

		borrow = difference < 0;
		s[i] = (unsigned char)(difference & 0xff);
	}
}

/* Padded on the left: DER drops leading zeros, and RFC 7518, 3.4 wants 32 bytes each. */
static bool
der_to_raw(const unsigned char *der, size_t n, unsigned char raw[KEY_SIGNATURE])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool good = sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32) == 32 &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32) == 32;

	ECDSA_SIG_free(sig);
	if (good && is_high(raw + 32))
		negate(raw + 32);
	return good;
}

/* The length of the DER; 0 if out of memory. ECDSA_SIG_set0() takes over both numbers, but only if
 * it succeeds. */
static int
raw_to_der(const unsigned char raw[KEY_SIGNATURE], unsigned char **der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, 32, NULL), *s = BN_bin2bn(raw + 32, 32, NULL);
	int n = 0;

	if (sig == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(sig, r, s) != 1) {
		BN_free(r);
		BN_free(s);
	} else {
		n = i2d_ECDSA_SIG(sig, der);
	}
	ECDSA_SIG_free(sig);
	return n > 0 ? n : 0;
}

static bool
pair_sign(EVP_PKEY *pair, const char *text, size_t bytes, unsigned char signature[KEY_SIGNATURE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char der[80];
	size_t n = sizeof der;
	bool good = context != NULL &&
		    EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair) == 1 &&
		    EVP_DigestSign(context, der, &n, (const unsigned char *)text, bytes) == 1;

	EVP_MD_CTX_free(context);
	return good && der_to_raw(der, n, signature);
}

static bool
pair_verify(EVP_PKEY *pair, const char *text, size_t bytes,
	const unsigned char signature[KEY_SIGNATURE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned char *der = NULL;
	int n = is_high(signature + 32) ? 0 : raw_to_der(signature, &der);
	bool good = n > 0 && context != NULL &&
		    EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pair) == 1 &&
		    EVP_DigestVerify(context, der, (size_t)n, (const unsigned char *)text,
			    bytes) == 1;

	OPENSSL_free(der);
	EVP_MD_CTX_free(context);
	return good;
}

/* ---- signing and verifying ---- */

/* Checks the folder every time: a rotation takes effect with the next token. */
enum error
keys_current(char kid[UUID_TEXT])
{
	enum error e = ERR_UNAVAILABLE;

	pthread_mutex_lock(&set.lock);
	folder_check();
	for (int i = 0; i < set.count && e != OK; i++)
		if (set.keys[i].ends_at > clock_now()) {
			memcpy(kid, set.keys[i].kid, UUID_TEXT);
			e = OK;
		}
	pthread_mutex_unlock(&set.lock);
	if (e != OK)
		log_error("no signing key in %s", set.folder);
	return e;
}

enum error
keys_sign(const char *kid, const char *text, size_t bytes, unsigned char signature[KEY_SIGNATURE])
{
	bool readable;
	EVP_PKEY *pair = pair_take(kid, &readable);
	bool good = pair != NULL && pair_sign(pair, text, bytes, signature);

	if (!good)
		log_error("could not sign with key %s", kid);
	EVP_PKEY_free(pair);
	return good ? OK : ERR_UNAVAILABLE;
}

/* If the folder could never be read, the fault is ours and not the token's. */
enum error
keys_verify(const char *kid, const char *text, size_t bytes,
	const unsigned char signature[KEY_SIGNATURE])
{
	bool readable;
	EVP_PKEY *pair = pair_take(kid, &readable);
	bool good = pair != NULL && pair_verify(pair, text, bytes, signature);

	EVP_PKEY_free(pair);
	if (good)
		return OK;
	return readable ? ERR_UNAUTHENTICATED : ERR_UNAVAILABLE;
}

/* ---- publishing ---- */

static bool
coordinate(const EVP_PKEY *pair, const char *name, char out[48])
{
	unsigned char bytes[32];
	BIGNUM *v = NULL;
	bool good = EVP_PKEY_get_bn_param(pair, name, &v) == 1 &&
		    BN_bn2binpad(v, bytes, sizeof bytes) == sizeof bytes;

	BN_free(v);
	if (good)
		sodium_bin2base64(out, 48, bytes, sizeof bytes,
			sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return good;
}

static json_t *
jwk(const struct key *k)
{
	char x[48], y[48];

	if (!coordinate(k->pair, OSSL_PKEY_PARAM_EC_PUB_X, x) ||
		!coordinate(k->pair, OSSL_PKEY_PARAM_EC_PUB_Y, y))
		return NULL;
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "kty", "EC", "crv", "P-256", "x", x,
		"y", y, "kid", k->kid, "alg", "ES256", "use", "sig");
}

json_t *
keys_jwks(void)
{
	json_t *keys = json_array();

	pthread_mutex_lock(&set.lock);
	folder_check();
	for (int i = 0; i < set.count; i++)
		if (set.keys[i].ends_at > clock_now())
			json_array_append_new(keys, jwk(&set.keys[i]));
	pthread_mutex_unlock(&set.lock);
	return json_pack("{s:o}", "keys", keys);
}
