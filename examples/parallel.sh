#!/bin/sh
# Sends one message to a long list with GNU parallel: the list is cut between lines, and one notify sends each piece.
#
#   VAPID_PRIVATE_KEY=... examples/parallel.sh people.txt "message" > results.jsonl
#   VAPID_PRIVATE_KEY=... examples/parallel.sh people.txt "message" --sshloginfile machines > results.jsonl
#
# Options after the message are parallel's: --block 1M sets the size of a piece, --sshloginfile names the machines, which need
# notify in their PATH. The results are JSON lines, one for each push. This sends what was not accepted again:
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
# Passed in the environment: in an argument parallel would replace {}, and a shell on the other machine would read the rest.
MESSAGE=$2
export VAPID_PRIVATE_KEY MESSAGE
shift 2

# Four pieces for each processor, so that all end at about the same time. No --retries: a piece that is sent again is shown twice.
exec parallel --pipepart --arg-file "$list" --block -4 --line-buffer \
    --env VAPID_PRIVATE_KEY --env VAPID_SUBJECT --env MESSAGE "$@" \
    'notify --subscriptions - --json --quiet --jobs 64 -- "$MESSAGE"'
