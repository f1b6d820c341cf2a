"""Files are written whole or not at all, and stay what they were."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from reconciler.cli.streams import read_text_file, replace_file
from reconciler.model import ReconcilerError


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    replace_file(file, "new\n")
    assert (file.read_text(encoding="utf-8"), file.stat().st_mode & 0o777) == ("new\n", 0o640)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", encoding="utf-8")
    (tmp_path / "link").symlink_to("a")
    replace_file(tmp_path / "link", "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a").read_text(encoding="utf-8") == "new"


def full_disk(_: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a"
    file.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(ReconcilerError, match="a cannot be written: No space left on device"):
        replace_file(file, "new")
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [("a", "old")]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old", encoding="utf-8")
    with pytest.raises(ReconcilerError, match="a/b cannot be written"):
        replace_file(tmp_path / "a" / "b", "new")


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReconcilerError, match="gone cannot be read: No such file"):
        read_text_file(tmp_path / "gone")


def test_a_device_or_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    replace_file(pipe, "new")
    assert os.read(reader, 9) == b"new"
    os.close(reader)
    assert pipe.is_fifo()


def test_a_device_that_is_full_is_named() -> None:
    with pytest.raises(ReconcilerError, match="/dev/full cannot be written: No space left on device"):
        replace_file(Path("/dev/full"), "new")
    assert Path("/dev/full").is_char_device()
