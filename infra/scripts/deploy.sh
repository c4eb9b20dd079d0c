#!/usr/bin/env bash
# make deploy: build the images of this commit, push them, and put them into service.
#
# Safe to run again after any failure. Settings:
#   ENVIRONMENT   name of the deployment (production); ENVIRONMENT.tfvars is read if it exists
#   AWS_REGION    region (the profile's, or us-east-1)
#   CONFIRM       the environment's name, if the plan may destroy the database, the load balancer or a bucket
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib_account.sh
source "$infra/scripts/lib_account.sh"
# shellcheck source-path=SCRIPTDIR source=lib_release.sh
source "$infra/scripts/lib_release.sh"

engine=${CONTAINER_ENGINE:-docker}
export BUILDX_NO_DEFAULT_ATTESTATIONS=1 # one manifest for each tag: what is scanned and kept

# --- Check first --------------------------------------------------------------------------------

need git 'install it with the packages of your system'
need make 'install it with the packages of your system'
need "$engine" 'it builds the images; install Docker, or set CONTAINER_ENGINE=podman'
need curl 'install it with the packages of your system'
"$engine" info >/dev/null 2>&1 || die "$engine does not answer: start it."
root=$(git -C "$infra" rev-parse --show-toplevel)
[[ -z $(git -C "$root" status --porcelain) ]] ||
  die 'there are uncommitted changes: commit them, because images are named after their commit.'
tag=$(commit_tag)
preflight
bucket_is_complete || bootstrap
init
read_settings "$tag"
check_account

# --- The repositories and the plan --------------------------------------------------------------

repositories=("$name" "$name-proxy")
for repository in "${repositories[@]}"; do
  if ! exists RepositoryNotFoundException aws ecr describe-repositories --repository-names "$repository"; then
    say 'Creating the repositories for images'
    tf apply -auto-approve "${variables[@]}" -var "image_tag=$tag" \
      -target=aws_ecr_repository.app -target=aws_ecr_lifecycle_policy.app
  fi
done

if [[ $(group_version) != None ]]; then
  follow_refresh || true # of a deploy that was interrupted: wait for its end, good or bad
fi
# Before the images are built: the provider refuses wrong settings, and a person what would be lost.
plan_release "$tag"

# --- The images ---------------------------------------------------------------------------------

# Usage: warn_of_findings REPOSITORY: say how many critical findings the scan of the pushed image has.
warn_of_findings() {
  local critical
  critical=$(aws ecr wait image-scan-complete --repository-name "$1" --image-id "imageTag=$tag" &&
    aws ecr describe-image-scan-findings --repository-name "$1" --image-id "imageTag=$tag" --output text \
      --query 'imageScanFindings.findingSeverityCounts.CRITICAL') 2>/dev/null || critical='unknown, the scan cannot be read'
  [[ $critical == None ]] ||
    say "Critical findings in $1:$tag: $critical; see \`aws ecr describe-image-scan-findings\`"
}

lacking=()
for repository in "${repositories[@]}"; do
  if image_exists "$repository" "$tag"; then
    say "Image $repository:$tag exists already"
  else
    lacking+=("$repository")
  fi
done

if ((${#lacking[@]})); then
  registry=$(aws ecr describe-repositories --repository-names "$name" --query 'repositories[0].repositoryUri' --output text)
  registry=${registry%%/*}
  say "Building the images $tag"
  make --no-print-directory -C "$root" image PLATFORM="linux/$architecture" \
    IMAGE="$registry/$name:$tag" PROXY_IMAGE="$registry/$name-proxy:$tag"
  aws ecr get-login-password | "$engine" login --username AWS --password-stdin "$registry"
  for repository in "${lacking[@]}"; do
    say "Pushing image $repository:$tag"
    "$engine" push "$registry/$repository:$tag"
  done
  "$engine" logout "$registry"
  for repository in "${lacking[@]}"; do
    warn_of_findings "$repository"
  done
fi

# --- Into service -------------------------------------------------------------------------------

say "Applying with image $tag (the first time takes about 15 minutes, for the database)"
tf apply "$planned"
read_outputs
output dns_name >"$infra/api_dns_name.txt"
read -r template version <<<"$(output launch_template)"
put_into_service "$template" "$version"
confirm_ready
