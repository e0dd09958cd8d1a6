/* test_passwords.c - acceptable passwords; hashing, for existing and unknown accounts. */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "domain/identity/password_hash.c"
#include "domain/identity/password_rules.h"
#include "domain/identity/password_text.h"
#include "domain/identity/password_words.h"
#include "tests/unit/unit.h"

static void
refuses(const char *password)
{
	if (password_fault(password, "ada.lovelace@example.com") == NULL)
		fail_msg("%s was accepted", password);
}

static void
accepts(const char *password)
{
	const char *fault = password_fault(password, "ada.lovelace@example.com");

	if (fault != NULL)
		fail_msg("%s: %s", password, fault);
}

static void
length_counts_characters_and_bytes(void **state)
{
	char longest[PASSWORD_MAX + 2];

	(void)state;
	refuses("");
	refuses("k7#mQz!pX");
	accepts("k7#mQz!pXw");
	refuses("éèàùçâêîô");  /* nine characters, eighteen bytes */
	accepts("éèàùçâêîôû");
	for (size_t i = 0; i < sizeof longest; i++)
		longest[i] = (char)('a' + (i * i + i / 7) % 26);
	longest[PASSWORD_MAX + 1] = '\0';
	refuses(longest);
	longest[PASSWORD_MAX] = '\0';
	accepts(longest);
}

static void
common_ones_are_refused(void **state)
{
	static const char *const common[] = { "password12", "Password123!", "P@ssw0rd2026",
		"passw0rd!!", "1234567890", "0123456789", "0987654321", "12345678901234567890",
		"qwertyuiop", "QWERTYUIOP", "poiuytrewq", "asdfghjkl123", "1q2w3e4r5t6y",
		"abcdefghij", "jihgfedcba", "aaaaaaaaaa", "abababababab", "abcabcabcabc",
		"123123123123", "passwordpassword", "Monkey123monkey123", "iloveyou123",
		"ILoveYou!!!", "sunshine2020", "letmein1234", "administrator", "changeme123",
		"trustno1trustno1", "basketball", "football2025", "liverpoolfc", "1qaz2wsx3edc",
		"welcome2026!", "!!welcome!!", "michaeljordan23", "manchesterunited",
		"iloveyousomuch", "mypassword1", "1234567890a", "1234567890!", "x1234567890",
		"123456789z", "987654321a", "123456789é", "(1234567890)", "1234567qwerty",
		"qwerty1234567890", "1234asdf5678", "monkey1234567890", "P@ssw0rd123456789!",
		"zxcvbnmasdfghjkl", "qazwsxedcrfv", "vfrcdexswzaq", "1qaz2wsx3edc4rfv",
		"!QAZ@WSX#EDC", "zaq12wsxcde3", "3141592653", "31415926535897", "1357924680",
		"2468013579", "1122334455!", "asdasdasd1", "!asdasdasd", "xyzxyzxyzx9",
		"qwertqwert7", "alexandria", "Alexandria1", "xalexandria7" };

	(void)state;
	for (size_t i = 0; i < sizeof common / sizeof common[0]; i++)
		refuses(common[i]);
}

