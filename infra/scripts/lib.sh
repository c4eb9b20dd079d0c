# Shared by the scripts beside it: settings, checks of what they need, and looks at what is there.
# shellcheck shell=bash
set -euo pipefail

infra=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
environment=${ENVIRONMENT:-production}
name=adultapi-$environment
poll_seconds=${POLL_SECONDS:-10}
export AWS_PAGER='' TF_IN_AUTOMATION=1 TF_INPUT=0

[[ -t 1 ]] || export TF_CLI_ARGS=-no-color

say() { printf '==> %s\n' "$*"; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# Usage: need COMMAND WHERE-FROM
need() { command -v "$1" >/dev/null || die "$1 is not installed: $2."; }

tf() { terraform -chdir="$infra" "$@"; }

# The outputs of Terraform, read once: `output NAME` is the text of one, or nothing.
read_outputs() { outputs=$(tf output -no-color); }
output() { sed -n "s/^$1 *= \"\(.*\)\"$/\1/p" <<<"$outputs"; }

# Check what every script needs; name the region, the account and the bucket of its state.
preflight() {
  need terraform 'get 1.11 or later from https://developer.hashicorp.com/terraform/install'
  need aws 'get the AWS CLI from https://aws.amazon.com/cli/'
  [[ $(aws --version 2>&1) == aws-cli/2.* ]] || die 'the AWS CLI must be version 2: get it from https://aws.amazon.com/cli/.'
  region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
  region=${region:-us-east-1}
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region
  read -r account caller < <(aws sts get-caller-identity --query '[Account, Arn]' --output text) ||
    die 'AWS accepts no credentials: run `aws sso login` or `aws configure`, or set AWS_PROFILE.'
  bucket=adultapi-state-$account-$region
  variables=(-var "environment=$environment" -var "region=$region")
  if [[ -f $infra/$environment.tfvars ]]; then
    variables+=(-var-file "$environment.tfvars")
  fi
  say "Environment $environment in account $account, $region"
}

# Usage: exists CODES COMMAND...: succeed if the command does, and fail if AWS answers with one of the
# codes (A|B) for "there is none". Any other failure proves nothing, so it ends the script.
exists() {
  local answer
  answer=$("${@:2}" 2>&1 >/dev/null) && return 0
  [[ $answer =~ \(($1)\) ]] && return 1
  die "cannot tell whether it exists, because this failed: ${*:2}: $answer"
}

# --- The state ----------------------------------------------------------------------------------

bucket_exists() { exists 404 aws s3api head-bucket --bucket "$bucket"; }

state_exists() { exists 404 aws s3api head-object --bucket "$bucket" --key "$environment/terraform.tfstate"; }

# The policy is the last thing bootstrap/ makes: with it the bucket is complete.
bucket_is_complete() {
  exists 'NoSuchBucket|NoSuchBucketPolicy' aws s3api get-bucket-policy --bucket "$bucket"
}

bootstrap() {
  local root=$infra/bootstrap settings=(-var "bucket=$bucket")
  say "Creating the bucket for Terraform's state: $bucket"
  terraform -chdir="$root" init -reconfigure -lockfile=readonly \
    -backend-config="path=$bucket.tfstate" >/dev/null
  # An earlier attempt, perhaps from another machine, created only the bucket: import it.
  if bucket_exists && ! terraform -chdir="$root" state list aws_s3_bucket.state 2>/dev/null | grep -q .; then
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
  { bucket_exists && state_exists; } ||
    die "$name is not deployed in this account and region: run \`make deploy\`."
  init
  read_outputs
}

# --- People -------------------------------------------------------------------------------------

# Usage: confirm WHAT: continue if a person types the environment's name, or CONFIRM holds it.
confirm() {
  if [[ -z ${CONFIRM:-} && -t 0 ]]; then
    read -r -p "$1 Type $environment to continue: " CONFIRM
  fi
  [[ ${CONFIRM:-} == "$environment" ]] || die "$1 Not confirmed: set CONFIRM=$environment to continue."
}

# --- Images and instances -----------------------------------------------------------------------

# Usage: commit_tag: the tag of this commit's images.
commit_tag() { git -C "$infra" rev-parse --short=12 HEAD; }

# Usage: image_exists REPOSITORY TAG
image_exists() {
  exists 'ImageNotFoundException|RepositoryNotFoundException' \
    aws ecr describe-images --repository-name "$1" --image-ids "imageTag=$2"
}

# Ids of the running instances.
instances() {
  aws ec2 describe-instances --query 'Reservations[].Instances[].InstanceId' --output text \
    --filters "Name=tag:aws:autoscaling:groupName,Values=$name" Name=instance-state-name,Values=running
}

# The instance that INSTANCE names, or the first that runs.
an_instance() {
  local found
  found=${INSTANCE:-$(instances | awk '{print $1; exit}')}
  [[ -n $found ]] || die "no instance of $name is running: see the activity of the Auto Scaling group."
  echo "$found"
}

need_sessions() {
  need session-manager-plugin 'see https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html'
}
