"""Every offramp that confirms passes the battery for it."""

from __future__ import annotations

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pipelines.batch import Batch
from ramps.offramp import Offramp, Outgoing
from ramps.offramps.file import FileOfframp
from ramps.offramps.http import HttpOfframp
from ramps.offramps.memory import MemoryOfframp
from ramps.offramps.sqlite import SqliteOfframp
from ramps.offramps.tcp import TcpOfframp
from ramps.testing.confirm_battery import ConfirmBattery
from ramps.testing.offramp_battery import outgoing_of


class TestFile(ConfirmBattery):
    """Broken means: the disk takes half of each write, and is full then."""

    fsync = "never"

    @pytest.fixture(autouse=True)
    def _path(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = tmp_path / "out"
        self.monkeypatch = monkeypatch

    def make(self) -> Offramp:
        options = {"path": self.path, "fsync": self.fsync, "fsync_interval": "5ms"}
        return FileOfframp(FileOfframp.Options.model_validate(options))

    def outside(self) -> list[bytes]:
        return self.path.read_bytes().splitlines()

    def break_outside(self) -> None:
        write = os.write

        def write_half(descriptor: int, data: Any) -> int:
            if len(data) == 1:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(descriptor, data[: max(1, len(data) // 2)])

        self.monkeypatch.setattr(os, "write", write_half)

    def mend_outside(self) -> None:
        self.monkeypatch.undo()


class TestFileThatSyncsEachBatch(TestFile):
    fsync = "always"


class TestFileThatSyncsAtTimes(TestFile):
    """What a batch is confirmed by is the sync, so that is what breaks; the outside has what was synced."""

    fsync = "interval"

    @pytest.fixture(autouse=True)
    def _syncs(self, _path: None) -> None:
        self.synced = b""
        self.is_broken = False
        sync = os.fsync

        def watched(descriptor: int) -> None:
            if self.is_broken:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            sync(descriptor)
            self.synced = self.path.read_bytes()

        self.monkeypatch.setattr(os, "fsync", watched)

    def outside(self) -> list[bytes]:
        return self.synced.splitlines()

    def break_outside(self) -> None:
        self.is_broken = True

    def mend_outside(self) -> None:
        self.is_broken = False


class TestHttp(ConfirmBattery):
    batch = "none"

    @pytest.fixture(autouse=True)
    def _server(self, http_receiver: Any) -> None:
        self.server = http_receiver

    def make(self) -> Offramp:
        return HttpOfframp(HttpOfframp.Options(url=self.server.url, max_in_flight=1))

    def outside(self) -> list[bytes]:
        return [body for body in self.server.bodies if body != b"no"]

    def break_outside(self) -> None:
        self.server.stop()

    def mend_outside(self) -> None:
        self.server.start()

    def refused(self, offramp: Offramp) -> tuple[Outgoing, list[int], list[bytes]] | None:
        self.server.answer_for[b"no"] = "400 Bad Request"
        return self.outgoing(offramp, b"a", b"no", b"b", b"no"), [1, 3], [b"a", b"b"]


class TestTcp(ConfirmBattery):
    """Broken means: the server takes everything and acknowledges nothing, so that it counts for nothing."""

    @pytest.fixture(autouse=True)
    def _server(self, acknowledging_receiver: Any) -> None:
        self.server = acknowledging_receiver

    def make(self) -> Offramp:
        options = {
            "address": str(self.server.address),
            "acknowledge": True,
            "acknowledge_timeout": "200ms",
        }
        return TcpOfframp(TcpOfframp.Options.model_validate(options))

    def outside(self) -> list[bytes]:
        return self.server.lines()  # type: ignore[no-any-return]

    def break_outside(self) -> None:
        self.server.acknowledges = False

    def mend_outside(self) -> None:
        self.server.acknowledges = True


class TestTcpThatBreaksOff(TestTcp):
    """Broken means: nobody listens."""

    def break_outside(self) -> None:
        self.server.kill()

    def mend_outside(self) -> None:
        self.server.start()


class TestSqlite(ConfirmBattery):
    """Broken means: somebody else has the database locked."""

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path) -> Any:
        self.path = tmp_path / "out.db"
        with closing(sqlite3.connect(self.path, isolation_level=None)) as self.other:
            self.other.execute("CREATE TABLE t (n UNIQUE CHECK (n != 'no'))")
            yield

    def make(self) -> Offramp:
        options = {"path": str(self.path), "table": "t", "key": ["n"], "lock_timeout": "20ms"}
        return SqliteOfframp(SqliteOfframp.Options.model_validate(options))

    def outside(self) -> list[bytes]:
        with closing(sqlite3.connect(self.path)) as database:
            return [text.encode() for (text,) in database.execute("SELECT n FROM t ORDER BY rowid")]

    def break_outside(self) -> None:
        self.other.execute("BEGIN IMMEDIATE")

    def mend_outside(self) -> None:
        self.other.execute("ROLLBACK")

    @staticmethod
    def outgoing(_offramp: Offramp, *payloads: bytes) -> Outgoing:
        return Outgoing([], Batch([{"n": payload.decode()} for payload in payloads], ingest_ns=0))

    def refused(self, offramp: Offramp) -> tuple[Outgoing, list[int], list[bytes]] | None:
        return self.outgoing(offramp, b"a", b"no", b"b", b"no"), [1, 3], [b"a", b"b"]


class TestMemory(ConfirmBattery):
    can_break = False

    @pytest.fixture(autouse=True)
    def _offramp(self) -> None:
        self.offramp = MemoryOfframp()

    def make(self) -> Offramp:
        # Its outside is the program that it is in.
        return self.offramp

    def outside(self) -> list[bytes]:
        return [value.encode() for value in self.offramp.events]

    @staticmethod
    def outgoing(_offramp: Offramp, *payloads: bytes) -> Outgoing:
        return Outgoing([], outgoing_of(*payloads).batch)
