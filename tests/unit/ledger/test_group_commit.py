"""Committing together: who gathers, who waits, and that nobody is told of what did not happen. The disk waits for us."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from earwitness.domain.errors import LedgerError
from earwitness.ledger import group_commit
from earwitness.ledger.group_commit import GroupCommit


@dataclass
class SlowDisk:
    """Takes a group only when it is let; says what it took."""

    kept: list[list[bytes]] = field(default_factory=list)
    begun: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    lets: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    trouble: BaseException | None = None

    def commit(self, leaves: list[bytes]) -> int:
        self.begun.release()
        assert self.lets.acquire(timeout=20)
        if self.trouble is not None:
            raise self.trouble
        first = sum(map(len, self.kept))
        self.kept.append(leaves)
        return first


@pytest.fixture
def disk() -> SlowDisk:
    return SlowDisk()


@pytest.fixture
def commits(disk: SlowDisk) -> GroupCommit:
    return GroupCommit(disk.commit)


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(20) as threads:
        yield threads


def until(is_so: Callable[[], bool]) -> None:
    never = threading.Event()
    while not is_so():
        never.wait(0.001)


def led(threads: ThreadPoolExecutor, commits: GroupCommit, disk: SlowDisk) -> "Future[int]":
    """The first, whose group is on its way."""
    first = threads.submit(commits.append, [b"first"])
    assert disk.begun.acquire(timeout=20)
    return first


def test_what_comes_meanwhile_goes_together_in_the_order_it_came(
    threads: ThreadPoolExecutor, commits: GroupCommit, disk: SlowDisk
) -> None:
    first = led(threads, commits, disk)
    later = []
    for number in range(10):
        later.append(threads.submit(commits.append, [b"%d" % number, b"and more"]))
        until(lambda: commits.waiting == len(later))
    disk.lets.release(2)
    assert first.result() == 0
    assert [one.result() for one in later] == list(range(1, 21, 2))
    assert disk.kept == [[b"first"], [leaf for number in range(10) for leaf in (b"%d" % number, b"and more")]]


def test_nobody_waits_for_the_group_of_others(threads: ThreadPoolExecutor, commits: GroupCommit, disk: SlowDisk) -> None:
    first = led(threads, commits, disk)
    second = threads.submit(commits.append, [b"second"])
    until(lambda: commits.waiting == 1)
    disk.lets.release()
    assert first.result(timeout=20) == 0
    assert disk.begun.acquire(timeout=20)
    assert not second.done()
    disk.lets.release()
    assert second.result(timeout=20) == 1
    disk.lets.release()
    assert commits.append([b"third"]) == 2


def test_a_group_has_a_limit(
    threads: ThreadPoolExecutor, commits: GroupCommit, disk: SlowDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MOST_AT_ONCE", 5)
    led(threads, commits, disk)
    later = []
    for count in (2, 3, 9, 1):
        later.append(threads.submit(commits.append, [b"%d" % count] * count))
        until(lambda: commits.waiting == len(later))
    disk.lets.release(4)
    assert [one.result() for one in later] == [1, 3, 6, 15]
    assert [len(group) for group in disk.kept] == [1, 5, 9, 1]


def test_a_failure_is_told_to_all_of_its_group_and_to_nobody_else(
    threads: ThreadPoolExecutor, commits: GroupCommit, disk: SlowDisk
) -> None:
    first = led(threads, commits, disk)
    later = [threads.submit(commits.append, [b"later"]) for _ in range(5)]
    until(lambda: commits.waiting == 5)
    disk.lets.release()
    assert first.result() == 0
    disk.trouble = LedgerError("The disk is full.", code="ledger.example")
    disk.lets.release()
    for one in later:
        with pytest.raises(LedgerError, match="The disk is full") as caught:
            one.result()
        assert caught.value.code == "ledger.example"
    disk.trouble = None
    disk.lets.release()
    assert commits.append([b"again"]) == 1


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), RuntimeError("unforeseen")], ids=["interrupted", "unforeseen"])
def test_whatever_ends_the_leader_acknowledges_nothing(
    threads: ThreadPoolExecutor, commits: GroupCommit, disk: SlowDisk, trouble: BaseException
) -> None:
    first = led(threads, commits, disk)
    later = [threads.submit(commits.append, [b"later"]) for _ in range(5)]
    until(lambda: commits.waiting == 5)
    disk.lets.release()
    assert first.result() == 0
    disk.trouble = trouble
    disk.lets.release()
    failures = [one.exception() for one in later]
    assert sorted(type(one).__name__ for one in failures) == sorted([type(trouble).__name__, *["LedgerError"] * 4])
    disk.trouble = None
    disk.lets.release()
    assert commits.append([b"again"]) == 1


def test_who_is_interrupted_while_waiting_leaves_the_queue(
    threads: ThreadPoolExecutor, commits: GroupCommit, disk: SlowDisk
) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background of a shell begins with it ignored
    first = led(threads, commits, disk)

    def interrupt() -> None:
        until(lambda: commits.waiting == 1)
        os.kill(os.getpid(), signal.SIGINT)

    threads.submit(interrupt)
    with pytest.raises(KeyboardInterrupt):
        commits.append([b"given up"])
    assert commits.waiting == 0
    later = threads.submit(commits.append, [b"later"])
    until(lambda: commits.waiting == 1)
    disk.lets.release(2)
    assert (first.result(), later.result()) == (0, 1)
    assert disk.kept == [[b"first"], [b"later"]]
