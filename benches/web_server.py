#!/usr/bin/env python3
"""Prints the table of GET / over TLS at 16 connections, kept alive and with a handshake each: this server, Express and nginx with
the same file, key and certificate, in turn, under wrk. Needs wrk, nginx and npm."""

import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time

from measure import PROJECT, RELEASE, build, folder, median, npm, run, serving, table

ROUNDS = 5
SECONDS = 3
CONNECTIONS = 16
WRK = ["wrk", "--threads", "2", "--connections", str(CONNECTIONS), "--duration", f"{SECONDS}s"]

# Nothing that it would not do by itself but for the limit on requests of one connection and the log of each request, which the
# other two have not.
NGINX = """
daemon off; pid nginx.pid; error_log stderr; worker_processes auto;
events {{ worker_connections 512; }}
http {{
    default_type text/html; access_log off; keepalive_requests 100000000;
    client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
    server {{
        listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {keys}/tls_cert.pem; ssl_certificate_key {keys}/tls_key.pem;
        root {www};
    }}
}}
"""


def free_port():
    """nginx does not say which port the system chose, so one is chosen for it."""
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        return chosen.getsockname()[1]


def page(port, keys):
    """The page as this server gives it, its certificate checked; and what TLS agreed on."""
    context = ssl.create_default_context(cafile=keys / "tls_cert.pem")
    with socket.create_connection(("127.0.0.1", port), 10) as tcp, context.wrap_socket(tcp, server_hostname="localhost") as tls:
        tls.sendall(f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: tls.recv(65536), b""))
        return hashlib.sha256(answer.partition(b"\r\n\r\n")[2]).hexdigest(), (*tls.cipher(), )


@contextlib.contextmanager
def servers(temporary):
    """The ports of the three, by name, and their processes."""
    keys, www = temporary / "keys", PROJECT / "www"
    ours = [RELEASE / "server", "--port", "0", "--no-http", "--data-dir", temporary]
    with contextlib.ExitStack() as stack:
        barepush, line = stack.enter_context(serving(ours))
        while not (found := re.search(r"https://localhost:(\d+)", line)):
            line = barepush.stdout.readline()
        node_modules = npm(temporary, "express@4")
        script = node_modules.parent / "express.js"
        shutil.copy(PROJECT / "benches" / "express.js", script)
        express, port = stack.enter_context(serving(["node", script, www, keys / "tls_key.pem", keys / "tls_cert.pem"]))
        nginx_port = free_port()
        temporary.chmod(0o755)
        (temporary / "nginx.conf").write_text(NGINX.format(port=nginx_port, keys=keys, www=www))
        nginx = subprocess.Popen(["nginx", "-p", temporary, "-c", "nginx.conf"])
        stack.callback(nginx.wait)
        stack.callback(nginx.terminate)
        for _ in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", nginx_port), 1):
                break
            time.sleep(0.1)
        ports = {"barepush": int(found[1]), "Express": int(port), "nginx": nginx_port}
        given = {name: page(port, keys) for name, port in ports.items()}
        if len(set(given.values())) != 1:
            raise SystemExit(f"not the same page or not the same TLS: {given}")
        print(f"all three: {given['nginx']}", file=sys.stderr)
        yield ports, {"barepush": barepush.pid, "Express": express.pid, "nginx": nginx.pid}


def processes(pid):
    """The folders in /proc of a process and its children."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pathlib.Path(f"/proc/{one}") for one in [pid, *children]]


def cpu_seconds(pid):
    """User and system time of a server so far."""
    fields = [(one / "stat").read_text().rpartition(")")[2].split() for one in processes(pid)]
    return sum(int(ticks) for one in fields for ticks in one[11:13]) / os.sysconf("SC_CLK_TCK")


def peak_mib(pid):
    """The most memory this process and its children held, each for itself, in sum."""
    statuses = [(one / "status").read_text() for one in processes(pid)]
    return sum(int(re.search(r"VmHWM:\s+(\d+)", status)[1]) for status in statuses) / 1024


def load(port, pid, options):
    """Answers a second, every one of them 200, and the server's CPU microseconds for each."""
    before = cpu_seconds(pid)
    output = run([*WRK, *options, f"https://localhost:{port}/"]).output
    answers = re.search(r"(\d+) requests in ([\d.]+)s", output)
    if "Non-2xx" in output or not answers:
        raise SystemExit(output)
    count = int(answers[1])
    return count / float(answers[2]), (cpu_seconds(pid) - before) / count * 1e6


def main():
    build("--bin", "server")
    with folder() as temporary, servers(temporary) as (ports, pids):
        kinds = {"kept alive": [], "a handshake each": ["--header", "Connection: close"]}
        for kind, options in kinds.items():
            figures = {name: [] for name in ports}
            for _ in range(ROUNDS):
                for name, port in ports.items():
                    figures[name].append(load(port, pids[name], options))
                    print(f"{kind}, {name}: {figures[name][-1][0]:.0f}/s", file=sys.stderr)
            rows = []
            for name, rounds in figures.items():
                rate, cpu = (median(one[i] for one in rounds) for i in [0, 1])
                times = [median(a[0] / b[0] for a, b in zip(rounds, figures[peer])) for peer in ["Express", "nginx"]]
                rows.append([name, f"{rate:.0f}", *(f"{t:.2f}" for t in times), f"{cpu:.0f}", f"{peak_mib(pids[name]):.1f}"])
            table([f"GET /, {kind}", "answers/s", "times Express", "times nginx", "CPU µs an answer", "peak MiB"], rows)


main()
