#!/usr/bin/env bash
# make rollback TAG=...: put an earlier image, still in the repository, back into service.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need curl 'install it with the packages of your system'
preflight
need_deployment
before=$(output image_tag || true)

if [[ -z ${TAG:-} ]] || ! image_exists "$TAG"; then
  say "Images in the repository, latest first; in service is ${before:-none}:"
  aws ecr describe-images --repository-name "$name" --output text \
    --query 'reverse(sort_by(imageDetails, &imagePushedAt))[].[imageTags[0], imagePushedAt]'
  die "${TAG:+$TAG is not among them. }Say which one: make rollback TAG=..."
fi

release "$TAG" "$before"
