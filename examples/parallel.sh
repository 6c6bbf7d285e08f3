#!/bin/sh
# One message to a long list, by GNU parallel: the list is cut between lines, each piece goes through one notify.
#
#   VAPID_PRIVATE_KEY=... examples/parallel.sh people.txt "message" > results.jsonl
#   VAPID_PRIVATE_KEY=... examples/parallel.sh people.txt "message" --sshloginfile machines > results.jsonl
#
# Further options are parallel's: --block 1M sets the size of a piece, --sshloginfile names the machines, which need notify
# in their PATH. The results come as JSON lines, one a push. What was not accepted is sent again by
#
#   notify --subscriptions people.txt --resume results.jsonl --json "message" >> results.jsonl
#
# The exit code is 0 when every push was accepted, else the number of pieces in which one was not (at most 101).
set -eu
if [ $# -lt 2 ] || [ -z "${VAPID_PRIVATE_KEY:-}" ]; then
    echo 'usage: VAPID_PRIVATE_KEY=... parallel.sh LIST MESSAGE [OPTION OF PARALLEL ...] > RESULTS' >&2
    exit 2
fi
list=$1
# By the environment: parallel would read {} in an argument, and a shell on the other machine would read the rest.
MESSAGE=$2
export VAPID_PRIVATE_KEY MESSAGE
shift 2

# Four pieces a processor, so that none ends long before the others. No --retries: a piece sent again is a message shown twice.
exec parallel --pipepart --arg-file "$list" --block -4 --line-buffer \
    --env VAPID_PRIVATE_KEY --env VAPID_SUBJECT --env MESSAGE "$@" \
    'notify --subscriptions - --json --quiet --jobs 64 -- "$MESSAGE"'
