#!/usr/bin/env bash
# make destroy: delete a deployment with all its data, images and logs, for good.
#
# Asks for the environment's name first; CONFIRM=NAME answers. Safe to run again.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What deletion_protection protects, in the order of the files.
protected=(
  'aws_db_instance.main'
  'aws_ecr_repository.app'
  'aws_lb.main'
  'aws_s3_bucket.access_logs[0]'
  'aws_secretsmanager_secret.django'
  'aws_secretsmanager_secret.database[0]'
)

# Delete every version of every object of the bucket under a prefix.
empty() {
  local versions
  while versions=$(aws s3api list-object-versions --bucket "$bucket" --prefix "$1" --max-items 500 --output json \
    --query '{Objects: [Versions, DeleteMarkers][] | [?@].{Key: Key, VersionId: VersionId}, Quiet: `true`}') &&
    [[ $versions == *VersionId* ]]; do
    aws s3api delete-objects --bucket "$bucket" --delete "$versions" >/dev/null
  done
}

preflight
state_exists || {
  say 'Nothing is deployed here.'
  exit 0
}

if [[ -z ${CONFIRM:-} && -t 0 ]]; then
  read -r -p "This deletes $name with all its data. Type $environment to go on: " CONFIRM
fi
[[ ${CONFIRM:-} == "$environment" ]] || die "not confirmed: run \`make destroy CONFIRM=$environment\`."

init
tag=$(output image_tag || true)
variables+=(-var "image_tag=${tag:-0000000}" -var deletion_protection=false)

# Only what is still there: after a destroy that stopped half-way, nothing is made anew.
present=$(tf state list)
targets=()
for address in "${protected[@]}"; do
  if grep -qxF "$address" <<<"$present"; then
    targets+=("-target=$address")
  fi
done
if ((${#targets[@]})); then
  say 'Taking the protection off'
  tf apply -auto-approve "${variables[@]}" "${targets[@]}"
fi

say "Deleting $name"
tf destroy -auto-approve "${variables[@]}"
empty "$environment/"

if [[ $(aws s3api list-objects-v2 --bucket "$bucket" --query 'length(Contents || `[]`)' --output text) == 0 ]]; then
  say "No other environment keeps its state in $bucket: deleting it as well"
  empty ''
  aws s3api delete-bucket --bucket "$bucket"
  rm -f "$infra/bootstrap/$bucket.tfstate" "$infra/bootstrap/$bucket.tfstate.backup"
fi

rm -f "$infra/api_dns_name.txt" "$infra/test_key.pem" "$infra/test_key.pem.pub"
say "Deleted. The key alias/$name is gone; the key behind it goes in seven days, unbilled."
