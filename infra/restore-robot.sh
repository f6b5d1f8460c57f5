#!/usr/bin/env bash
# Puts back what revoke-robot.sh took away. It does not revive Steward: two admins do that in Teams (docs/stopping.md).
#
#   infra/restore-robot.sh RESOURCE-GROUP WEB-APP ROBOT-IDENTITY FOLDER [--dry-run]
#
# FOLDER is the one that revoke-robot.sh wrote. A step that fails does not hold up the others; the script then ends with 1,
# and can be run again: what is there already is left as it is.
#
# Needs the Azure CLI with your own login, and what revoke-robot.sh needs; for the permissions in Microsoft Graph,
# Privileged Role Administrator in Entra.
set -euo pipefail

usage() {
  printf 'usage: %s RESOURCE-GROUP WEB-APP ROBOT-IDENTITY FOLDER [--dry-run]\n' "${0##*/}" >&2
  exit 2
}

dry=false
names=()
while (($# > 0)); do
  case $1 in
    --dry-run) dry=true ;;
    -*) usage ;;
    *) names+=("$1") ;;
  esac
  shift
done
((${#names[@]} == 4)) || usage
group=${names[0]}
app=${names[1]}
robot=${names[2]}
folder=${names[3]}
if [[ ! -d $folder/roles || ! -d $folder/graph ]]; then
  printf '%s is not a folder that revoke-robot.sh wrote. Nothing was changed.\n' "$folder" >&2
  exit 1
fi

failures=0
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  failures=$((failures + 1))
}

# change WHAT COMMAND …: carries out what changes something, or in a dry run only shows it. What Azure says is there
# already counts as done: `RoleAssignmentExists` of role assignments, the sentence of Microsoft Graph.
change() {
  local what=$1 problem
  shift
  if $dry; then
    printf 'would: %s\n  ' "$what"
    printf ' %q' "$@"
    printf '\n'
  elif problem=$("$@" </dev/null 2>&1 >/dev/null); then
    printf 'done: %s\n' "$what"
  elif grep -qiE 'RoleAssignmentExists|permission being assigned already exists' <<<"$problem"; then
    printf 'so already: %s\n' "$what"
  else
    printf '%s\n' "$problem" >&2
    fail "$what"
  fi
}

graph=https://graph.microsoft.com/v1.0

if ! id=$(az identity show --resource-group "$group" --name "$robot" --query id --output tsv) ||
  ! principal=$(az identity show --resource-group "$group" --name "$robot" --query principalId --output tsv) ||
  [[ -z $id || -z $principal ]]; then
  printf 'There is no identity %s in %s, or you may not see it. Nothing was changed.\n' "$robot" "$group" >&2
  exit 1
fi

# In the other order: the web app gets it last, when all the rest is as it was.
change 'the service principal is enabled' az rest --method PATCH --url "$graph/servicePrincipals/$principal" --headers Content-Type=application/json --body '{"accountEnabled":true}'

# https://learn.microsoft.com/graph/api/serviceprincipal-post-approleassignments
for file in "$folder"/graph/*.json; do
  [[ -e $file ]] || continue
  name=${file##*/}
  change "the Graph permission ${name%.json} is granted" az rest --method POST --url "$graph/servicePrincipals/$principal/appRoleAssignments" --headers Content-Type=application/json --body "@$file"
done

# https://learn.microsoft.com/rest/api/authorization/role-assignments/create
for file in "$folder"/roles/*.json; do
  [[ -e $file ]] || continue
  name=${file##*/}
  if ! role=$(<"${file%.json}.id"); then
    fail "the role assignment ${name%.json}: its id was not kept"
    continue
  fi
  change "the role assignment ${name%.json} is made" az rest --method PUT --url "https://management.azure.com$role?api-version=2022-04-01" --body "@$file"
done

if [[ -e $folder/attached ]]; then
  change 'the identity is on the web app' az webapp identity assign --resource-group "$group" --name "$app" --identities "$id"
  change 'the web app is restarted' az webapp restart --resource-group "$group" --name "$app"
fi

if $dry; then
  printf '\nA dry run: nothing was changed.\n'
elif ((failures > 0)); then
  printf '\n%s step(s) failed. The rest is done; run it again, or finish in the portal.\n' "$failures" >&2
else
  printf '\nThe robot has its access again; Azure may take some minutes to see it everywhere. The latch is as it was.\n'
fi
((failures == 0))
