#!/bin/sh
# Replace the ${NAMES} in nginx.conf by the settings of the environment, then start nginx.
set -eu

# check NAME VALUE PATTERN HINT: stop unless the value matches the extended regular expression.
check() {
	printf '%s\n' "$2" | grep -Eqx "$3" || {
		echo "Error: $1 is '$2': set it to $4." >&2
		exit 1
	}
}

SERVICE=${SERVICE:-web:8000}
SERVICE_CONNECTIONS=${SERVICE_CONNECTIONS:-32}
TRUSTED_PROXIES=${TRUSTED_PROXIES:-}
SECURE_PROXY_HEADER=${SECURE_PROXY_HEADER:-X-Forwarded-Proto}
SCRIPT_NAME=${SCRIPT_NAME:-}
RATE_LIMIT=${RATE_LIMIT:-50r/s}
RATE_BURST=${RATE_BURST:-100}
CONNECTION_LIMIT=${CONNECTION_LIMIT:-100}
CACHE_SIZE=${CACHE_SIZE:-1g}
PORT=${PORT:-8080}
CACHE_DIR=${CACHE_DIR:-/var/cache/nginx/answers}
RUN_DIR=${RUN_DIR:-/tmp}

number='[1-9][0-9]{0,8}'
check SERVICE "$SERVICE" '[]A-Za-z0-9_.:[-]+:[0-9]+(,[]A-Za-z0-9_.:[-]+:[0-9]+)*' \
	'HOST:PORT, or several separated by commas'
check SERVICE_CONNECTIONS "$SERVICE_CONNECTIONS" "$number" 'a whole number'
network='[0-9a-fA-F]*[.:][0-9a-fA-F.:]+(/[0-9]+)?'
check TRUSTED_PROXIES "$TRUSTED_PROXIES" "($network(,$network)*)?" \
	'addresses or networks such as 10.0.0.0/8, separated by commas'
check SECURE_PROXY_HEADER "$SECURE_PROXY_HEADER" '[A-Za-z0-9-]+' 'the name of a header'
check SCRIPT_NAME "$SCRIPT_NAME" '(/[A-Za-z0-9._~-]+)*' 'a path without a trailing slash'
check RATE_LIMIT "$RATE_LIMIT" "${number}r/[sm]" 'requests per second or minute, such as 50r/s'
check RATE_BURST "$RATE_BURST" "$number" 'a whole number'
check CONNECTION_LIMIT "$CONNECTION_LIMIT" "$number" 'a whole number'
check CACHE_SIZE "$CACHE_SIZE" "${number}[kmg]" 'a size such as 500m or 1g'
check PORT "$PORT" "$number" 'a port'

# each LIST FORMAT: print each item of a comma-separated list in the format.
each() {
	for one in $(printf '%s' "$1" | tr ',' ' '); do
		# shellcheck disable=SC2059 # the format is one of those below
		printf "$2" "$one"
	done
}

here=$(dirname "$0")
sed -e "s|\${SERVERS}|$(each "$SERVICE" "server %s max_conns=$SERVICE_CONNECTIONS max_fails=1 fail_timeout=2s; ")|" \
	-e "s|\${HEALTH_SERVERS}|$(each "$SERVICE" 'server %s; ')|" \
	-e "s|\${REAL_IP_FROM}|$(each "$TRUSTED_PROXIES" 'set_real_ip_from %s; ')|" \
	-e "s|\${TRUSTED}|$(each "$TRUSTED_PROXIES" '%s 1; ')|" \
	-e "s|\${PROTO_HEADER}|$(printf '%s' "$SECURE_PROXY_HEADER" | tr 'A-Z-' 'a-z_')|" \
	-e "s|\${SCRIPT_NAME}|$SCRIPT_NAME|g" \
	-e "s|\${RATE_TEXT}|$(printf '%s' "$RATE_LIMIT" | sed 's|r/s| requests a second|; s|r/m| requests a minute|')|" \
	-e "s|\${RATE_LIMIT}|$RATE_LIMIT|" \
	-e "s|\${RATE_BURST}|$RATE_BURST|g" \
	-e "s|\${CONNECTION_LIMIT}|$CONNECTION_LIMIT|g" \
	-e "s|\${CACHE_SIZE}|$CACHE_SIZE|" \
	-e "s|\${CACHE_DIR}|$CACHE_DIR|" \
	-e "s|\${RUN_DIR}|$RUN_DIR|" \
	-e "s|\${PORT}|$PORT|" \
	"$here/nginx.conf" >"$RUN_DIR/nginx.conf"

exec nginx -e /dev/stderr -c "$RUN_DIR/nginx.conf" -g 'daemon off;' "$@"
