/* caller.c - role names; see caller.h. */
#include "common/base/caller.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned role;
} names[] = {
	{ "customer", ROLE_CUSTOMER },
	{ "operator", ROLE_OPERATOR },
	{ "service", ROLE_SERVICE },
};

#define NAME_COUNT (sizeof names / sizeof names[0])

/* An unknown name gives no rights, so a newer service can introduce a role. */
static unsigned
role_from_part(const char *name, size_t n)
{
	for (size_t i = 0; i < NAME_COUNT; i++)
		if (strlen(names[i].name) == n && strncmp(names[i].name, name, n) == 0)
			return names[i].role;
	return 0;
}

unsigned
role_from_name(const char *name)
{
	return role_from_part(name, strlen(name));
}

unsigned
roles_from_text(const char *text)
{
	unsigned roles = 0;

	while (text != NULL && *text != '\0') {
		size_t n = strcspn(text, ",");

		roles |= role_from_part(text, n);
		text += n + (text[n] == ',');
	}
	return roles;
}

void
roles_to_text(unsigned roles, char out[ROLES_TEXT])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < NAME_COUNT; i++)
		if ((roles & names[i].role) != 0)
			n += (size_t)snprintf(out + n, ROLES_TEXT - n, "%s%s", n > 0 ? "," : "",
				names[i].name);
}

json_t *
roles_to_json(unsigned roles)
{
	json_t *array = json_array();

	for (size_t i = 0; i < NAME_COUNT; i++)
		if ((roles & names[i].role) != 0)
			json_array_append_new(array, json_string(names[i].name));
	return array;
}

bool
roles_from_json(const json_t *array, unsigned *roles)
{
	*roles = 0;
	if (!json_is_array(array))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const char *name = json_string_value(json_array_get(array, i));

		if (name == NULL)
			return false;
		*roles |= role_from_name(name);
	}
	return true;
}
