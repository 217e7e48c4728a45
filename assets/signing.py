"""Signatures of manifests: Ed25519, in the form that `ssh-keygen -Y sign` writes and `ssh-keygen -Y verify` reads.

A signature is a file beside the manifest that it signs, made by a key that only the publishing process reads. The same
manifest and key give the same bytes (RFC 8032), so that a night published again is still the same night. The form is
that of OpenSSH's PROTOCOL.sshsig: an auditor needs no program of ours to check one.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import os
import stat
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from assets.book import Book
from ledger.errors import SettingError

SIGNATURE = "manifest.json.sig"
NAMESPACE = b"openbell-manifest"
"""What a signature is for: one made with the same key for another purpose is none of a manifest."""
KEY_FILE_BYTES_MAX = 65_536
_MAGIC, _VERSION, _HASH, _KIND = b"SSHSIG", 1, b"sha512", b"ssh-ed25519"
_BEGIN, _END = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_LINE = 70
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Signer:
    """A private key that was read and may be used; it never shows itself."""

    _key: Ed25519PrivateKey

    @property
    def public(self) -> Ed25519PublicKey:
        """Return the half that verifies."""
        return self._key.public_key()

    def sign(self, content: bytes) -> bytes:
        """Return the signature file of ``content``."""
        public = _blob(self.public)
        made = self._key.sign(_signed(content))
        parts = _MAGIC + struct.pack(">I", _VERSION) + _strings(public, NAMESPACE, b"", _HASH, _strings(_KIND, made))
        text = base64.b64encode(parts).decode()
        lines = [text[at : at + _LINE] for at in range(0, len(text), _LINE)]
        return "\n".join([_BEGIN, *lines, _END, ""]).encode()


def signer_of(book: Book) -> Signer | None:
    """Return the key that signs the manifests of ``book``; None where none is configured.

    Raises
    ------
    SettingError
        Where the key cannot be read (SIGN-001), others may read it (SIGN-002), it is no Ed25519 key or its passphrase
        does not open it (SIGN-003), or `publish.verify_key` would not know what it signs (SIGN-005).
    """
    settings = book.settings.publish
    if not settings.signing_key:
        return None
    path = book.path / settings.signing_key
    variable = settings.signing_passphrase_variable
    passphrase = os.environ.get(variable, "").encode() or None if variable else None
    signer = Signer(_private_key(_read_private(path), path=path, passphrase=passphrase, variable=variable))
    if _blob(signer.public) not in [_blob(key) for key in known_keys(book)]:
        raise SettingError(
            code="SIGN-005",
            where="book.toml key publish.verify_key",
            found=f"no public half of {settings.signing_key}",
            expected=f"one, {fingerprint_of(signer.public)}",
            remedy="Add the file that ends in .pub; without it no one could verify what the key signs.",
        )
    return signer


def known_keys(book: Book, *, others: Sequence[Path] = ()) -> tuple[Ed25519PublicKey, ...]:
    """Return the public keys whose signatures count: those of ``others``, else those that ``book`` names.

    Raises
    ------
    SettingError
        SIGN-004 where a file cannot be read or holds something else than Ed25519 public keys.
    """
    paths = list(others) or [book.path / name for name in book.settings.publish.verify_key]
    return tuple(key for path in paths for key in _public_keys(path))


def fault_of(signature: bytes | None, *, content: bytes, keys: Sequence[Ed25519PublicKey]) -> str | None:
    """Return what is wrong with the ``signature`` of ``content``, or None where one of ``keys`` made it."""
    if signature is None:
        return "no signature"
    try:
        public, made = _taken_apart(signature)
    except (ValueError, struct.error):
        return "a file that is no signature of a manifest"
    if public not in [_blob(key) for key in keys]:
        return f"a signature of the unknown key {_fingerprint(public)}"
    try:
        next(key for key in keys if _blob(key) == public).verify(made, _signed(content))
    except InvalidSignature:
        return f"a signature of {_fingerprint(public)} that is not of this manifest"
    return None


def fingerprint_of(key: Ed25519PublicKey) -> str:
    """Return the name of a public key, as `ssh-keygen -l` prints it."""
    return _fingerprint(_blob(key))


def _read_private(path: Path) -> bytes:
    """Return the bytes of a private key, having looked at the permissions of the very file that is read."""
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            mode = stat.S_IMODE(facts.st_mode)
            content = file.read(KEY_FILE_BYTES_MAX) if stat.S_ISREG(facts.st_mode) else b""
    except OSError as error:
        raise SettingError(
            code="SIGN-001",
            where=f"signing key {path}",
            found=str(error.strerror),
            expected="a file that this process can read",
            remedy="Mend publish.signing_key in book.toml, or put the key there.",
        ) from error
    if mode & _OTHERS:
        raise SettingError(
            code="SIGN-002",
            where=f"signing key {path}",
            found=f"permissions {mode:04o}, which let others at it",
            expected="0600 or 0400",
            remedy="Make a new key if others may have read it; else `chmod 600` it.",
        )
    return content


def _private_key(content: bytes, *, path: Path, passphrase: bytes | None, variable: str) -> Ed25519PrivateKey:
    """Return the key in ``content``, in OpenSSH's form or PEM; what it says of itself is never told."""
    found = "no private key, in OpenSSH's form or PEM"
    try:
        if b"OPENSSH PRIVATE KEY" in content:
            key: object = serialization.load_ssh_private_key(content, passphrase)
        else:
            key = serialization.load_pem_private_key(content, passphrase)
    except UnsupportedAlgorithm:
        key, found = None, "a passphrase on OpenSSH's form, which is not supported"
    except TypeError:
        key, found = None, f"a key with a passphrase and none in {variable or 'any variable'}, or the other way round"
    except ValueError:
        key = None
        if passphrase:
            found = f"what the passphrase in {variable} does not open"
    if isinstance(key, Ed25519PrivateKey):
        return key
    raise SettingError(
        code="SIGN-003",
        where=f"signing key {path}",
        found=found if key is None else "a key of another kind",
        expected="an Ed25519 private key, and in publish.signing_passphrase_variable its passphrase if it has one",
        remedy="Make one with `ssh-keygen -t ed25519 -N ''`, or with `openssl genpkey -algorithm ed25519 -aes256`.",
    )


