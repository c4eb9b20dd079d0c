#!/usr/bin/env bash
# make aws-shell: open a session on an instance (INSTANCE=i-..., or the first running one).
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need_sessions
preflight
instance=$(an_instance)
say "Session on $instance (the service: sudo docker logs -f adultapi)"
exec aws ssm start-session --target "$instance"
