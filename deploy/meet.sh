#!/bin/sh
# Makes RCM's node and SACM's peers of each other, once, and has each read the other.  It runs where both stores and both folders of secrets
# are at hand (RCM_STORE, RCM_SECRETS, RCM_ADDRESS, and the same of SACM), which is for trying: in earnest each operator does one half.
set -eu

at() {
    conference=$1
    shift
    ISTMO_CONFERENCES=$conference ISTMO_DATABASE_URL=$(printenv "${conference}_STORE") \
        ISTMO_SECRETS_DIR=$(printenv "${conference}_SECRETS") istmo "$@"
}

key() {
    at "$1" clients create --role peer --conference "$2" --name line --json |
        python3 -c 'import json, sys; print(json.load(sys.stdin)["api_key"])'
}

know() {
    name=$(echo "$2" | tr '[:upper:]' '[:lower:]')
    if at "$1" peers list --json | grep -q "\"name\": \"$name\""; then
        return
    fi
    at "$1" peers add "$name" --url "$(printenv "$2_ADDRESS")" --key "$(key "$2" "$1")"
}

know RCM SACM
know SACM RCM
# The node's own worker may be reading at the same moment: then it does the work, and there is nothing left.
at RCM pull sacm || at RCM pull sacm
at SACM pull rcm || at SACM pull rcm
at RCM peers list
at SACM peers list
