"""The durable spool: batches are sealed once, sent byte for byte as sealed, deleted only when acknowledged.

The server knows a batch by (boot, seq) and its bytes: the same pair with other bytes is a fork. So the head
of the queue, the only one that can have been sent, is never changed; a batch behind it may lose its samples
when the cap is reached, for it was never sent. That holds over a power cut, because an acknowledged batch
leaves the disk before the next is sent: by an fsync of its own where the next is sealed already, else by that
of the next seal.
"""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import msgspec

from predvid.edge import durable, outbox_file, outbox_salvage, sealing
from predvid.edge.identity import new_boot
from predvid.wire.v1 import MAX_BODY, Batch

CAP = 64 << 20  # bytes of compressed batches
STEP = 1 << 20  # distance of the ids of two batches: room for the pieces of a split one between them
DEAD_KEPT = 20


class OutboxFailed(Exception):
    """The disk refused (full, broken, busy); nothing was changed, and trying again is right.

    `passing`: the place is right, so that an agent may start and wait for the disk.
    """

    def __init__(self, why: str, passing: bool = False) -> None:
        super().__init__(why)
        self.passing = passing


@dataclass(frozen=True, slots=True)
class Sealed:
    """One batch as it goes over the wire; `waited` in ms, -1 where an earlier process sealed it."""

    id: int
    boot: str
    seq: int
    body: bytes
    waited: int


@dataclass(frozen=True, slots=True)
class Depth:
    """What lies in the outbox; `oldest`: when the head was sealed (ms); `dead`: batches refused for good."""

    batches: int
    bytes: int
    oldest: int | None
    dead: int
    dropped: int


