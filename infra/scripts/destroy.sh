#!/usr/bin/env bash
# make destroy: delete a deployment with all its data, images and logs, for good.
#
# Asks for the environment's name first; CONFIRM=NAME gives it in advance. If it was interrupted at any
# point, it continues when it is run again.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# What deletion_protection protects.
protected='^aws_(db_instance\.main|ecr_repository\.app|lb\.main|s3_bucket\.access_logs|secretsmanager_secret\.django)'

# Usage: delete_versions PREFIX FILTER: delete those versions of objects of the bucket.
delete_versions() {
  local versions
  while versions=$(aws s3api list-object-versions --bucket "$bucket" --prefix "$1" --max-items 500 --output json \
    --query "{Objects: [Versions, DeleteMarkers][] | [?@ && $2].{Key: Key, VersionId: VersionId}, Quiet: \`true\`}") || exit
    [[ $versions == *VersionId* ]]; do
    aws s3api delete-objects --bucket "$bucket" --delete "$versions" >/dev/null
  done
}

# Usage: empty PREFIX: old versions first, so that no older state ever becomes the present one.
empty() {
  delete_versions "$1" '!IsLatest'
  delete_versions "$1" '`true`'
}

# Usage: objects PREFIX: how many there are, in any version.
objects() {
  aws s3api list-object-versions --bucket "$bucket" --prefix "$1" --output json \
    --query 'length([Versions, DeleteMarkers][] | [?@])'
}

preflight
if ! bucket_exists; then
  rm -f "$infra/bootstrap/$bucket.tfstate" "$infra/bootstrap/$bucket.tfstate.backup"
  say 'Nothing is deployed here.'
  exit 0
fi
everything=$(objects '')
here=$(objects "$environment/")
if ((here == 0 && everything > 0)); then
  say "Nothing is deployed under the name $environment; $bucket holds the state of other environments."
  exit 0
fi
confirm "This deletes $name with all its data."

if state_exists; then
  init
  variables+=(-var image_tag=0000000 -var deletion_protection=false)
  # Only what still exists: after an interrupted destroy, an apply must not recreate the rest.
  present=$(tf state list)
  targets=()
  while read -r address; do
    targets+=("-target=$address")
  done < <(grep -E "$protected" <<<"$present")
  if ((${#targets[@]})); then
    say 'Turning deletion protection off'
    tf apply -auto-approve "${variables[@]}" "${targets[@]}"
  fi
  say "Deleting $name"
  tf destroy -auto-approve "${variables[@]}"
fi
empty "$environment/"

if ((everything == here)); then
  say "No other environment keeps its state in $bucket: deleting it as well"
  empty ''
  aws s3api delete-bucket --bucket "$bucket"
  rm -f "$infra/bootstrap/$bucket.tfstate" "$infra/bootstrap/$bucket.tfstate.backup"
fi

rm -f "$infra/api_dns_name.txt" "$infra/test_key.pem" "$infra/test_key.pem.pub"
say 'Deleted. AWS deletes the KMS key in seven days, without cost.'
