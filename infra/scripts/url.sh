#!/usr/bin/env bash
# make url: print where the service answers, and nothing else.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

preflight >&2
need_deployment
url=$(output url)
[[ -n $url ]] || die "no URL is known yet: run \`make deploy\`."
echo "$url"
