# shellcheck shell=bash
# settings.sh - the folders and options of this copy of Purse. Sourced after common.sh.
#
# An option comes from the environment, else from the file .env at the root, else from the values
# generated for this DATA_DIR. The result goes to DATA_DIR/purse.env, which every program reads.
# DATA_DIR/state.env keeps values between runs (passwords, ports). Only their owner can read them.

declare -A DOTENV=() STATE=()

# read_assignments FILE ARRAY - reads the file's NAME=value lines into the associative array.
read_assignments() {
	local -n into=$2
	local name value
	while IFS='=' read -r name value || [ -n "$name" ]; do
		name=${name//[[:space:]]/}
		[[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
		value=${value#"${value%%[![:space:]]*}"}
		value=${value%"${value##*[![:space:]]}"}
		[[ $value == \"*\" ]] && value=${value:1:-1}
		into["$name"]=$value
	done <"$1"
}

# setting NAME [DEFAULT] - prints the user's value of an option, else the default.
setting() {
	local given=${!1:-}
	[ -n "$given" ] || given=${DOTENV[$1]:-}
	printf '%s' "${given:-${2:-}}"
}

# option NAME - the same for an option of common/base/config.def, the only place with its default.
option() {
	setting "$1" "$(sed -n "s/^OPTION($1, [A-Z]*, \"\([^\"]*\)\".*/\1/p" \
		"$ROOT/common/base/config.def")"
}

[ ! -f "$ROOT/.env" ] || read_assignments "$ROOT/.env" DOTENV

DATA=$(absolute "$(option DATA_DIR)")
RUN=$DATA/run
LOG=$DATA/log
SERVICES=$DATA/service
CONFIG=$DATA/purse.env
PROGRAMS_DIR=$(absolute "${BUILD:-build}")
[ ! -r "$DATA/state.env" ] || read_assignments "$DATA/state.env" STATE

# front_at PORT BIND - sets the variables that say where the front listens.
front_at() {
	GATEWAY_PORT=$1
	BIND=$2
	BASE_URL=http://localhost:$GATEWAY_PORT
	# The front's address on this machine, whatever BIND is. No proxy is in front of it.
	case $BIND in
	0.0.0.0) GATEWAY_URL=http://127.0.0.1:$GATEWAY_PORT ;;
	::) GATEWAY_URL="http://[::1]:$GATEWAY_PORT" ;;
	*:*) GATEWAY_URL="http://[$BIND]:$GATEWAY_PORT" ;;
	*) GATEWAY_URL=http://$BIND:$GATEWAY_PORT ;;
	esac
}
# Where the copy was started last. Only tools/up looks at the options first.
front_at "${STATE[PORT]:-$(option PORT)}" "${STATE[BIND]:-$(option BIND)}"
# Health checks of the handlers bypass the front, which has its own check: front_answers.
GATEWAY_SOCKET=$RUN/gateway/gateway.sock
handler_healthy() {
	curl -fsS -m 5 -o /dev/null --unix-socket "$GATEWAY_SOCKET" "http://gateway/health/$1" \
		2>/dev/null
}
# True if the handler is alive, whatever the state of its database.
handler_answers() { handler_healthy "$1/live"; }
front_answers() {
	curl -sS --noproxy '*' -m 5 -o /dev/null "$GATEWAY_URL/openapi.yaml" 2>/dev/null
}

# Prints the scheme, host and port of AMQP_URL; amqps has its own default port.
amqp_address() {
	local scheme host port
	read -r scheme host port < <(printf '%s\n' "$(amqp_url)" |
		sed -E 's#^(amqps?)://([^@/]*@)?(\[[^]]*\]|[^:/]*):?([0-9]*).*#\1 \3 \4#')
	[ -n "$port" ] || { if [ "$scheme" = amqps ]; then port=5671; else port=5672; fi; }
	printf '%s %s %s\n' "$scheme" "$host" "$port"
}

# remember NAME VALUE - keeps a value for the next run of this DATA_DIR.
remember() {
	STATE[$1]=$2
	local name
	for name in "${!STATE[@]}"; do printf '%s=%s\n' "$name" "${STATE[$name]}"; done | sort |
		write_private "$DATA/state.env"
}

# Prints the names of all options.
option_names() { sed -n 's/^OPTION(\([A-Z0-9_]*\),.*/\1/p' "$ROOT/common/base/config.def"; }

# Percent-encodes a value for the query of a URL.
url_encode() {
	local LC_ALL=C text=$1 out='' i c
	for ((i = 0; i < ${#text}; i++)); do
		c=${text:i:1}
		case $c in
		[A-Za-z0-9/._~-]) out+=$c ;;
		*) printf -v c '%%%02X' "'$c" && out+=$c ;;
		esac
	done
	printf '%s' "$out"
}

# private_url SERVICE ROLE [tcp] - prints the URL of a database on the private server: by its
# socket, which is faster, or by TCP, which every client library supports.
private_url() {
	local db=purse_$1 role=purse_$1_$2 password=${STATE[PASSWORD_${1^^}_${2^^}]:-}
	if [ "${3:-}" = tcp ]; then
		printf 'postgresql://%s:%s@127.0.0.1:%s/%s' "$role" "$password" \
			"${STATE[POSTGRES_PORT]:-}" "$db"
	else
		printf 'postgresql://%s:%s@/%s?host=%s&port=%s' "$role" "$password" "$db" \
			"$(url_encode "$RUN/postgres")" "${STATE[POSTGRES_PORT]:-}"
	fi
}
# private_amqp_url [RELAY|CONSUMER|PUBLISHER] - prints the address of the private broker for one of
# its users; without a name, for the operator, who can do everything.
private_amqp_url() {
	local password=PASSWORD_AMQP${1:+_$1} name=${1:+_${1,,}}
	printf 'amqp://purse%s:%s@127.0.0.1:%s/%%2f' "$name" "${STATE[$password]:-}" \
		"${STATE[AMQP_PORT]:-}"
}

# A URL in the environment can be our own server's (from `make -s env`): that one is not external.
external_database() {
	local url
	url=$(setting "${1^^}_DATABASE_URL")
	[ -n "$url" ] && [ "$url" != "$(private_url "$1" app)" ] &&
		[ "$url" != "$(private_url "$1" app tcp)" ]
}
external_amqp() {
	local url
	url=$(setting AMQP_URL)
	[ -n "$url" ] && [ "$url" != "$(private_amqp_url)" ]
}
database_url() { # SERVICE [tcp]
	if external_database "$1"; then
		setting "${1^^}_DATABASE_URL"; else private_url "$1" app "${2:-}"; fi
}
amqp_url() { if external_amqp; then setting AMQP_URL; else private_amqp_url; fi; }

needs_postgres() {
	! { external_database auth && external_database wallet && external_database statement; }
}
needs_rabbitmq() { ! external_amqp; }

# Writes purse.env.
write_settings() {
	local name service user
	{
		echo "# purse.env - written by tools/up for the programs;" \
			"make changes in .env at the root of the sources."
		for name in $(option_names); do
			case $name in
			AUTH_DATABASE_URL) echo "$name=$(database_url auth)" ;;
			AUTH_DATABASE_OWNER_URL | STATEMENT_DATABASE_OWNER_URL)
				service=${name%%_*}
				if ! external_database "${service,,}"; then
					echo "$name=$(private_url "${service,,}" owner)"
				elif [ -n "$(setting "$name")" ]; then
					echo "$name=$(setting "$name")"
				fi
				;;
			WALLET_DATABASE_URL) echo "$name=$(database_url wallet)" ;;
			STATEMENT_DATABASE_URL) echo "$name=$(database_url statement)" ;;
			AMQP_URL) echo "$name=$(amqp_url)" ;;
			AMQP_RELAY_URL | AMQP_CONSUMER_URL)
				user=${name#AMQP_} user=${user%_URL}
				if ! external_amqp; then
					echo "$name=$(private_amqp_url "$user")"
				elif [ -n "$(setting "$name")" ]; then
					echo "$name=$(setting "$name")"
				fi
				;;
			DATA_DIR) echo "$name=$DATA" ;;
			KEY_DIR) echo "$name=$(absolute "$(setting KEY_DIR "$DATA/keys")")" ;;
			STATEMENT_DIR)
				echo "$name=$(absolute "$(setting "$name" "$DATA/statements")")"
				;;
			PUBLIC_URL) echo "$name=$(setting PUBLIC_URL "$BASE_URL")" ;;
			PORT) echo "$name=$GATEWAY_PORT" ;;
			BIND) echo "$name=$BIND" ;;
			# the gateway sets these
			SENDFILE | LISTEN | GATEWAY_IDENTITY | WALLET_SERVICE) ;;
			*) if [ -n "$(setting "$name")" ]; then
				echo "$name=$(setting "$name")"; fi ;;
			esac
		done
	} | write_private "$CONFIG"
}

# bytes_of SIZE - prints a size such as 64k in bytes, as common/base/config.c reads it.
bytes_of() {
	case $1 in
	*k) echo $((${1%k} * 1024)) ;;
	*m) echo $((${1%m} * 1048576)) ;;
	*) echo "$1" ;;
	esac
}

# seconds_of TIME - prints a time such as 10m in whole seconds, as common/base/config.c reads it.
seconds_of() {
	case $1 in
	*ms) echo $(((${1%ms} + 999) / 1000)) ;;
	*s) echo "${1%s}" ;;
	*m) echo $((${1%m} * 60)) ;;
	*h) echo $((${1%h} * 3600)) ;;
	*d) echo $((${1%d} * 86400)) ;;
	*) echo $((($1 + 999) / 1000)) ;;
	esac
}
