"""Files and folders of an installation: room on the disk, rights, owners, the kind of file system, certificates."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509

from app.cli.patient import Ailment, Patient

MOUNTS = Path("/proc/self/mounts")
LEAST_FREE = 500 * 2**20
"""Bytes that must be free: a migration copies the database beside itself, and a full disk refuses every write."""

_OVER_THE_NETWORK = ("nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.s3fs", "lustre")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_SOON_DAYS = 30


def disk(patient: Patient, least: int = LEAST_FREE) -> Iterator[Ailment]:
    """A disk nearly full, of the database or of the secrets; PostgreSQL's own disk is not to be seen from here."""
    folders = [patient.settings.secrets_dir, *([patient.file.parent] if patient.file else [])]
    for folder in {_existing(folder) for folder in folders}:
        free = shutil.disk_usage(folder).free
        if free < least:
            yield Ailment("doctor-disk", {"folder": folder, "free": free // 2**20, "least": least // 2**20})


def _existing(folder: Path) -> Path:
    return next((place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir()), Path("/"))


def network_disk(patient: Patient, mounts: str | None = None) -> Iterator[Ailment]:
    """A SQLite file on a network's file system, whose locks do not keep two writers apart (sqlite.org/useovernet.html)."""
    if patient.file is None:
        return
    lines = mounts if mounts is not None else (MOUNTS.read_text("utf-8", "replace") if MOUNTS.is_file() else "")
    kind = _kind_of_mount(_existing(patient.file.parent).resolve(), lines)
    if kind.startswith(_OVER_THE_NETWORK):
        yield Ailment("doctor-network-disk", {"file": patient.file, "kind": kind})


def _kind_of_mount(place: Path, lines: str) -> str:
    mounted = [parts for line in lines.splitlines() if len(parts := line.split()) > 2]  # noqa: PLR2004 - device, place, kind
    under = [parts for parts in mounted if place.is_relative_to(parts[1])]
    return max(under, key=lambda parts: len(parts[1]))[2] if under else ""


def database_file(patient: Patient) -> Iterator[Ailment]:
    """A SQLite file that this user cannot write, or whose folder it cannot: the write-ahead log lies beside the file."""
    if patient.file is None or not patient.file.exists():
        return
    for place in (patient.file, patient.file.parent):
        if not os.access(place, os.R_OK | os.W_OK, effective_ids=True):
            yield Ailment("doctor-not-writable", {"file": place})


def secrets_folder(patient: Patient) -> Iterator[Ailment]:
    """Secrets that others on this machine can read, or that belong to somebody else than the one who runs this."""
    folder = patient.settings.secrets_dir
    if not folder.is_dir():
        yield Ailment("doctor-secrets-missing", {"folder": folder})
        return
    found = folder.stat()
    if found.st_mode & _OTHERS:
        yield Ailment("doctor-secrets-mode", {"folder": folder, "mode": f"{stat.S_IMODE(found.st_mode):04o}"})
    # Root looks after the service of another user: its own number says nothing.
    if os.geteuid() not in {0, found.st_uid}:
        yield Ailment("doctor-secrets-owner", {"file": folder})
    try:
        files = sorted(folder.iterdir())
    except PermissionError:
        return
    for file in files:
        if file.stat().st_mode & _OTHERS:
            yield Ailment("doctor-secret-mode", {"file": file, "mode": f"{stat.S_IMODE(file.stat().st_mode):04o}"})
        if file.stat().st_uid != found.st_uid:
            yield Ailment("doctor-secrets-owner", {"file": file})


def ca_file(patient: Patient) -> Iterator[Ailment]:
    """The CA file of the ministry's proxy: missing, not readable, without certificates, or with one that has ended or soon will."""
    if not patient.settings.ca_file:
        return
    file = Path(patient.settings.ca_file)
    try:
        certificates = x509.load_pem_x509_certificates(file.read_bytes())
    except OSError:
        yield Ailment("doctor-ca-unreadable", {"file": file})
        return
    except ValueError:
        yield Ailment("doctor-ca-form", {"file": file})
        return
    ends = min(certificate.not_valid_after_utc for certificate in certificates)
    if ends <= patient.now:
        yield Ailment("doctor-ca-expired", {"file": file, "day": ends.date()})
    elif (ends - patient.now).days < _SOON_DAYS:
        yield Ailment("doctor-ca-expires", {"file": file, "day": ends.date()})
