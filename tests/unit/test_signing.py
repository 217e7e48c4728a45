"""Signatures: OpenSSH's own form, told apart where they are wrong; a key is refused before it can do harm."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from assets.book import Book, BookSettings, General, Publish
from assets.publish import DATA_FILES, publish
from assets.signing import SIGNATURE, fault_of, known_keys, signer_of
from assets.verification import check_signatures
from ledger.errors import SettingError
from pipelines.book_toml import book_toml

NIGHT = dt.date(2026, 9, 1)
CONTENT = b'{"night": "2026-09-01"}\n'
BY_SSH_KEYGEN = b"""\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgA6EHv/POEL4dcN0Y50vAmWfk1j
CbpQ1fHdyGZBJVMbgAAAARb3BlbmJlbGwtbWFuaWZlc3QAAAAAAAAABnNoYTUxMgAAAFMA
AAALc3NoLWVkMjU1MTkAAABAFzPKSZTOI1s/HsHt9+JKxXRNdmzFaJm+//W5WisJBjBCsQ
eApNlobRLvUbFipZfH7P7eCcqXJpYWyJNnTmtlDA==
-----END SSH SIGNATURE-----
"""
"""What `ssh-keygen -Y sign -n openbell-manifest` made of CONTENT with the key whose seed is the bytes 0 to 31."""


def seed_of(number: int) -> bytes:
    """Return 32 bytes that are not found by chance in a file; the bytes 0 to 31 for 0."""
    return bytes(place * (2 * number + 1) % 256 for place in range(32))


def key_of(seed: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(seed_of(seed))


def write_pair(folder: Path, name: str, *, seed: int, passphrase: bytes | None = None) -> Path:
    """Write a key as `ssh-keygen` does, or in PEM where it has a passphrase; return its path."""
    folder.mkdir(exist_ok=True)
    key, path = key_of(seed), folder / name
    form = serialization.PrivateFormat.PKCS8 if passphrase else serialization.PrivateFormat.OpenSSH
    locked = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    path.touch(mode=0o600)
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, locked))
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    path.with_name(f"{name}.pub").write_bytes(public + b" operations\n")
    return path


def book_with(folder: Path, **settings: object) -> Book:
    section = Publish.model_validate(settings)
    made = BookSettings(book=General(first_night=NIGHT), publish=section)
    folder.mkdir(exist_ok=True)
    (folder / "book.toml").write_text(book_toml(made), encoding="utf-8")
    return Book.open(folder)


def signing(folder: Path, *, seed: int = 0) -> Book:
    write_pair(folder, "key", seed=seed)
    return book_with(folder, signing_key="key", verify_key=["key.pub"])


def published(book: Book, text: str = "one") -> Path:
    files = {name: text.encode() for name in DATA_FILES}
    return publish(book=book, night=NIGHT, files=files, facts={"store": {}, "inputs": {}, "counts": {}}, revise=False)


def test_a_signature_is_the_one_that_ssh_keygen_makes(tmp_path: Path) -> None:
    signer = signer_of(signing(tmp_path))
    assert signer is not None
    assert signer.sign(CONTENT) == BY_SSH_KEYGEN
    assert fault_of(BY_SSH_KEYGEN, content=CONTENT, keys=[key_of(0).public_key()]) is None


def another_byte(book: Book, folder: Path) -> str:
    del book
    manifest = folder / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"revision": 0', b'"revision":  0'))
    return "that is not of this manifest"


def no_signature(book: Book, folder: Path) -> str:
    del book
    (folder / SIGNATURE).unlink()
    return "no signature"


def another_key(book: Book, folder: Path) -> str:
    other = signer_of(signing(book.path.parent / "elsewhere", seed=7))
    assert other is not None
    (folder / SIGNATURE).write_bytes(other.sign((folder / "manifest.json").read_bytes()))
    return "a signature of the unknown key SHA256:"


def garbage(book: Book, folder: Path) -> str:
    del book
    (folder / SIGNATURE).write_bytes(b"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")
    return "a file that is no signature"


@pytest.mark.parametrize("damage", [another_byte, no_signature, another_key, garbage])
def test_what_is_wrong_with_a_signature_is_told_apart(tmp_path: Path, damage: Callable[[Book, Path], str]) -> None:
    book = signing(tmp_path / "book")
    folder = published(book)
    [check] = check_signatures(book=book, night=NIGHT, verify_keys=())
    assert (check.checked, check.differences) == (1, ())
    found = damage(book, folder)
    [check] = check_signatures(book=book, night=NIGHT, verify_keys=())
    assert [difference.where for difference in check.differences] == [f"published/{NIGHT}/{SIGNATURE}"]
    assert found in check.differences[0].found


def test_a_signed_night_tells_nothing_of_its_key_and_the_same_night_is_signed_alike(tmp_path: Path) -> None:
    book = signing(tmp_path / "book")
    folder = published(book)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*DATA_FILES, "manifest.json", SIGNATURE])
    again = signing(tmp_path / "again")
    published(again)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in again.published(NIGHT).iterdir()
    }
    settings = json.loads((folder / "manifest.json").read_bytes())["settings"]
    assert sorted(settings["publish"]) == ["deadline"], "a replay has no key, and the same manifest"
    unsigned = book_with(tmp_path / "unsigned")
    assert (published(unsigned) / "manifest.json").read_bytes() == (folder / "manifest.json").read_bytes()


def test_keys_take_turns_and_nights_before_the_first_need_none(tmp_path: Path) -> None:
    book = signing(tmp_path)
    published(book)
    write_pair(tmp_path, "next", seed=40)
    both = book_with(tmp_path, signing_key="next", verify_key=["key.pub", "next.pub"])
    assert len(known_keys(both)) == 2
    assert check_signatures(book=both, night=NIGHT, verify_keys=())[0].differences == ()
    only_next = book_with(tmp_path, signing_key="next", verify_key=["next.pub"])
    assert check_signatures(book=only_next, night=NIGHT, verify_keys=())[0].differences
    later = book_with(tmp_path, verify_key=["next.pub"], signed_from=dt.date(2026, 9, 2))
    assert check_signatures(book=later, night=NIGHT, verify_keys=()) == []
    # An auditor's own keys go before what the book says of itself.
    assert check_signatures(book=later, night=NIGHT, verify_keys=[tmp_path / "next.pub"])[0].differences
    assert check_signatures(book=later, night=NIGHT, verify_keys=[tmp_path / "key.pub"])[0].differences == ()


def lock(book: Path) -> dict[str, object]:
    write_pair(book, "key", seed=0, passphrase=b"one two three")
    return {"signing_passphrase_variable": "OPENBELL_TEST_PASSPHRASE"}


def open_to_others(book: Path) -> dict[str, object]:
    (book / "key").chmod(0o640)
    return {}


def missing(book: Path) -> dict[str, object]:
    (book / "key").unlink()
    return {}


def no_key(book: Path) -> dict[str, object]:
    (book / "key").write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----\n")
    return {}


def another_kind(book: Path) -> dict[str, object]:
    private = generate_private_key(SECP256R1())
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (book / "key").write_bytes(private.private_bytes(pem, form, serialization.NoEncryption()))
    return {}


def unknown_to_verifiers(book: Path) -> dict[str, object]:
    write_pair(book, "other", seed=9)
    return {"verify_key": ["other.pub"]}


def private_in_place_of_public(_book: Path) -> dict[str, object]:
    return {"verify_key": ["key"]}


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (missing, "SIGN-001"),
        (open_to_others, "SIGN-002"),
        (no_key, "SIGN-003"),
        (another_kind, "SIGN-003"),
        (lock, "SIGN-003"),
        (private_in_place_of_public, "SIGN-004"),
        (unknown_to_verifiers, "SIGN-005"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused_and_not_shown(
    tmp_path: Path, spoil: Callable[[Path], dict[str, object]], code: str
) -> None:
    write_pair(tmp_path, "key", seed=0)
    secret = (tmp_path / "key").read_text(encoding="utf-8").splitlines()[1]
    book = book_with(tmp_path, **{"signing_key": "key", "verify_key": ["key.pub"], **spoil(tmp_path)})
    with pytest.raises(SettingError, match=code) as caught:
        published(book)
    assert secret[:20] not in str(caught.value)
    assert not book.published(NIGHT).exists(), "nothing was published"


def test_a_passphrase_comes_from_the_variable_that_the_book_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pair(tmp_path, "key", seed=0)
    book = book_with(tmp_path, signing_key="key", verify_key=["key.pub"], **lock(tmp_path))
    monkeypatch.setenv("OPENBELL_TEST_PASSPHRASE", "one two three")
    signer = signer_of(book)
    assert signer is not None
    assert signer.sign(CONTENT) == BY_SSH_KEYGEN
    monkeypatch.setenv("OPENBELL_TEST_PASSPHRASE", "another")
    with pytest.raises(SettingError, match="SIGN-003") as caught:
        signer_of(book)
    assert "another" not in str(caught.value)
