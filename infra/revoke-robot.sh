#!/usr/bin/env bash
# Takes the robot's access away in Azure: Steward can then change nothing and look nothing up, whatever it is told. Chat,
# kill switch and ledger go on. docs/stopping.md says when, and what it does not reach; restore-robot.sh puts it back.
#
#   infra/revoke-robot.sh RESOURCE-GROUP WEB-APP ROBOT-IDENTITY [--save FOLDER] [--dry-run]
#
# The resource group holds the web app and the user-assigned identity. What is taken away is written to FOLDER first
# (without --save, a new one here). A step that fails does not hold up the others; the script then ends with 1, and can be
# run again. --dry-run changes nothing and writes nothing.
#
# Needs the Azure CLI with your own login, and: Website Contributor and Managed Identity Operator in the resource group,
# Role Based Access Control Administrator where the robot has roles, and Cloud Application Administrator in Entra.
set -euo pipefail

usage() {
  printf 'usage: %s RESOURCE-GROUP WEB-APP ROBOT-IDENTITY [--save FOLDER] [--dry-run]\n' "${0##*/}" >&2
  exit 2
}

dry=false
folder=''
names=()
while (($# > 0)); do
  case $1 in
    --dry-run) dry=true ;;
    --save)
      (($# > 1)) || usage
      folder=$2
      shift
      ;;
    -*) usage ;;
    *) names+=("$1") ;;
  esac
  shift
done
((${#names[@]} == 3)) || usage
group=${names[0]}
app=${names[1]}
robot=${names[2]}
folder=${folder:-robot-revoked-$(date -u +%Y%m%dT%H%M%SZ)}

failures=0
fail() {
  printf 'FAILED: %s\n' "$1" >&2
  failures=$((failures + 1))
}

# change WHAT COMMAND …: carries out what changes something, or in a dry run only shows it.
change() {
  local what=$1
  shift
  if $dry; then
    printf 'would: %s\n  ' "$what"
    printf ' %q' "$@"
    printf '\n'
  elif "$@" </dev/null >/dev/null; then
    printf 'done: %s\n' "$what"
  else
    fail "$what"
  fi
}

# keep FILE COMMAND …: writes what a command answers. What can't be kept is taken away all the same.
keep() {
  local file=$1
  shift
  if $dry; then return; fi
  # Beside it first: what an earlier run kept is not lost to a step that fails.
  if ! { "$@" </dev/null >"$folder/$file.part" && mv "$folder/$file.part" "$folder/$file"; }; then fail "keeping $file"; fi
}

graph=https://graph.microsoft.com/v1.0

# `az identity show`: https://learn.microsoft.com/cli/azure/identity
if ! id=$(az identity show --resource-group "$group" --name "$robot" --query id --output tsv) ||
  ! principal=$(az identity show --resource-group "$group" --name "$robot" --query principalId --output tsv) ||
  [[ -z $id || -z $principal ]]; then
  printf 'There is no identity %s in %s, or you may not see it. Nothing was changed.\n' "$robot" "$group" >&2
  exit 1
fi
if ! $dry; then mkdir -p "$folder/roles" "$folder/graph"; fi

# 1. Off the web app: no new token for it, whatever is asked. https://learn.microsoft.com/cli/azure/webapp/identity
#    Removing what is not there is an error of the CLI, so it is looked up first.
detach=true
# shellcheck disable=SC2016 # the backticks are JMESPath's
if attached=$(az webapp identity show --resource-group "$group" --name "$app" --query 'keys(userAssignedIdentities || `{}`)' --output tsv); then
  if grep -qixF -- "$id" <<<"$attached"; then
    if ! $dry; then printf '%s\n' "$id" >"$folder/attached" || fail 'keeping attached'; fi
  else
    detach=false
    printf 'so already: the identity is not on the web app\n'
  fi
else
  fail 'looking up whether the identity is on the web app'
fi
if $detach; then
  change 'the identity is off the web app' az webapp identity remove --resource-group "$group" --name "$app" --identities "$id"
fi

# 2. A restart drops the tokens that the process holds: they would live on for up to a day.
change 'the web app is restarted' az webapp restart --resource-group "$group" --name "$app"

# 3. Its roles on Azure resources, in every subscription that you see. https://learn.microsoft.com/cli/azure/role/assignment
if subscriptions=$(az account list --query '[].id' --output tsv); then
  while IFS= read -r subscription <&3; do
    [[ -n $subscription ]] || continue
    if ! roles=$(az role assignment list --all --assignee "$principal" --subscription "$subscription" --query '[].id' --output tsv </dev/null); then
      fail "looking up the roles in subscription $subscription"
      continue
    fi
    while IFS= read -r role <&4; do
      [[ -n $role ]] || continue
      name=${role##*/}
      keep "roles/$name.id" printf '%s\n' "$role"
      # The body that creates it again: https://learn.microsoft.com/rest/api/authorization/role-assignments/create
      keep "roles/$name.json" az role assignment list --all --assignee "$principal" --subscription "$subscription" --output json \
        --query "[?id=='$role'].{properties: {roleDefinitionId: roleDefinitionId, principalId: principalId, principalType: principalType, condition: condition, conditionVersion: conditionVersion}} | [0]"
      change "the role assignment $name is removed" az role assignment delete --ids "$role"
    done 4<<<"$roles"
  done 3<<<"$subscriptions"
else
  fail 'looking up the subscriptions'
fi

# 4. Its permissions in Microsoft Graph. https://learn.microsoft.com/graph/api/serviceprincipal-delete-approleassignments
grants=$graph/servicePrincipals/$principal/appRoleAssignments
if ids=$(az rest --method GET --url "$grants" --query 'value[].id' --output tsv); then
  while IFS= read -r grant <&3; do
    [[ -n $grant ]] || continue
    keep "graph/$grant.json" az rest --method GET --url "$grants" --output json \
      --query "value[?id=='$grant'].{principalId: principalId, resourceId: resourceId, appRoleId: appRoleId} | [0]"
    change "the Graph permission $grant is removed" az rest --method DELETE --url "$grants/$grant"
  done 3<<<"$ids"
else
  fail 'looking up the Graph permissions'
fi

# 5. The account itself: Entra gives it no new token, on whatever resource it is. https://learn.microsoft.com/graph/api/serviceprincipal-update
change 'the service principal is disabled' az rest --method PATCH --url "$graph/servicePrincipals/$principal" --headers Content-Type=application/json --body '{"accountEnabled":false}'

if $dry; then
  printf '\nA dry run: nothing was changed.\n'
elif ((failures > 0)); then
  printf '\n%s step(s) failed. The rest is done; run it again with --save %q, or finish in the portal.\n' "$failures" "$folder" >&2
else
  printf '\nThe robot is revoked. To put it back: infra/restore-robot.sh %q %q %q %q\n' "$group" "$app" "$robot" "$folder"
  printf 'A token that somebody copied before lives on until it expires, for up to a day. docs/stopping.md lists what else to do then.\n'
fi
((failures == 0))
