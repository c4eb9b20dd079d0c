#!/usr/bin/env bash
# make aws-shell: open a session on an instance (INSTANCE=i-..., or the first that runs).
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need session-manager-plugin 'see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html'
preflight
instance=${INSTANCE:-$(instances | awk '{print $1; exit}')}
[[ -n $instance ]] || die "no instance of $name runs: see the Auto Scaling group's activity."
say "Session on $instance (the service: sudo docker logs -f adultapi)"
exec aws ssm start-session --target "$instance"
