#!/usr/bin/env python3
"""What a long subscription.txt costs the server: GET /status, POST /add-subscription, memory. Prints one table for each binary.

    python3 benches/long_list.py [SERVER...]

Without SERVER it builds and measures this tree's. Give another build's path too, and both are measured on this machine.
The push service behind it answers 201 at once and checks nothing, so that the first notification of an add costs little.
"""

import base64
import concurrent.futures
import http.client
import http.server
import json
import pathlib
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
LENGTHS = [10, 1_000, 10_000, 50_000]
ROUNDS = 15
# A point on P-256 and 16 bytes: the user agent's of RFC 8291's example.
P256DH = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"


class Accepting(http.server.BaseHTTPRequestHandler):
    """A push service without rules."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(201)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def subscription(origin):
    # As long as Firefox's: about 190 characters behind the host.
    token = base64.urlsafe_b64encode(secrets.token_bytes(140)).decode()
    return json.dumps({"endpoint": f"{origin}/wpush/v2/{token}", "expirationTime": None, "keys": {"p256dh": P256DH, "auth": AUTH}})


def ask(port, method, path, body=None):
    """Milliseconds of one request on a connection of its own."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("localhost", port, timeout=60)
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    answer.read()
    took = (time.perf_counter() - start) * 1000
    assert answer.status in (200, 201), answer.status
    connection.close()
    return took


def peak_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024


def measure(server, length, origin):
    with tempfile.TemporaryDirectory() as folder:
        lines = "".join(subscription(origin) + "\n" for _ in range(length))
        pathlib.Path(folder, "subscription.txt").write_text(lines)
        # The server does not rely on the time of a file that was changed just now.
        time.sleep(0.2)
        arguments = [server, "--port", "0", "--http-port", "0", "--data-dir", folder, "--allow-push-service", origin]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            while not (found := re.search(r"http://localhost:(\d+)", process.stdout.readline())):
                pass
            port = int(found[1])
            ask(port, "GET", "/status")
            status = statistics.median(ask(port, "GET", "/status") for _ in range(ROUNDS))
            add = statistics.median(ask(port, "POST", "/add-subscription", subscription(origin)) for _ in range(ROUNDS))
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                eight = max(pool.map(lambda _: ask(port, "POST", "/add-subscription", subscription(origin)), range(8)))
            return status, add, eight, peak_mib(process.pid)
        finally:
            process.terminate()
            process.wait()


def main():
    servers = sys.argv[1:]
    if not servers:
        subprocess.run(["cargo", "build", "--release", "--quiet", "--bin", "server"], cwd=PROJECT, check=True)
        servers = [PROJECT / "target/release/server"]
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Accepting)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    origin = f"http://localhost:{service.server_port}"
    for server in servers:
        print(f"\n| {server}: lines | status ms | add ms | slowest of eight adds at once ms | peak MiB |")
        print("|---:|---:|---:|---:|---:|")
        for length in LENGTHS:
            status, add, eight, peak = measure(server, length, origin)
            print(f"| {length} | {status:.1f} | {add:.1f} | {eight:.0f} | {peak:.1f} |", flush=True)


if __name__ == "__main__":
    main()
