#!/usr/bin/env bash
# make aws-logs: follow the log of nginx, the service and first boots, from SINCE minutes ago (60).
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

since=${SINCE:-60}
[[ $since =~ ^[0-9]{1,6}$ ]] || die "SINCE is '$since': set it to a number of minutes."
preflight
exec aws logs tail "/$name/app" --follow --format short --since "${since}m"
