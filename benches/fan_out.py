#!/usr/bin/env python3
"""Prints the table of one message to many: `notify --subscriptions` at some numbers of jobs and npm's web-push with a pool of
32, in turn, against a push service on this machine that only answers: at once, or after 50 ms with 100 ms for a new connection.
Start-up and the end of the process are in the figures."""

import os
import pathlib
import shutil
import sys

from measure import PROJECT, RELEASE, WEB_PUSH, build, folder, median, npm, peak_mib, serving, table, vapid_keys

ROUNDS = 3
MESSAGES = 6000
MESSAGE = "m" * 100
NETWORKS = {"at once": [], "after 50 ms": ["--answer-after", "50", "--greet-after", "100"]}


def commands(temporary, node_modules):
    """Each sender's command and environment."""
    keys, ca = vapid_keys(node_modules), str(temporary / "ca.pem")
    trust = {"SSL_CERT_FILE": ca, "NODE_EXTRA_CA_CERTS": ca}
    environment = trust | {"VAPID_PUBLIC_KEY": keys["publicKey"], "VAPID_PRIVATE_KEY": keys["privateKey"]}
    # Node looks for a module beside the script.
    pool = node_modules.parent / "web_push_pool.js"
    shutil.copy(PROJECT / "benches" / "web_push_pool.js", pool)
    senders = {"npm web-push, pool of 32": ["node", pool, "subscription.txt", "32", MESSAGE]}
    for jobs in [16, 64, 256]:
        notify = [RELEASE / "notify", "--subscriptions", "subscription.txt", "--json", "--jobs", str(jobs), MESSAGE]
        senders[f"notify --jobs {jobs}"] = notify
    return {name: (command, environment) for name, command in senders.items()}


def measured(senders, temporary, lines):
    """Messages a second, CPU microseconds a message and peak MiB of each sender in each round."""
    figures = {}
    for _ in range(ROUNDS):
        for name, (command, environment) in senders.items():
            ended, peak = peak_mib(command, cwd=temporary, env=os.environ | environment)
            accepted = ended.output.count('"accepted":true') if "notify" in name else int(ended.output or 0)
            if ended.code != 0 or accepted != lines:
                raise SystemExit(f"{name}: {accepted} of {lines} accepted, exit {ended.code}:\n{ended.output[-2000:]}")
            one = (lines / ended.wall_seconds, ended.cpu_seconds / lines * 1e6, peak)
            figures.setdefault(name, []).append(one)
            print(f"{name}: {one[0]:.0f}/s, {one[1]:.0f} us, {one[2]:.1f} MiB", file=sys.stderr)
    return figures


def main():
    build("--bin", "notify")
    build("-p", "push-service", "--example", "answering")
    with folder() as temporary:
        node_modules = npm(temporary, WEB_PUSH)
        for network, options in NETWORKS.items():
            lines = pathlib.Path(temporary / "subscription.txt")
            service = [RELEASE / "examples" / "answering", temporary, "--subscriptions", MESSAGES, *options]
            with serving(service):
                figures = measured(commands(temporary, node_modules), temporary, len(lines.read_text().splitlines()))
            rows, base = [], figures["npm web-push, pool of 32"]
            for name, rounds in figures.items():
                rate = median(a[0] / b[0] for a, b in zip(rounds, base))
                cpu = median(b[1] / a[1] for a, b in zip(rounds, base))
                middle = [median(r[i] for r in rounds) for i in range(3)]
                rows.append([name, f"{middle[0]:.0f}", f"{rate:.1f}", f"{middle[1]:.0f}", f"1/{cpu:.1f}", f"{middle[2]:.1f}"])
            head = [f"answered {network}", "messages/s", "times npm's", "CPU µs a message", "of npm's", "peak MiB"]
            table(head, rows)


main()
