#!/usr/bin/env bash
# The agency's first weeks, played in a temporary copy against the sandbox.
#
#   examples/demo.sh RECONCILER_COMMAND        for example: examples/demo.sh "python -m reconciler"
#
# Exits with 0 only if everything came out as the manifests say. The last line is the plan's own.
set -euo pipefail

if [[ $# -eq 0 ]]; then
  echo "usage: $0 RECONCILER_COMMAND" >&2
  exit 64
fi
tool=("$@")
if [[ $# -eq 1 ]] && ! type -P "$1" >/dev/null; then
  read -r -a tool <<<"$1"               # several words in one argument
fi

workspace=$(mktemp -d)
trap 'rm -rf "$workspace"' EXIT
cp -R "$(dirname "${BASH_SOURCE[0]}")/agency/." "$workspace"
rm -rf "$workspace/.reconciler"

tell() { printf '\n# %s\n' "$*"; }

reconciler() {
  printf '$ reconciler %s\n' "$*"
  "${tool[@]}" -C "$workspace" "$@"
}

# Some commands are expected to return something else than 0: that is part of the story.
expect() {
  local wanted=$1 found=0
  shift
  "$@" || found=$?
  if [[ $found -ne $wanted ]]; then
    echo "demo: expected exit code $wanted, got $found" >&2
    exit 1
  fi
}

tell "The manifests are in order."
reconciler validate

tell "What would change? The first plan is the whole agency; 2 says that there is something to do."
expect 2 reconciler plan --detailed-exitcode

tell "It is agreed to, so carry it out: people are invited, Rolf is removed, an app is offered, accounts are asked for."
reconciler apply --auto-approve

tell "The Business Center was reached through its API, and some steps have no call: an admin does them on the site."
reconciler sandbox portal

tell "Now it is other people's turn. This waits for them:"
reconciler sandbox inbox

tell "They accept the invitations, approve the link of the client's account and take over the app."
reconciler sandbox people answer --all accept

tell "What waited for them goes on: access to assets follows membership."
round=1
until reconciler plan --detailed-exitcode; do
  code=$?
  if [[ $code -ne 2 || $round -gt 5 ]]; then
    echo "demo: the plan does not settle (exit code $code in round $round)" >&2
    exit 1
  fi
  tell "Round $((round++))."
  reconciler apply --auto-approve
  reconciler sandbox portal
  reconciler sandbox people answer --all accept
done

tell "The approval has done its work, and the plan says so: it can go. In life that is a pull request."
printf '$ rm access/approvals.yaml\n'
rm "$workspace/access/approvals.yaml"

tell "What happens on the day Milo's contract ends? Nobody has to remember; the plan does."
expect 2 reconciler plan --detailed-exitcode --now 2036-06-30

tell "Half a year passes. Nobody touched anything, so there is nothing left to do."
reconciler sandbox clock +180d
reconciler plan --detailed-exitcode