class Outbox:
    """The spool of one agent process. All methods may be called from any thread; they raise OutboxFailed."""

    def __init__(
        self, path: Path, boot: str, now: Callable[[], int], elapsed: Callable[[], float], cap: int = CAP
    ) -> None:
        self._path, self._boot, self._now, self._elapsed = path, boot, now, elapsed
        self._cap = cap
        self._mutex = threading.RLock()
        self._db: sqlite3.Connection | None = None  # opened when first needed: the disk may be full at first
        self._errors = outbox_file.Errors(elapsed)
        self._bytes = self._last = 0
        self._seq = 0
        self._lost = (0, 0)  # samples and events that never reached the disk
        self._damage = ""
        self._broken = ""  # what is wrong with the file, until another one has taken its place
        self.limit = MAX_BODY
        try:
            self.opened()
        except OutboxFailed as failed:
            if not failed.passing:
                raise

    def opened(self) -> sqlite3.Connection:
        """Return the connection, made at the first use at which the disk allows it."""
        if self._db is None:
            try:
                return self._open()
            except OSError as error:
                why = error.strerror or str(error)
                raise OutboxFailed(why, passing=durable.no_room(error)) from None
            except sqlite3.Error as error:
                if self._broken or outbox_file.damaged(error):
                    return self._renew(self._broken or str(error))
                raise self.recover(error) from None
        return self._db

    def _open(self) -> sqlite3.Connection:
        db = outbox_file.connect(self._path)
        self._bytes, self._last = outbox_file.measured(db)
        self._db = db
        return db

    def _renew(self, why: str) -> sqlite3.Connection:
        self._broken = why
        try:
            self.close()
            if self._path.exists():
                aside = outbox_file.move_aside(self._path, self._now())
                self._damage = f"{why}; kept as {aside.name}"
            db = self._open()
        except (sqlite3.Error, OSError) as error:
            raise OutboxFailed(str(error), passing=True) from None
        self._broken = ""
        return db

    def _replace(self, why: str) -> None:
        try:
            fresh, unread, samples = outbox_salvage.copied(self._path, self._db)
        except (sqlite3.Error, OSError) as error:
            raise OutboxFailed(f"{why}; no other file could be made: {error}", passing=True) from None
        try:
            self.close()
            aside = outbox_file.move_aside(self._path, self._now())
            fresh.rename(self._path)
            self._damage = f"{why}; {unread} batches unreadable; kept as {aside.name}"
            self.lose(samples)
            self._open()
        except (sqlite3.Error, OSError) as error:
            raise OutboxFailed(str(error), passing=True) from None

    def _change(self, durable: bool = True) -> "AbstractContextManager[sqlite3.Connection]":
        return _Change(self, durable)

    def recover(self, error: sqlite3.Error) -> OutboxFailed:
        """Put a new file in the place of one that is damaged for good; return the failure to raise."""
        if self._broken or outbox_file.damaged(error):
            self._renew(self._broken or str(error))
        elif self._errors.lasting(error):
            self._replace(str(error))
        return OutboxFailed(str(error), passing=outbox_file.passing(error))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._mutex:
            try:
                yield self.opened()
            except sqlite3.Error as error:
                raise self.recover(error) from None

    def lose(self, samples: int, events: int = 0) -> None:
        """Count what never reached the disk; a later batch reports it."""
        with self._mutex:
            self._lost = (self._lost[0] + samples, self._lost[1] + events)

    def seal(self, *batches: Batch, notes: dict[str, str] | None = None) -> None:
        """Number `batches` (boot and seq are ignored) and make all durable, in pieces where they are large.

        `notes` (name -> text) are stored in the same transaction.

        Reports in them what was dropped before, once a seal drops nothing more.
        """
        with self._mutex, self._change() as db:
            for batch in batches:
                self._seal(db, batch)
            for name, text in (notes or {}).items():
                _note(db, name, text)

    def _seal(self, db: sqlite3.Connection, batch: Batch) -> None:
        pending, missed = self._pending(db)
        batch = sealing.with_damage(batch, self._damage) if self._damage else batch
        pending, missed = pending + self._lost[0], missed + self._lost[1]
        reporting = bool(pending or missed)
        bodies = self._bodies(sealing.with_gap(batch, pending, missed) if reporting else batch)
        if self._bytes + _size(bodies) > self._cap:
            bodies = self._bodies(batch) if reporting else bodies
            self._make_room(db, _size(bodies))
        elif reporting:
            _note(db, "dropped", "0 0")
            self._lost = (0, 0)
        for piece, body in bodies:
            self._last += STEP
            self._insert(db, self._last, piece, body)
        self._seq += len(bodies)
        self._damage = ""

    def _insert(self, db: sqlite3.Connection, id: int, piece: Batch, body: bytes) -> None:
        db.execute(
            "INSERT INTO batch VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                id,
                piece.boot,
                piece.seq,
                self._boot,
                piece.sealed,
                self._elapsed(),
                sealing.count(piece),
                body,
            ),
        )
        self._bytes += len(body)

    def _bodies(self, batch: Batch) -> list[tuple[Batch, bytes]]:
        portions = sealing.portions(msgspec.structs.replace(batch, boot=self._boot))
        pieces = [piece for portion in portions for piece in sealing.pieces(portion, self.limit)]
        numbered = [msgspec.structs.replace(piece, seq=self._seq + n) for n, piece in enumerate(pieces, 1)]
        return [(piece, sealing.encode(piece)) for piece in numbered]

    def _pending(self, db: sqlite3.Connection) -> tuple[int, int]:
        row = db.execute("SELECT value FROM note WHERE name = 'dropped'").fetchone()
        samples, events = (row[0] if row else "0 0").split()
        return int(samples), int(events)

    def _make_room(self, db: sqlite3.Connection, needed: int) -> None:
        samples, events = self._pending(db)
        while self._bytes + needed > self._cap and (row := outbox_file.next_to_shrink(db)) is not None:
            id, body = row
            try:
                batch = sealing.decode(body)
            except sealing.Undecodable:
                samples += self._bury(db, id, "undecodable")
                continue
            rest = sealing.without_samples(batch)
            if not sealing.count(batch):  # nothing but facts and events is left everywhere: the oldest go
                samples, events = samples + batch.dropped, events + len(batch.events) + len(batch.outcomes)
                rest = Batch("", 0, 0)
            samples += sealing.count(batch)
            self._bytes -= len(body)
            if sealing.empty(rest):
                db.execute("DELETE FROM batch WHERE id = ?", (id,))
                continue
            shorter = sealing.encode(rest)
            db.execute("UPDATE batch SET samples = 0, body = ? WHERE id = ?", (shorter, id))
            self._bytes += len(shorter)
        _note(db, "dropped", f"{samples + self._lost[0]} {events + self._lost[1]}")
        self._lost = (0, 0)

    def head(self) -> Sealed | None:
        """Return the oldest batch, the only one that may be sent."""
        with self._reading() as db:
            row = db.execute(
                "SELECT id, boot, seq, body, process, since FROM batch ORDER BY id LIMIT 1"
            ).fetchone()
        if row is None:
            return None
        id, boot, seq, body, process, since = row
        waited = max(round((self._elapsed() - since) * 1000), 0) if process == self._boot else -1
        return Sealed(id, boot, seq, body, waited)

    def ack(self, sealed: Sealed, notes: dict[str, str] | None = None) -> None:
        """Delete an acknowledged batch and store `notes` (name -> text) in the same transaction."""
        with self._mutex:
            behind = self._last > sealed.id
            with self._change(durable=behind) as db:
                gone = db.execute("DELETE FROM batch WHERE id = ?", (sealed.id,)).rowcount
                self._bytes -= len(sealed.body) if gone else 0  # the file may have been moved aside meanwhile
                for name, text in (notes or {}).items():
                    _note(db, name, text)
            if not behind and self._bytes == 0:
                with contextlib.suppress(OutboxFailed):  # the batch is gone; shrinking can wait
                    self._shrink_file()

    def _shrink_file(self) -> None:
        with self._reading() as db:
            free = db.execute("PRAGMA freelist_count").fetchone()[0]
        if free > 256:
            with self._change(durable=False) as db:
                db.execute("PRAGMA incremental_vacuum").fetchall()

    def bury(self, sealed: Sealed, code: str) -> None:
        """Move a batch that the server refused for good to the dead letters, of which the newest are kept."""
        with self._mutex, self._change() as db:
            self._bury(db, sealed.id, code)

    def _bury(self, db: sqlite3.Connection, id: int, code: str) -> int:
        """Return how many samples the batch `id` held."""
        row = db.execute("SELECT samples, length(body) FROM batch WHERE id = ?", (id,)).fetchone()
        samples, size = row or (0, 0)  # none where the file was moved aside meanwhile
        db.execute(
            "INSERT INTO dead (boot, seq, at, code, body) "
            "SELECT boot, seq, ?, ?, body FROM batch WHERE id = ?",
            (self._now(), code, id),
        )
        db.execute("DELETE FROM dead WHERE id <= (SELECT max(id) FROM dead) - ?", (DEAD_KEPT,))
        db.execute("DELETE FROM batch WHERE id = ?", (id,))
        self._bytes -= size
        return int(samples)

    def halve(self, sealed: Sealed) -> bool:
        """Replace a head that the server refused as too large by its halves, under a boot id of their own.

        Their old number was never taken by the server, and the numbers behind it are used. Returns False
        where the batch cannot be divided, or not even be read any more.
        """
        try:
            parts = sealing.halves(sealing.decode(sealed.body))
        except sealing.Undecodable:
            return False
        with self._reading() as reader:
            following = reader.execute("SELECT min(id) FROM batch WHERE id > ?", (sealed.id,)).fetchone()[0]
            middle = sealed.id + ((following or sealed.id + STEP) - sealed.id) // 2
            if parts is None or middle == sealed.id:
                return False
            boot = new_boot()
            with self._change() as db:
                db.execute("DELETE FROM batch WHERE id = ?", (sealed.id,))
                self._bytes -= len(sealed.body)
                for seq, (id, part) in enumerate(zip((sealed.id, middle), parts, strict=True), 1):
                    piece = msgspec.structs.replace(part, boot=boot, seq=seq)
                    self._insert(db, id, piece, sealing.encode(piece))
                self._last = max(self._last, middle)
        return True

    def note(self, **notes: str) -> None:
        """Store small texts (the link's state, the clock's offset) by name, without an fsync of their own."""
        with self._mutex, self._change(durable=False) as db:
            for name, text in notes.items():
                _note(db, name, text)

    def notes(self) -> dict[str, str]:
        """Return all notes by name."""
        with self._reading() as db:
            return dict(db.execute("SELECT name, value FROM note").fetchall())

    def depth(self) -> Depth:
        """Return what lies in the outbox now."""
        with self._reading() as db:
            return depth(db)

    def close(self) -> None:
        """Close the file; what was sealed stays."""
        with self._mutex:
            if self._db is not None:
                self._db.close()
            self._db = None


