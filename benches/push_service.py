#!/usr/bin/env python3
"""Prints how many pushes a second the local push service accepts at 16 connections, beside npm's web-push-testing: each checks the
token and decrypts each message. The same pushes, prepared by npm's web-push, come from wrk. Needs wrk and npm."""

import os
import pathlib
import re
import socket
import sys
import threading
import time

from measure import PROJECT, RELEASE, WEB_PUSH, build, folder, median, npm, run, serving, table

ROUNDS = 5
SECONDS = 3
SUBSCRIPTIONS = 64
WRK = ["wrk", "--threads", "1", "--connections", "16", "--duration", f"{SECONDS}s"]


def free_port():
    """web-push-testing does not let the system choose."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


def drain(process):
    """Reads on what a server prints, so that it can print."""
    threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()


def wait_for(port):
    """Until something listens there."""
    for _ in range(100):
        try:
            socket.create_connection(("localhost", port), 1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"nothing listens on port {port}")


def cpu_seconds(process):
    """User and system time of a server so far."""
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def accepted(process, origin, script):
    """Pushes a second, all of them accepted, and the server's CPU microseconds for each."""
    before = cpu_seconds(process)
    output = run([*WRK, "--script", script, origin]).output
    answers = re.search(r"(\d+) requests in ([\d.]+)s", output)
    if "Non-2xx" in output or not answers:
        raise SystemExit(output)
    count = int(answers[1])
    return count / float(answers[2]), (cpu_seconds(process) - before) / count * 1e6


def main():
    build("-p", "push-service", "--bin", "push-service")
    with folder() as temporary:
        modules = npm(temporary, WEB_PUSH, "web-push-testing@1.2.2")
        port = free_port()
        # Its command line starts it in the background, where it could not be ended by its process.
        source = str(modules / "web-push-testing" / "src")
        model = f"new (require('{source}/PushApiModel.js').PushApiModel)()"
        theirs = ["node", "-e", f"new (require('{source}/server.js'))({model}, {port}).startServer()"]
        with serving([RELEASE / "push-service", "--port", "0"]) as (ours, line), serving(theirs) as (node, _):
            drain(ours)
            drain(node)
            wait_for(port)
            origins = {
                "push-service": (re.search(r"http://localhost:\d+", line)[0], "/control/subscriptions"),
                "web-push-testing": (f"http://localhost:{port}", "/subscribe"),
            }
            scripts = {}
            for name, (origin, path) in origins.items():
                prepare = ["node", PROJECT / "benches" / "push_requests.js", origin + path, str(SUBSCRIPTIONS)]
                prepared = run(prepare, env={"NODE_PATH": str(modules), "PATH": "/usr/bin:/bin:/usr/local/bin"})
                if prepared.code != 0:
                    raise SystemExit(prepared.output)
                scripts[name] = temporary / f"{name}.lua"
                scripts[name].write_text(prepared.output)
            figures = {name: [] for name in origins}
            processes = {"push-service": ours, "web-push-testing": node}
            for _ in range(ROUNDS):
                for name, (origin, _) in origins.items():
                    figures[name].append(accepted(processes[name], origin, scripts[name]))
                    print(f"{name}: {figures[name][-1][0]:.0f}/s", file=sys.stderr)
            rows = []
            for name, rounds in figures.items():
                rate, cpu = (median(one[i] for one in rounds) for i in [0, 1])
                times, of_theirs = (median(a[i] / b[i] for a, b in zip(rounds, figures["web-push-testing"])) for i in [0, 1])
                rows.append([name, f"{rate:.0f}", f"{times:.1f}", f"{cpu:.0f}", f"1/{1 / of_theirs:.1f}"])
            table(["accepted at 16 connections", "pushes/s", "times web-push-testing", "CPU µs a push", "of web-push-testing's"], rows)


main()