static void
good_ones_are_accepted(void **state)
{
	static const char *const good[] = { "correct horse battery staple", "correct horse battery",
		"a long enough phrase", "tests have long passwords", "an even longer phrase",
		"monkey84620193", "xK9$mPqL2@vN", "purple-teapot-7", "violet-otter-91-basket",
		"Tr0ub4dor&3x", "sunflower mountains", "tigerbanana", "navy4x!7q2k", "8264019375",
		"70318264951", "poor Theodore ate 4321 figs", "1234 reasons to leave",
		"ich mag keine Gurken", "рыба пила чай", "吾輩は猫である名前はまだ無い",
		"password is not my word" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		accepts(good[i]);
}

static void
the_address_is_not_a_password(void **state)
{
	(void)state;
	refuses("ada.lovelace@example.com");
	refuses("ADA.Lovelace");
	refuses("ada.lovelace1815");
	accepts("ada.lovelace likes engines");
	assert_null(password_fault("bob bought a boat", "bob@example.com"));
}

static void
prepares_to(const char *password, const char *expected)
{
	struct arena *arena = arena_new(65536);
	const char *prepared = password_prepare(arena, password);

	assert_string_equal(prepared, expected);
	if (strcmp(password, expected) == 0)
		assert_ptr_equal(prepared, password);
	assert_true(password_same(arena, password, expected));
	arena_free(arena);
}

/* RFC 8265, 4.2.1: spaces, NFC, and nothing else. */
static void
passwords_are_prepared(void **state)
{
	(void)state;
	prepares_to("", "");
	prepares_to("Correct  horse ", "Correct  horse ");
	prepares_to("cafe\u0301", "caf\u00e9");
	prepares_to("caf\u00e9", "caf\u00e9");
	prepares_to("\u212b", "\u00c5");                   /* the sign for angstrom */
	prepares_to("a\u3000b\u00a0c\u2003d", "a b c d");
	prepares_to("\ufb01 \uff21 \u00b2", "\ufb01 \uff21 \u00b2"); /* not NFKC */
	prepares_to("\u1112\u1161\u11ab", "\ud55c");      /* Jamo of one syllable */
	prepares_to("q\u0307\u0323", "q\u0323\u0307");     /* marks in their order */
}

static void
some_characters_are_refused(void **state)
{
	static const char *const bad[] = { "tab\tin the middle", "two\nlines are too many",
		"next\xc2\x85 line of C1", "line\u2028separator", "paragraph\u2029separator",
		"zero\u200bwidth space", "soft\u00adhyphen here", "right\u202eto left",
		"joined\u200dtogether", "a heart \u2764\ufe0f of paper", "private \ue000 use",
		"unassigned \u0378 one", "old \u113c hangul", "no\U0001fffecharacter" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		refuses(bad[i]);
	accepts("a heart \u2764 of paper");
	accepts("\u03b1\u03b2\u03b3 \u0434\u0435\u0436 \u05d0\u05d1\u05d2 \u4e2d\u6587");
	accepts("\U0001f511 keys \u20ac and \u00bd");
	accepts("\u0e01\u0e34\u0e19\u0e02\u0e49\u0e32\u0e27 kin khao");
}

static void
the_words_are_sorted(void **state)
{
	(void)state;
	assert_in_range(password_word_count, 500, 10000);
	for (size_t i = 1; i < password_word_count; i++)
		assert_true(strcmp(password_words[i - 1], password_words[i]) < 0);
}

static void
hashes_verify_and_age(void **state)
{
	char hash[PASSWORD_HASH], weaker[PASSWORD_HASH];

	(void)state;
	assert_int_equal(password_hash("tests have long passwords", hash), OK);
	assert_memory_equal(hash, "$argon2id$v=19$m=8192,t=1,p=1$", 30);
	assert_int_equal(password_verify(hash, "tests have long passwords"), OK);
	assert_int_equal(
		password_verify(hash, "Tests have long passwords"), ERR_INVALID_CREDENTIALS);
	assert_int_equal(password_verify(hash, ""), ERR_INVALID_CREDENTIALS);
	assert_false(password_outdated(hash));
	assert_int_equal(crypto_pwhash_str(weaker, "x", 1, 2, 16384 * 1024), 0);
	assert_true(password_outdated(weaker));
	assert_int_equal(password_verify(weaker, "x"), OK);
}

/* libsodium's own older kind, which an imported account can have; and invalid hashes. */
static void
hashes_of_other_kinds(void **state)
{
	char other[PASSWORD_HASH];

	(void)state;
	assert_int_equal(crypto_pwhash_argon2i_str(other, "x", 1, 3, 8192 * 1024), 0);
	assert_int_equal(password_verify(other, "x"), OK);
	assert_int_equal(password_verify(other, "y"), ERR_INVALID_CREDENTIALS);
	assert_int_equal(password_verify("", ""), ERR_INVALID_CREDENTIALS);
	assert_int_equal(
		password_verify("$argon2id$v=19$m=8192,t=1,p=1$", ""), ERR_INVALID_CREDENTIALS);
}

/* The hash needs 1 GiB, in a process that can only allocate another 64 MiB. */
static void
verify_without_memory(void)
{
	struct rlimit limit;
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%lu", &pages) != 1)
		_exit(2);
	limit.rlim_cur = limit.rlim_max = pages * (unsigned long)sysconf(_SC_PAGESIZE) + (64 << 20);
	if (setrlimit(RLIMIT_AS, &limit) != 0)
		_exit(2);
	_exit(password_verify("$argon2id$v=19$m=1048576,t=1,p=1$bm9ib2R5J3Mgc2FsdC4uLg$"
			      "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		      "x") != ERR_OVERLOADED);
}

static void
out_of_memory_is_not_a_wrong_password(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		verify_without_memory();
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

/* libsodium would refuse a malformed hash without computing anything, and the time would reveal
 * that. */
static void
an_unknown_address_costs_as_much_as_a_known_one(void **state)
{
	char hash[PASSWORD_HASH];

	(void)state;
	placeholder_hash(hash);
	assert_int_equal(crypto_pwhash_str_needs_rehash(hash, passes(), memory()), 0);
	assert_int_equal(password_verify(NULL, ""), ERR_INVALID_CREDENTIALS);
	assert_int_equal(
		password_verify(NULL, "tests have long passwords"), ERR_INVALID_CREDENTIALS);
}

static const struct client nobody = { NULL, NULL };

static void *
enter_and_leave(void *refused)
{
	if (password_enter(NULL, &nobody) != OK) {
		__atomic_add_fetch((int *)refused, 1, __ATOMIC_SEQ_CST);
		return NULL;
	}
	password_leave();
	return NULL;
}

static void
the_number_of_waiters_is_limited(void **state)
{
	enum { INSIDE = 2 + ADMITTED_EXTRA, QUEUE = 4, TOO_MANY = 3 };
	pthread_t threads[QUEUE + TOO_MANY];
	int refused = 0;

	(void)state;
	for (int i = 0; i < INSIDE; i++)
		assert_int_equal(password_enter(NULL, &nobody), OK);
	for (int i = 0; i < QUEUE + TOO_MANY; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, enter_and_leave, &refused), 0);
	while (__atomic_load_n(&refused, __ATOMIC_SEQ_CST) < TOO_MANY)
		usleep(1000);
	for (int i = 0; i < INSIDE; i++)
		password_leave();
	for (int i = 0; i < QUEUE + TOO_MANY; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(refused, TOO_MANY);
	assert_int_equal(admission.inside, 0);
	assert_int_equal(admission.waiting, 0);
}

static void *
hash_and_verify(void *done)
{
	char hash[PASSWORD_HASH];

	assert_int_equal(password_hash("a password", hash), OK);
	assert_int_equal(password_verify(hash, "a password"), OK);
	__atomic_add_fetch((int *)done, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

static bool
waits(void)
{
	bool one;

	pthread_mutex_lock(&hashing.lock);
	one = hashing.waiting == 1;
	pthread_mutex_unlock(&hashing.lock);
	return one;
}

static void
the_number_of_hashers_is_limited(void **state)
{
	pthread_t thread;
	int done = 0;

	(void)state;
	hashing_begin();
	hashing_begin();
	assert_int_equal(pthread_create(&thread, NULL, hash_and_verify, &done), 0);
	while (!waits())
		usleep(1000);
	assert_int_equal(__atomic_load_n(&done, __ATOMIC_SEQ_CST), 0);
	hashing_end();
	pthread_join(thread, NULL);
	assert_int_equal(done, 1);
	hashing_end();
	assert_int_equal(hashing.inside, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(length_counts_characters_and_bytes),
		cmocka_unit_test(common_ones_are_refused),
		cmocka_unit_test(good_ones_are_accepted),
		cmocka_unit_test(the_address_is_not_a_password),
		cmocka_unit_test(passwords_are_prepared),
		cmocka_unit_test(some_characters_are_refused),
		cmocka_unit_test(the_words_are_sorted),
		cmocka_unit_test(hashes_verify_and_age),
		cmocka_unit_test(hashes_of_other_kinds),
		cmocka_unit_test(out_of_memory_is_not_a_wrong_password),
		cmocka_unit_test(an_unknown_address_costs_as_much_as_a_known_one),
		cmocka_unit_test(the_number_of_waiters_is_limited),
		cmocka_unit_test(the_number_of_hashers_is_limited),
	};

	if (setenv("ARGON2_MEMORY", "8m", 1) != 0 || setenv("ARGON2_PASSES", "1", 1) != 0 ||
		setenv("ARGON2_QUEUE", "4", 1) != 0 || setenv("ARGON2_CONCURRENCY", "2", 1) != 0 ||
		!config_load() || sodium_init() < 0)
		return 1;
	return RUN(tests);
}
