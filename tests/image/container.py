"""An image built without a container engine (buildah, chroot isolation) and run by the kernel's namespaces alone."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
NEEDED = {"buildah": "buildah", "mmdebstrap": "mmdebstrap", "unshare": "util-linux", "nsenter": "util-linux", "chroot": "coreutils"}
CONTEXT = (
    "Dockerfile",
    ".dockerignore",
    "app",
    "istmo",
    "migrations",
    "docs",
    "deploy",
    "pyproject.toml",
    "README.md",
    "requirements.lock",
)
UP = "import fcntl, socket, struct; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 73))"
"""Brings loopback up (SIOCSIFFLAGS: up, loopback, running) in a network namespace that has nothing else."""


def require_tools() -> None:
    """Fail with the names of what this machine lacks."""
    lacking = sorted({package for program, package in NEEDED.items() if shutil.which(program) is None})
    assert not lacking, f"this machine lacks {', '.join(lacking)}: apt-get install {' '.join(lacking)}"
    assert os.geteuid() == 0, "building an image without a container engine needs root"


def run(*words: object, cwd: Path | None = None) -> str:
    """What a program prints; fails with its words where it does."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=cwd, timeout=900, check=False)
    assert done.returncode == 0, (words, done.stdout[-3000:], done.stderr[-3000:])
    return done.stdout.strip()


class Buildah:
    """buildah over a store of its own under a test's folder."""

    def __init__(self, folder: Path) -> None:
        self.words = ("buildah", "--storage-driver", "vfs", "--root", folder / "store", "--runroot", folder / "run")

    def __call__(self, *words: object) -> str:
        return run(*self.words, *words)


def make_base(buildah: Buildah, folder: Path) -> str:
    """A Debian with Python and nothing else, from the packages of the machine's own release."""
    release = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text("utf-8").splitlines() if "=" in line)
    tar = folder / "base.tar"
    run("mmdebstrap", "--variant=minbase", "--include=python3,python3-venv,ca-certificates", release["VERSION_CODENAME"].strip('"'), tar)
    container = buildah("from", "scratch")
    buildah("add", "--quiet", container, tar, "/")
    buildah("commit", "--quiet", container, "localhost/istmo-base")
    buildah("rm", container)
    tar.unlink()
    return "localhost/istmo-base"


def make_context(folder: Path) -> Path:
    """The checkout as a build sees it, with a wheelhouse beside it, so that the build needs no network."""
    context = folder / "context"
    context.mkdir()
    for name in CONTEXT:
        source = ROOT / name
        shutil.copytree(source, context / name, ignore=shutil.ignore_patterns("__pycache__")) if source.is_dir() else shutil.copy(
            source, context
        )
    for lock in ("requirements.lock", "deploy/build.lock"):
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--only-binary", ":all:")
        run(*pip, "--dest", context / "wheelhouse", "-r", ROOT / lock)
    return context


def build(buildah: Buildah, base: str, context: Path) -> str:
    """The image, built in a network namespace without any network."""
    options = ("--isolation", "chroot", "--format", "docker", "--pull-never", "--build-arg", f"BASE={base}", "--tag", "localhost/istmo")
    run("unshare", "--net", *buildah.words, "bud", *options, context)
    return "localhost/istmo"


@dataclass
class Container:
    """A running image: its root read-only, its volume writable, /tmp in memory, no network but loopback."""

    holder: int
    root: Path
    config: dict

    def words(self, command: Sequence[str], **environment: str) -> list[str]:
        """A command as the image's user, with the image's environment and working folder."""
        user, folder = self.config["User"], self.config["WorkingDir"]
        settings = [*self.config["Env"], *(f"{name}={value}" for name, value in environment.items())]
        inside = ["/usr/bin/env", "-i", *settings, "sh", "-c", f'cd {folder} && exec "$@"', "-", *command]
        return ["nsenter", "-t", str(self.holder), "--mount", "--net", "chroot", f"--userspec={user}", str(self.root), *inside]

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """A command that ends."""
        return subprocess.run(self.words(command, **environment), capture_output=True, text=True, timeout=120, check=False)

    @contextmanager
    def started(self, *command: str, **environment: str) -> Iterator[subprocess.Popen]:
        """A command that runs until it is stopped, at the latest at the end of the block."""
        with subprocess.Popen(self.words(command, **environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            try:
                yield process
            finally:
                process.kill()


@contextmanager
def running(buildah: Buildah, image: str, volume: Path) -> Iterator[Container]:
    """A container over an empty volume, as an engine would prepare it; it ends with the block."""
    config = json.loads(buildah("inspect", "--type", "image", image))["Docker"]["config"]
    name = buildah("from", "--pull-never", image)
    root = Path(buildah("mount", name))
    (state,) = (root / place.lstrip("/") for place in config["Volumes"])
    owner = state.stat()
    volume.mkdir(mode=owner.st_mode & 0o777)
    os.chown(volume, owner.st_uid, owner.st_gid)
    steps = (
        f"mount --bind {root} {root} && mount -o remount,bind,ro {root} && mount --bind {volume} {state}"
        f" && mount -t tmpfs tmpfs {root / 'tmp'} && mount --bind /dev {root}/dev && '{sys.executable}' -c \"{UP}\" && echo ready && exec sleep 3600"
    )
    with subprocess.Popen(["unshare", "--mount", "--net", "sh", "-c", steps], stdout=subprocess.PIPE, text=True) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "ready\n"
            yield Container(holder.pid, root, config)
        finally:
            holder.kill()
    buildah("rm", name)


def wait_until(done, seconds: float = 60) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.1)
