#!/usr/bin/env bash
# make aws-logs: follow the service's log and first boots, from SINCE minutes ago (60).
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

since=${SINCE:-60}
[[ $since =~ ^[0-9]{1,6}$ ]] || die "SINCE is '$since': set it to a number of minutes."
preflight

# Lines reach the log group within seconds, from one instance sooner than from another.
settled() { echo "$((($(date +%s) - 5) * 1000))"; }

from=$(($(settled) - since * 60 * 1000))
while true; do
  to=$(settled)
  aws logs filter-log-events --log-group-name "/$name/app" --start-time "$from" \
    --end-time "$((to - 1))" --query 'events[].[logStreamName, message]' --output text
  from=$to
  sleep "$poll_seconds"
done
