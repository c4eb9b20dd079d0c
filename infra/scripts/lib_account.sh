# Checks of the account before anything is created in it. For deploy.sh and plan.sh.
# shellcheck shell=bash

# Read the settings that the checks need, as Terraform sees them. Usage: read_settings TAG
read_settings() {
  local wanted answer
  wanted='join(" ", [local.arm ? "arm64" : "amd64", var.instance_type, var.instances.min, var.database_instance_class, var.database_backup_days, var.database_multi_az])'
  # Terraform prints an answer and exits 0 even after an error. It may also print, before or after the
  # answer, that it waits for the lock of the state.
  if ! answer=$(tf console "${variables[@]}" -var "image_tag=$1" <<<"$wanted" 2>&1) || [[ $answer == *Error:* ]]; then
    printf '%s\n' "$answer" >&2
    die 'the settings are not valid: see above.'
  fi
  answer=$(grep -E '^"(amd64|arm64) ' <<<"$answer" | tail -n 1)
  read -r architecture instance_type least database_class backup_days multi_az <<<"${answer//\"/}"
}

check_account() {
  check_plan
  check_rights
  check_quota
}

# The free plan allows only the smallest database. Some accounts have no plan to look up.
check_plan() {
  local plan
  plan=$(aws freetier get-account-plan-state --region us-east-1 --query accountPlanType --output text 2>/dev/null) || return 0
  [[ $plan != FREE || ($database_class == db.*.micro && $backup_days == 1 && $multi_az == false) ]] ||
    die "this account is on AWS's free plan, which refuses a $database_class with $backup_days days of backups and database_multi_az = $multi_az: use the size \"smallest\" of infra/terraform.tfvars.example, or upgrade the account at https://console.aws.amazon.com/billing/home#/freetier."
}

# One or two actions of each service that a deployment uses.
actions=(
  autoscaling:CreateAutoScalingGroup autoscaling:StartInstanceRefresh cloudwatch:PutMetricAlarm
  ec2:CreateVpc ec2:RunInstances ecr:CreateRepository ecr:PutImage elasticloadbalancing:CreateLoadBalancer
  iam:CreateRole iam:CreateServiceLinkedRole iam:PassRole kms:CreateGrant kms:CreateKey
  logs:CreateLogGroup rds:CreateDBInstance s3:CreateBucket secretsmanager:CreateSecret sns:CreateTopic
)

check_rights() {
  local principal=$caller role denied
  case $caller in
    *:root) return 0 ;;
    *:assumed-role/*) # of a session: ask for its role, which may have a path
      role=${caller#*:assumed-role/}
      principal=$(aws iam get-role --role-name "${role%%/*}" --query Role.Arn --output text 2>/dev/null) || principal=''
      ;;
  esac
  if [[ -n $principal ]] && denied=$(aws iam simulate-principal-policy --policy-source-arn "$principal" \
    --action-names "${actions[@]}" --output text \
    --query 'EvaluationResults[?EvalDecision!=`allowed`].EvalActionName' 2>/dev/null); then
    [[ -z ${denied//None/} ]] ||
      die "$caller lacks permissions that a deployment needs: ${denied//[$'\t\n']/, }. infra/README.md lists them."
  else
    say "The permissions of $caller cannot be checked: a missing one will show when it is needed"
  fi
}

# Usage: vcpus TYPE: its vCPUs; 0 for the families (P, G, F, X, ...) that have quotas of their own.
vcpus() {
  if [[ $1 =~ ^(a|c|d|h|i|im|is|m|r|t|z)[0-9] ]]; then
    aws ec2 describe-instance-types --instance-types "$1" --query 'InstanceTypes[0].VCpuInfo.DefaultVCpus' --output text
  else
    echo 0
  fi
}

# A release starts new instances before it ends old ones: half as many as there are, one at least.
check_quota() {
  local quota running count type size used=0 extra each link
  link="https://$region.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-1216C47A"
  quota=$(aws service-quotas get-service-quota --service-code ec2 --quota-code L-1216C47A --query Quota.Value --output text 2>/dev/null) || {
    say "The quota of vCPUs cannot be looked up: see $link"
    return 0
  }
  quota=${quota%.*}
  running=$(aws ec2 describe-instances --filters Name=instance-state-name,Values=pending,running \
    --query 'Reservations[].Instances[].InstanceType' --output text | tr '\t' '\n' | sort | uniq -c)
  while read -r count type; do
    if [[ -n ${type:-} ]]; then
      used=$((used + count * $(vcpus "$type")))
    fi
  done <<<"$running"
  each=$(vcpus "$instance_type")
  size=$(aws autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$name" \
    --query 'AutoScalingGroups[0].DesiredCapacity' --output text)
  if [[ $size == None ]]; then # the first deploy
    extra=$((least * each))
  else
    extra=$(((size > 3 ? size / 2 : 1) * each))
  fi
  ((used + extra <= quota)) ||
    die "the quota of the account is $quota vCPUs of On-Demand Standard instances in $region: $used are in use, and this deploy needs $extra more, because new instances start before old ones end. Request a higher quota at $link"
  if [[ $size == None ]] && ((used + extra + each > quota)); then
    say "The next deploy will need $((used + extra + each)) vCPUs, over the quota of $quota: request a higher one at $link"
  fi
}
