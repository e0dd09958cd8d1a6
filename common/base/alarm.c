/* alarm.c - alarms as JSON; see alarm.h. */
#include "common/base/alarm.h"

json_t *
alarms_json(const struct alarm list[], size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++) {
		char since[INSTANT_TEXT];

		instant_format(list[i].since, since);
		(void)json_array_append_new(array,
			json_pack("{s:s, s:s, s:s}", "code", list[i].code, "subject",
				list[i].subject, "since", since));
	}
	return json_pack("{s:o}", "alarms", array);
}
