"""What the tables of this folder share: programs built, peers installed into a temp folder, children run and accounted for by
the operating system, medians, Markdown."""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
RELEASE = PROJECT / "target" / "release"
WEB_PUSH = "web-push@3.6.7"
# For every child that is to end by itself.
LIMIT_SECONDS = 300


def build(*what):
    """Builds in release mode, as `cargo build --release ...`."""
    subprocess.run(["cargo", "build", "--release", "--locked", *what], cwd=PROJECT, check=True)


@contextlib.contextmanager
def folder():
    """A temp folder, removed in the end."""
    with tempfile.TemporaryDirectory(prefix="barepush-bench-") as name:
        yield pathlib.Path(name)


def peers_folder(temporary):
    """Where peers are installed: BENCH_PEERS, which keeps them for the next run, else a temp folder."""
    return pathlib.Path(os.environ.get("BENCH_PEERS", temporary / "peers"))


def npm(temporary, *packages):
    """The folder `node_modules` with these packages."""
    peers = peers_folder(temporary)
    peers.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(peers), *packages]
    subprocess.run(command, check=True)
    return peers / "node_modules"


def pip(temporary, *packages):
    """The folder of programs of a virtual environment with these packages."""
    peers = peers_folder(temporary) / "venv"
    if not peers.exists():
        subprocess.run([sys.executable, "-m", "venv", str(peers)], check=True)
    subprocess.run([str(peers / "bin" / "pip"), "install", "--quiet", *packages], check=True)
    return peers / "bin"


@contextlib.contextmanager
def serving(command, **options):
    """A server, ended with the block; answers with its process and the first line it prints."""
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, text=True, **options)
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclasses.dataclass
class Run:
    """One child from start to end: its answer, and what it took."""

    code: int
    output: str
    wall_seconds: float
    cpu_seconds: float


def run(command, **options):
    """Runs a child and everything it starts to the end; CPU is user and system time of them all."""
    with tempfile.TemporaryFile("w+") as output:
        start = time.monotonic()
        child = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **options
        )
        # wait4 knows this child's own usage, to the microsecond; the alarm is for one that hangs.
        signal.signal(signal.SIGALRM, lambda *_: child.kill())
        signal.alarm(LIMIT_SECONDS)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - start
        signal.alarm(0)
        child.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        return Run(child.returncode, output.read(), wall, usage.ru_utime + usage.ru_stime)


def peak_mib(command, **options):
    """The most memory a command held, by GNU time: a child of this Python would never show less than Python's own."""
    with tempfile.NamedTemporaryFile("r") as figure:
        ended = run(["/usr/bin/time", "-f", "%M", "-o", figure.name, *command], **options)
        return ended, int(figure.read().split()[-1]) / 1024


def vapid_keys(node_modules):
    """A fresh pair, in base64url: publicKey, privateKey."""
    made = run([node_modules / ".bin" / "web-push", "generate-vapid-keys", "--json"])
    return json.loads(made.output)


def median(values):
    return statistics.median(values)


def table(head, rows):
    """Prints Markdown; columns after the first are numbers, so to the right."""
    print()
    print("| " + " | ".join(head) + " |")
    print("|---" + "|---:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
