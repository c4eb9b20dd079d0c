#!/usr/bin/env bash
# make aws-logs: follow the service's log and first boots (SINCE=1h by default).
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

preflight
exec aws logs tail "/$name/app" --since "${SINCE:-1h}" --follow
