"""Commands of `istmo` in processes of their own, forked from one that has read the app in: how a process starts is asked elsewhere."""

import contextlib
import faulthandler
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path

_LARGEST, _WORD = 1 << 20, struct.Struct("<i")
_ORIGIN: list[int] = []
"""What leads to the process that forks them, which is made before this one holds a thread, a socket or a store."""


class Process:
    """A command that runs, as far as `subprocess.Popen` would tell of it."""

    def __init__(self, told: int) -> None:
        self._told, self.returncode = told, None
        (self.pid,) = _WORD.unpack(os.read(told, _WORD.size))

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("istmo", timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            # It may have ended meanwhile, and its origin not have told yet.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            (self.returncode,) = _WORD.unpack(os.read(self._told, _WORD.size))
            os.close(self._told)
        return self.returncode


def start(
    arguments: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    stderr: int = subprocess.DEVNULL,
    stdout: int = subprocess.DEVNULL,
    *,
    stdin: int = subprocess.DEVNULL,
    program: Path | None = None,
) -> Process:
    """Start `istmo`, or a program of ours, with these arguments; what it says goes to open files, or nobody reads it."""
    (hear, said), nothing = os.pipe(), os.open(os.devnull, os.O_RDWR)
    task = {"arguments": list(arguments), "env": dict(env), "cwd": str(cwd), "program": str(program or "")}
    standard = [nothing if each == subprocess.DEVNULL else each for each in (stdin, stdout, stderr)]
    with socket.socket(fileno=os.dup(_ORIGIN[0])) as origin:
        socket.send_fds(origin, [json.dumps(task).encode()], [*standard, said])
    os.close(said)
    os.close(nothing)
    return Process(hear)


def run(arguments: Sequence[str], env: Mapping[str, str], cwd: Path, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Run `istmo` to its end: what it said, and its exit code."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = start(arguments, env, cwd, err.fileno(), out.fileno())
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout)
            raise
        told = [os.pread(each.fileno(), os.fstat(each.fileno()).st_size, 0).decode("utf-8") for each in (out, err)]
    return subprocess.CompletedProcess(["istmo", *arguments], code, *(text.replace("\r\n", "\n") for text in told))


def begin() -> None:
    """Fork the process that commands are forked from; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        try:
            _serve(theirs)
        finally:
            os._exit(0)
    theirs.close()
    _ORIGIN.append(ours.detach())


def _serve(origin: socket.socket) -> None:
    faulthandler.disable()
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in range(3):
        os.dup2(nothing, standard)
    # Above all the other end of our own socket, and what a test process tells its own origin by.
    os.closerange(3, origin.fileno())
    os.closerange(origin.fileno() + 1, 4096)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        task, files, *_ = socket.recv_fds(origin, _LARGEST, 4)
        if not task:
            return
        if os.fork() == 0:
            origin.close()
            _keep(json.loads(task), files)
        for file in files:
            os.close(file)


def _keep(task: dict[str, object], files: Sequence[int]) -> None:
    """Fork the command, and tell its process id at once and its exit code when it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, told = files
    child = os.fork()
    if child == 0:
        os.close(told)
        _run(task, standard)
    for file in standard:
        os.close(file)
    os.write(told, _WORD.pack(child))
    _, status = os.waitpid(child, 0)
    os.write(told, _WORD.pack(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def _run(task: dict, standard: Sequence[int]) -> None:
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w", encoding="utf-8"), open(2, "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(task["env"])
    os.chdir(task["cwd"])
    sys.argv, tempfile.tempdir = ["istmo", *task["arguments"]], None
    code = 1
    try:
        if task["program"]:
            runpy.run_path(task["program"], run_name="__main__")
        else:
            from app.cli import main  # noqa: PLC0415 - in the language of the command's own environment

            main()
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
