# Putting a version of the launch template into service. For deploy.sh and rollback.sh.
# shellcheck shell=bash

stall_seconds=${STALL_SECONDS:-1800} # longer than a boot may take

# Resources whose content cannot be recreated.
precious='aws_(db_instance|lb|s3_bucket|kms_key|ecr_repository)'

# Usage: plan TAG [OPTION...]
plan() { tf plan "${variables[@]}" -var "image_tag=$1" "${@:2}"; }

# Usage: plan_release TAG: write the plan to the file $planned; ask for confirmation if something precious
# would be lost.
plan_release() {
  local lost
  planned=$(mktemp)
  trap 'rm -f "$planned" "$planned.text"' EXIT
  plan "$1" -out="$planned" | tee "$planned.text"
  lost=$(sed $'s/\033\\[[0-9;]*m//g' "$planned.text" | grep -E "^  # $precious\..* (destroyed|replaced)" || true)
  if [[ -n $lost ]]; then
    printf '%s\n' "$lost" >&2
    confirm 'This plan destroys or replaces the resources above, with their content.'
  fi
}

# The version of the launch template that the group holds: what new instances start with.
group_version() {
  aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$name" \
    --query 'AutoScalingGroups[0].LaunchTemplate.Version' --output text
}

# Usage: version_text ID VERSION: the version, with the image and AMI that it starts.
version_text() {
  echo "version $2 ($(aws ec2 describe-launch-template-versions --launch-template-id "$1" --versions "$2" \
    --query 'LaunchTemplateVersions[0].VersionDescription' --output text))"
}

# The latest instance refresh: id, status, percentage, instances left; "None" where there was none.
latest_refresh() {
  aws autoscaling describe-instance-refreshes --auto-scaling-group-name "$name" --max-records 1 --output text \
    --query 'InstanceRefreshes[0].[InstanceRefreshId,Status,PercentageComplete,InstancesToUpdate]'
}

# Wait for the latest instance refresh to end; fail unless it succeeds. A refresh without progress is
# rolled back. There is no limit on the total time, which grows with the group.
follow_refresh() {
  local seen='' answer status percent since=$SECONDS taken_back=''
  while true; do
    answer=$(latest_refresh) || answer='? unknown'
    read -r _ status percent _ <<<"$answer"
    case $status in
      '' | Successful) return 0 ;; # or there is none
      unknown | Pending | InProgress | Baking | Cancelling | RollbackInProgress) ;;
      *)
        say "Instance refresh: $status: $(aws autoscaling describe-instance-refreshes --max-records 1 \
          --auto-scaling-group-name "$name" --query 'InstanceRefreshes[0].StatusReason' --output text)"
        return 1
        ;;
    esac
    say "Instance refresh: $status${percent:+, ${percent/None/0} %}"
    if [[ $answer != "$seen" ]]; then
      seen=$answer since=$SECONDS
    elif ((SECONDS - since >= stall_seconds)); then
      say "No progress for $stall_seconds s"
      [[ -z $taken_back ]] || return 1
      aws autoscaling rollback-instance-refresh --auto-scaling-group-name "$name" >/dev/null || return 1
      taken_back=1 since=$SECONDS
    fi
    sleep "$poll_seconds"
  done
}

# The alarm that rolls a release back, unless it fires already: it would roll back the fix as well.
watching_alarm() {
  local alarm=$name-failing-requests state
  state=$(aws cloudwatch describe-alarms --alarm-names "$alarm" --query 'MetricAlarms[0].StateValue' --output text) || return
  if [[ $state != ALARM ]]; then
    printf ',"AlarmSpecification":{"Alarms":["%s"]}' "$alarm"
  fi
}

# Usage: put_into_service ID VERSION: replace the instances by instances of that version of the template.
# The group keeps the version before until all of them serve; if they do not, AWS rolls back to it.
put_into_service() {
  local before preferences alarm
  before=$(group_version)
  [[ $before != "$2" ]] || return 0
  say "Replacing $(version_text "$1" "$before") by $(version_text "$1" "$2")"
  preferences='"MinHealthyPercentage":100,"MaxHealthyPercentage":150,"InstanceWarmup":60,"AutoRollback":true,"SkipMatching":true'
  alarm=$(watching_alarm)
  aws autoscaling start-instance-refresh --auto-scaling-group-name "$name" --output text >/dev/null \
    --desired-configuration "LaunchTemplate={LaunchTemplateId=$1,Version=$2}" \
    --preferences "{$preferences$alarm}"
  follow_refresh ||
    die "$(version_text "$1" "$2") is not in service. The group keeps $(version_text "$1" "$(group_version)"), which serves and which new instances start with. \`make aws-logs\` shows why: see the latest streams, among them INSTANCE/boot and INSTANCE/prepare."
}

# Ask the load balancer itself, under the host name of the URL, which may not point at it yet. The
# load balancer's own name resolves about a minute after its creation.
confirm_ready() {
  local url balancer deadline=$((SECONDS + 600))
  url=$(output url)
  balancer=$(output dns_name)
  say "Asking $url/readyz of $balancer"
  until curl --fail --silent --show-error --max-time 10 --output /dev/null --connect-to "::$balancer:" "$url/readyz"; do
    ((SECONDS < deadline)) || die "$url/readyz does not answer 200 after ten minutes: see \`make aws-logs\`."
    sleep "$poll_seconds"
  done
  say 'In service'
  if ! curl --fail --silent --max-time 10 --output /dev/null "$url/readyz"; then
    say "$url does not reach it yet: point the name at $balancer (CNAME or alias)"
  fi
  [[ -n $(output alarm_email) ]] || say 'Nobody is told of alarms: set alarm_email'
  echo "    instances  $(instances | tr '\t\n' '  ')"
  echo '    session    make aws-shell, make ssh'
  echo "    log        make aws-logs   (/$name/app)"
  echo "    url        $url"
}
