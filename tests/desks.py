"""A terminal of a test's own, and an office's desk: its commands run in this process, on that terminal or in a pipe."""

import contextlib
import io
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.cli import shell


class Terminal:
    """What is typed stands in it before it is asked for; `shown` is all that came out once it is closed."""

    def __init__(self, typed: str = "") -> None:
        self.master, slave = pty.openpty()
        self.screen, self.keys, self.shown = open(slave, "w", encoding="utf-8"), open(slave, closefd=False), ""  # noqa: PTH123, SIM115
        os.write(self.master, typed.encode())
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        pieces = []
        with contextlib.suppress(OSError):
            while piece := os.read(self.master, 65536):
                pieces.append(piece)
        self.shown = b"".join(pieces).decode().replace("\r\n", "\n")

    def close(self) -> None:
        """Give it back, and keep what was shown."""
        self.keys.close()
        self.screen.close()
        self._reader.join()
        os.close(self.master)


class Desk:
    """An office's desk with its own folder, empty at first; a screen of 100 columns and 70 lines stands on it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        folder.mkdir()
        self.folder, self._patch, self._capture = folder, monkeypatch, capsys
        monkeypatch.chdir(folder)
        monkeypatch.setenv("COLUMNS", "100")
        monkeypatch.setenv("LINES", "70")
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            monkeypatch.delenv(name)

    def run(
        self, url: str, *arguments: str, key: str = "istmo_a_b", screen: bool = False, typed: str | None = None, piped: bytes = b""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command: with a `screen` its output goes to a terminal, with something `typed` its input comes from one."""
        self._patch.setenv("ISTMO_URL", url)
        self._patch.setenv("ISTMO_KEY", key)
        terminal = Terminal(typed or "") if screen or typed is not None else None
        with self._patch.context() as here, contextlib.ExitStack() as closing:
            if terminal:
                closing.callback(terminal.close)
            here.setattr(sys, "stdin", terminal.keys if terminal and typed is not None else io.TextIOWrapper(io.BytesIO(piped)))
            if terminal and screen:
                here.setattr(sys, "stdout", terminal.screen)
            with pytest.raises(SystemExit) as left:
                shell(list(arguments))(list(arguments))
        said = self._capture.readouterr()
        return subprocess.CompletedProcess(arguments, left.value.code, terminal.shown if terminal and screen else said.out, said.err)
