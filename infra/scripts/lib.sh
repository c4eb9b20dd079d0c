# Shared by the scripts beside it: settings, checks, and the steps that several of them take.
# shellcheck shell=bash
set -euo pipefail

infra=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment=${ENVIRONMENT:-production}
region=${AWS_REGION:-${AWS_DEFAULT_REGION:-us-east-1}}
name=adultapi-$environment
poll_seconds=${POLL_SECONDS:-10}
export AWS_REGION=$region AWS_DEFAULT_REGION=$region AWS_PAGER='' TF_IN_AUTOMATION=1 TF_INPUT=0

[[ -t 1 ]] || export TF_CLI_ARGS=-no-color

variables=(-var "environment=$environment" -var "region=$region")
if [[ -f $infra/$environment.tfvars ]]; then
  variables+=(-var-file "$environment.tfvars")
fi

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Usage: need COMMAND WHERE-FROM
need() { command -v "$1" >/dev/null || die "$1 is not installed: $2."; }

tf() { terraform -chdir="$infra" "$@"; }

# Check what every script needs, and name the account and the bucket of its state.
preflight() {
  need terraform 'get 1.11 or later from https://developer.hashicorp.com/terraform/install'
  need aws 'get the AWS CLI from https://aws.amazon.com/cli/'
  account=$(aws sts get-caller-identity --query Account --output text) ||
    die 'AWS accepts no credentials: run `aws sso login` or `aws configure`, or set AWS_PROFILE.'
  bucket=adultapi-state-$account-$region
  say "Environment $environment in account $account, $region"
}

# The policy is the last thing bootstrap/ makes: with it the bucket is complete.
state_exists() { aws s3api get-bucket-policy --bucket "$bucket" >/dev/null 2>&1; }

bootstrap() {
  local root=$infra/bootstrap settings=(-var "bucket=$bucket" -var "region=$region")
  say "Making the bucket for Terraform's state: $bucket"
  terraform -chdir="$root" init -reconfigure -lockfile=readonly \
    -backend-config="path=$bucket.tfstate" >/dev/null
  # An earlier attempt, from another machine perhaps, got as far as the bucket: take it over.
  if aws s3api head-bucket --bucket "$bucket" >/dev/null 2>&1 &&
    ! terraform -chdir="$root" state list aws_s3_bucket.state 2>/dev/null | grep -q .; then
    terraform -chdir="$root" import "${settings[@]}" aws_s3_bucket.state "$bucket"
  fi
  terraform -chdir="$root" apply -auto-approve "${settings[@]}"
}

init() {
  tf init -reconfigure -lockfile=readonly -backend-config="bucket=$bucket" \
    -backend-config="region=$region" -backend-config="key=$environment/terraform.tfstate" >/dev/null
}

# For scripts that look at what is there.
need_deployment() {
  state_exists || die "nothing is deployed in this account and region: run \`make deploy\`."
  init
}

output() { tf output -raw "$1" 2>/dev/null; }

# Usage: image_exists TAG
image_exists() {
  aws ecr describe-images --repository-name "$name" --image-ids "imageTag=$1" >/dev/null 2>&1
}

# The latest instance refresh: its id, status and percentage; "None" where there was none.
latest_refresh() {
  aws autoscaling describe-instance-refreshes --auto-scaling-group-name "$name" --max-records 1 \
    --query 'InstanceRefreshes[0].[InstanceRefreshId,Status,PercentageComplete]' --output text
}

# Usage: follow_refresh ID-BEFORE: wait for the refresh that the apply has started, if any.
# Fails when it is rolled back, fails, is cancelled, or takes over an hour.
follow_refresh() {
  local latest id status percent deadline=$((SECONDS + 3600))
  while ((SECONDS < deadline)); do
    latest=$(latest_refresh) || latest='? unknown'
    read -r id status percent <<<"$latest"
    case $status in
      '' | Successful) return 0 ;;
      unknown | Pending | InProgress | Baking | Cancelling | RollbackInProgress)
        say "Instance refresh: $status${percent:+, ${percent/None/0} %}"
        sleep "$poll_seconds"
        ;;
      *)
        [[ $id != "$1" ]] || return 0 # an earlier one: this apply has started none
        say "Instance refresh: $status"
        return 1
        ;;
    esac
  done
  say 'Instance refresh: not done within an hour'
  return 1
}

# Usage: apply TAG [OPTION...]
apply() {
  tf apply -auto-approve "${variables[@]}" -var "image_tag=$1" "${@:2}"
}

# Usage: put_in_place TAG: apply, and see the instances replaced. Fails when they are not; an
# apply that fails ends the script.
put_in_place() {
  local before
  before=$(latest_refresh 2>/dev/null) || before='' # at first there is no group
  apply "$1" || exit
  follow_refresh "${before%%[[:space:]]*}"
}

# Usage: release TAG TAG-BEFORE: put an image into service, or the one before it back.
release() {
  say "Applying with image $1 (the first time takes about 15 minutes, for the database)"
  if ! put_in_place "$1"; then
    if [[ -n $2 && $2 != "$1" ]]; then
      say "Going back to image $2"
      put_in_place "$2" || say 'That was not taken back either'
    fi
    die "image $1 is not in service. \`make aws-logs\` says why: look at the latest streams, NAME/boot among them."
  fi
  confirm_ready
}

# Ask through the load balancer, whose name takes a minute to be known when it is new.
confirm_ready() {
  local url deadline=$((SECONDS + 600))
  url=$(output url)
  say "Asking $url/readyz"
  until curl --fail --silent --show-error --max-time 10 --output /dev/null "$url/readyz"; do
    ((SECONDS < deadline)) || die "$url/readyz does not answer 200 after ten minutes: see \`make aws-logs\`."
    sleep "$poll_seconds"
  done
  output dns_name >"$infra/api_dns_name.txt"
  say 'In service'
  echo "    instances  $(instances | tr '\t\n' '  ')"
  echo '    session    make aws-shell'
  echo "    log        make aws-logs   ($(output log_group))"
  echo "    url        $url"
}

# Ids of the running instances.
instances() {
  aws ec2 describe-instances --query 'Reservations[].Instances[].InstanceId' --output text \
    --filters "Name=tag:aws:autoscaling:groupName,Values=$name" Name=instance-state-name,Values=running
}
