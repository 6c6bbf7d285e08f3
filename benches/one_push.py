#!/usr/bin/env python3
"""Prints the table of one push as a whole process, start to end: notify, npm's web-push and pywebpush on the command line,
in turn, against a push service on this machine that only answers."""

import json
import os
import pathlib

from measure import RELEASE, WEB_PUSH, build, folder, median, npm, peak_mib, pip, run, serving, table, vapid_keys

ROUNDS = 21
MESSAGE = "m" * 100
SUBJECT = "mailto:push@example.com"
# Where systems keep their authorities: a push to the internet reads them all, so this one does.
AUTHORITIES = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/cert.pem", "/etc/ssl/cert.pem"]


def commands(temporary, node_modules, python):
    """The three commands, each with its environment and what it says when all went well."""
    keys = vapid_keys(node_modules)
    subscription = (temporary / "subscription.txt").read_text()
    parsed = json.loads(subscription)
    bundle, ca = str(temporary / "bundle.pem"), str(temporary / "ca.pem")
    system = next((file for name in AUTHORITIES if (file := pathlib.Path(name)).exists()), None)
    (temporary / "bundle.pem").write_text((system.read_text() if system else "") + pathlib.Path(ca).read_text())
    trust = {"SSL_CERT_FILE": bundle} | ({"SSL_CERT_DIR": "/etc/ssl/certs"} if pathlib.Path("/etc/ssl/certs").is_dir() else {})
    (temporary / "claims.json").write_text(json.dumps({"sub": SUBJECT}))
    (temporary / "message").write_text(MESSAGE)
    (temporary / "headers.json").write_text(json.dumps({"TTL": "86400"}))
    web_push = [node_modules / ".bin" / "web-push", "send-notification", f"--endpoint={parsed['endpoint']}"]
    web_push += [f"--key={parsed['keys']['p256dh']}", f"--auth={parsed['keys']['auth']}", f"--payload={MESSAGE}"]
    web_push += [f"--vapid-subject={SUBJECT}", f"--vapid-pubkey={keys['publicKey']}"]
    web_push += [f"--vapid-pvtkey={keys['privateKey']}"]
    pywebpush = [python / "pywebpush", "--data", "message", "--info", "subscription.txt", "--head", "headers.json"]
    pywebpush += ["--claims", "claims.json", "--key", keys["privateKey"]]
    return {
        "notify": ([RELEASE / "notify", MESSAGE], trust | {"VAPID_PRIVATE_KEY": keys["privateKey"]}, "201 Created"),
        "npm web-push": (web_push, {"NODE_EXTRA_CA_CERTS": ca}, "Push message sent."),
        "pywebpush": (pywebpush, {"REQUESTS_CA_BUNDLE": bundle}, ""),
    }


def main():
    build("--bin", "notify")
    build("-p", "push-service", "--example", "answering")
    with folder() as temporary:
        node_modules, python = npm(temporary, WEB_PUSH), pip(temporary, "pywebpush")
        with serving([RELEASE / "examples" / "answering", temporary]):
            runs, peaks = {}, {}
            programs = commands(temporary, node_modules, python)
            for turn in range(ROUNDS + 1):
                for name, (command, environment, says) in programs.items():
                    options = {"cwd": temporary, "env": os.environ | environment}
                    ended = run(command, **options)
                    if ended.code != 0 or says not in ended.output:
                        raise SystemExit(f"{name} failed:\n{ended.output}")
                    if turn == 0:
                        continue  # files come from the disk
                    runs.setdefault(name, []).append(ended)
                    if turn % 7 == 0:
                        peaks.setdefault(name, []).append(peak_mib(command, **options)[1])
    ours, rows = runs["notify"], []
    for name, theirs in runs.items():
        wall = median(b.wall_seconds / a.wall_seconds for a, b in zip(ours, theirs))
        cpu = median(b.cpu_seconds / a.cpu_seconds for a, b in zip(ours, theirs))
        times = [median(r.wall_seconds for r in theirs) * 1000, median(r.cpu_seconds for r in theirs) * 1000]
        rows.append([name, *(f"{t:.1f}" for t in times), f"{median(peaks[name]):.1f}", f"{wall:.1f}", f"{cpu:.1f}"])
    table(["one push", "wall ms", "CPU ms", "peak MiB", "wall, times notify's", "CPU, times notify's"], rows)


main()