class _Change:
    """One transaction: all of it or nothing, the counters in memory included."""

    def __init__(self, outbox: Outbox, durable: bool) -> None:
        self._outbox, self._durable = outbox, durable

    def __enter__(self) -> sqlite3.Connection:
        outbox = self._outbox
        db = self._db = outbox.opened()
        self._before = (outbox._bytes, outbox._last, outbox._seq, outbox._lost, outbox._damage)
        try:
            db.execute("PRAGMA synchronous=FULL" if self._durable else "PRAGMA synchronous=NORMAL")
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise self._outbox.recover(error) from None
        return db

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        outbox = self._outbox
        try:
            if error is None:
                self._db.execute("COMMIT")
                return
        except sqlite3.Error as failed:
            error = failed
        (outbox._bytes, outbox._last, outbox._seq, outbox._lost, outbox._damage) = self._before
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.rollback()
        if isinstance(error, sqlite3.Error):
            raise outbox.recover(error) from None


def depth(db: sqlite3.Connection) -> Depth:
    """Return what lies in the outbox behind `db`, also for a reader beside the running agent."""
    batches, size, oldest = db.execute(
        "SELECT count(*), coalesce(sum(length(body)), 0), "
        "(SELECT sealed FROM batch ORDER BY id LIMIT 1) FROM batch"
    ).fetchone()
    dead = db.execute("SELECT count(*) FROM dead").fetchone()[0]
    row = db.execute("SELECT value FROM note WHERE name = 'dropped'").fetchone()
    return Depth(batches, size, oldest, dead, int(row[0].split()[0]) if row else 0)


def _note(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute(
        "INSERT INTO note VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, value),
    )


def _size(bodies: list[tuple[Batch, bytes]]) -> int:
    return sum(len(body) for _, body in bodies)
