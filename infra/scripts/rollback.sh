#!/usr/bin/env bash
# make rollback TAG=...: put an earlier version back into service: its image, its AMI and its settings.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=lib_release.sh
source "$infra/scripts/lib_release.sh"

need curl 'install it with the packages of your system'
preflight
need_deployment
read -r template _ <<<"$(output launch_template)"
[[ -n $template ]] || die "$name has no instances yet: run \`make deploy\`."
versions=$(aws ec2 describe-launch-template-versions --launch-template-id "$template" --output text \
  --query 'LaunchTemplateVersions[].[VersionNumber, VersionDescription, CreateTime]' | sort -rn)
version=$(awk -v tag="${TAG:-}" '$2 == tag {print $1; exit}' <<<"$versions")

if [[ -z $version ]]; then
  say "Versions, latest first: number, image, AMI, time. In service is $(version_text "$template" "$(group_version)")."
  printf '%s\n' "$versions"
  die "${TAG:+$TAG is not among them. }Choose an image: make rollback TAG=..."
fi
for repository in "$name" "$name-proxy"; do
  image_exists "$repository" "$TAG" || die "$repository:$TAG is no longer in the repository, which keeps the last 30 images: deploy its commit."
done

follow_refresh || true # if one is running
put_into_service "$template" "$version"
confirm_ready
