#!/usr/bin/env bash
# make ssh: log in to an instance by SSH (INSTANCE=i-..., or the first running one; ARGS='-L ...').
#
# The key infra/test_key.pem is created once. EC2 Instance Connect accepts its public key for a minute,
# and the connection goes through Session Manager: no port is open, and no instance changes.
# shellcheck source-path=SCRIPTDIR source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

need ssh 'install OpenSSH'
need ssh-keygen 'install OpenSSH'
need_sessions
preflight
instance=$(an_instance)

key=$infra/test_key.pem
if [[ ! -f $key ]]; then
  say "Creating the key $key"
  ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$key"
fi
chmod 600 "$key"
ssh-keygen -y -f "$key" >"$key.pub"
aws ec2-instance-connect send-ssh-public-key --instance-id "$instance" --instance-os-user ec2-user \
  --ssh-public-key "file://$key.pub" >/dev/null

tunnel='aws ssm start-session --target %h --document-name AWS-StartSSHSession --parameters portNumber=%p'
say "ssh -i $key -o ProxyCommand='$tunnel' ec2-user@$instance (within a minute, the same again)"
# shellcheck disable=SC2086 # ARGS are several words
exec ssh -i "$key" -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o "ProxyCommand=$tunnel" ${ARGS:-} "ec2-user@$instance"
