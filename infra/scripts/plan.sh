#!/usr/bin/env bash
# make plan: show what `make deploy` of this commit would change, and change nothing.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib_release.sh
source "$infra/scripts/lib_release.sh"

need git 'install it with the packages of your system'
preflight
need_deployment
plan "$(commit_tag)"
