#!/usr/bin/env bats
# roles.bats - who may call which route: every row of the route tables, as the programs print them,
# so that a new one is tested.

load ../helper

# routes WHO - "METHOD PATH" of the rows with it, each {id} being one that nothing has.
routes() {
	local service
	for service in auth wallet statement; do
		"$BUILD/$service" --routes || return 1
	done | awk -F '\t' -v who="$1" '$3 == who { gsub(/\{[^}]*\}/, "00000000-0000-7000-8000-000000000000", $2); print $1, $2 }'
}

# each_route WHO - calls them all as the user of $TOKEN; after each comes the file's answered().
each_route() {
	local route all json
	mapfile -t all < <(routes "$1")
	[ "${#all[@]}" -ge 3 ] || { echo "only ${#all[@]} routes for $1" && return 1; }
	for route in "${all[@]}"; do
		json='{}'
		[[ $route != GET* && $route != DELETE* ]] || json=
		api "${route% *}" "${route#* }" "$json"
		answered || { echo "$route" && return 1; }
	done
}

@test "each row of the tables has a rule that this file tests, or is open to anyone" {
	for service in auth wallet statement; do "$BUILD/$service" --routes; done >"$BATS_TEST_TMPDIR/routes"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/routes")" -gt 15 ]
	[ "$(cut -f 3 "$BATS_TEST_TMPDIR/routes" | sort -u | paste -sd ' ')" = 'anyone operator signed_in' ]
}

@test "without a token, every route that is not open answers 401" {
	TOKEN=
	answered() { expect 401 unauthenticated; }
	each_route signed_in
	each_route operator
}

@test "with a customer's token, every operator's route answers 403" {
	a_user
	answered() { expect 403 forbidden; }
	each_route operator
}

@test "with an operator's token, the same calls are judged by what they say" {
	a_user
	an_operator
	TOKEN=$OPERATOR
	answered() { [[ $status_code =~ ^(200|400|404|422)$ ]]; }
	each_route operator
}