def _public_keys(path: Path) -> Iterator[Ed25519PublicKey]:
    """Yield the keys of one file: lines as in `.pub` files, or one PEM."""
    try:
        with path.open("rb") as file:
            content = file.read(KEY_FILE_BYTES_MAX)
        if content.startswith(b"-----"):
            keys: list[object] = [serialization.load_pem_public_key(content)]
        else:
            lines = [line for line in content.splitlines() if line.strip() and not line.startswith(b"#")]
            keys = [serialization.load_ssh_public_key(line) for line in lines]
    except (OSError, ValueError, UnsupportedAlgorithm):
        keys = []
    if not keys or not all(isinstance(key, Ed25519PublicKey) for key in keys):
        raise SettingError(
            code="SIGN-004",
            where=f"public key {path}",
            found="no file of Ed25519 public keys",
            expected="lines as `ssh-keygen -t ed25519` writes to its .pub file, or PEM",
            remedy="Mend publish.verify_key in book.toml or --verify-key.",
        )
    yield from (key for key in keys if isinstance(key, Ed25519PublicKey))


def _taken_apart(signature: bytes) -> tuple[bytes, bytes]:
    """Return the public key's blob and the 64 bytes of a signature file; `ValueError` where it is not of our form."""
    lines = signature.decode("ascii").split("\n")
    if lines[0] != _BEGIN or lines[-2:] != [_END, ""]:
        raise ValueError("no signature")
    try:
        parts = base64.b64decode("".join(lines[1:-2]), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    (version,) = struct.unpack(">I", parts[6:10])
    fields = _split(parts[10:])
    if parts[:6] != _MAGIC or version != _VERSION or len(fields) != 5:
        raise ValueError("no signature")
    public, namespace, reserved, digest, blob = fields
    made = _split(blob)
    if [namespace, reserved, digest, made[0]] != [NAMESPACE, b"", _HASH, _KIND] or len(made) != 2:
        raise ValueError("a signature of something else")
    return public, made[1]


def _signed(content: bytes) -> bytes:
    """Return what is signed for ``content``: its digest, bound to the purpose."""
    return _MAGIC + _strings(NAMESPACE, b"", _HASH, hashlib.sha512(content).digest())


def _blob(key: Ed25519PublicKey) -> bytes:
    return _strings(_KIND, key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _strings(*parts: bytes) -> bytes:
    """Return ``parts`` as SSH strings: each with its length before it."""
    return b"".join(struct.pack(">I", len(part)) + part for part in parts)


def _split(packed: bytes) -> list[bytes]:
    """Return the SSH strings in ``packed``, which must be all of it."""
    parts = []
    while packed:
        (length,) = struct.unpack(">I", packed[:4])
        part, packed = packed[4 : 4 + length], packed[4 + length :]
        if len(part) != length:
            raise ValueError("cut short")
        parts.append(part)
    return parts
