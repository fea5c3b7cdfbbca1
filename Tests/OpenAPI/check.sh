#!/bin/sh
# Holds a running coordinator against the OpenAPI document that it serves, by Schemathesis and with all of its checks: once without
# tokens and once with.
#
#   Tests/OpenAPI/check.sh MEDSWEEP FOLDER   MEDSWEEP: the program; FOLDER: of the Python environment that
#                                            `Docker/install.sh api FOLDER` has made
set -eu

medsweep=$(realpath "${1:?name the program}")
programs=$(realpath "${2:?name the folder of the environment}")/bin
here=$(realpath "$(dirname "$0")")
folder=$(mktemp -d)
server=
end() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    server=
}
trap 'end; rm -rf "$folder"' EXIT
trap 'exit 130' INT TERM

operator=$("$programs/python" -c 'import secrets; print(secrets.token_hex(16))')
printf 'worker %s\noperator %s\n' "$("$programs/python" -c 'import secrets; print(secrets.token_hex(16))')" "$operator" >"$folder/tokens"
chmod 600 "$folder/tokens"

# check NAME EXAMPLES SERVE-OPTION...: starts a coordinator, lets Schemathesis ask it, and stops it.
check() {
    name=$1 examples=$2
    shift 2
    # Leases last, so that those of hooks.py are held to the end.
    "$medsweep" serve --port 0 --state "$folder/$name" --lease 3600 "$@" >"$folder/$name.out" 2>"$folder/$name.err" &
    server=$!
    address=
    for _ in $(seq 200); do
        address=$(sed -n 's/.*listening on \(http[^,]*\),.*/\1/p' "$folder/$name.out" "$folder/$name.err" 2>/dev/null | head -n 1)
        [ -z "$address" ] || break
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    [ -n "$address" ] || {
        cat "$folder/$name.out" "$folder/$name.err" >&2
        exit 70
    }
    set --
    [ -z "${MEDSWEEP_TOKEN:-}" ] || set -- --header "Authorization: Bearer $MEDSWEEP_TOKEN"
    result=0
    # One worker: with several, Python 3.11 fails to parse its own sources deep in the stack.
    (
        cd "$folder"
        MEDSWEEP_COORDINATOR=$address SCHEMATHESIS_HOOKS=hooks PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 \
            "$programs/python" -m schemathesis.cli --config-file "$here/schemathesis.toml" run "$address/openapi.json" \
            --max-examples "$examples" --workers 1 "$@"
    ) || result=$?
    # A coordinator that is not there any more is a finding, whatever the answers were.
    kill -0 "$server" 2>/dev/null || {
        echo "the coordinator has ended: $(tail -n 5 "$folder/$name.err")" >&2
        result=70
    }
    end
    [ "$result" = 0 ] || exit "$result"
}

check without-tokens 150
MEDSWEEP_TOKEN=$operator
export MEDSWEEP_TOKEN
check with-tokens 10 --token-file "$folder/tokens"
