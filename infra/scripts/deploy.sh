#!/usr/bin/env bash
# make deploy: build the image of this commit, push it, and put it into service.
#
# Safe to run again after any failure: what is done is found done. Settings:
#   ENVIRONMENT   name of the deployment (production); ENVIRONMENT.tfvars is read if it is there
#   AWS_REGION    region (us-east-1)
#   SSH_DEBUG=1   open SSH for debugging, to SSH_CIDR alone, with the key infra/test_key.pem;
#                 the next deploy without it closes SSH again
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

engine=${CONTAINER_ENGINE:-docker}

# --- Check first --------------------------------------------------------------------------------

need git 'install it with the packages of your system'
need make 'install it with the packages of your system'
need "$engine" 'it builds the image; install Docker, or set CONTAINER_ENGINE=podman'
need curl 'install it with the packages of your system'
"$engine" info >/dev/null 2>&1 || die "$engine does not answer: start it."
root=$(git -C "$infra" rev-parse --show-toplevel)
[[ -z $(git -C "$root" status --porcelain) ]] ||
  die 'there are uncommitted changes: commit them, for an image is named after its commit.'
tag=$(git -C "$root" rev-parse --short=12 HEAD)

if [[ -n ${SSH_DEBUG:-} ]]; then
  [[ -n ${SSH_CIDR:-} ]] || die 'SSH_DEBUG needs SSH_CIDR, the one range that may connect, such as 203.0.113.7/32.'
  need ssh-keygen 'install OpenSSH'
  key=$infra/test_key.pem
  if [[ ! -f $key ]]; then
    say "Making the key for debugging: $key"
    ssh-keygen -q -t ed25519 -N '' -C "$name debugging" -f "$key"
  fi
  chmod 600 "$key"
  variables+=(-var "ssh_public_key=$(ssh-keygen -y -f "$key")" -var "ssh_cidr=$SSH_CIDR")
fi

preflight
state_exists || bootstrap
init
before=$(output image_tag || true)

# --- The image ----------------------------------------------------------------------------------

if ! aws ecr describe-repositories --repository-names "$name" >/dev/null 2>&1; then
  say 'Making the repository for images'
  apply "$tag" -target=aws_ecr_repository.app -target=aws_ecr_lifecycle_policy.app
fi

if image_exists "$tag"; then
  say "Image $tag is in the repository already"
else
  repository=$(aws ecr describe-repositories --repository-names "$name" \
    --query 'repositories[0].repositoryUri' --output text)
  say "Building image $tag"
  make --no-print-directory -C "$root" image IMAGE="$repository:$tag" PLATFORM=linux/amd64
  say "Pushing image $tag"
  aws ecr get-login-password | "$engine" login --username AWS --password-stdin "${repository%%/*}"
  "$engine" push "$repository:$tag"
  "$engine" logout "${repository%%/*}"
fi

# --- Into service -------------------------------------------------------------------------------

release "$tag" "$before"
