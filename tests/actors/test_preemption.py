"""Forced cooperative sleeps. Each test runs a program of its own, which monkey-patches and owns the signal."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from actors import Misuse, Preemption

pytestmark = pytest.mark.slow

Run = Callable[[str], str]

PRELUDE = '''
import gc, json, re, signal, threading, time
import gevent
from actors import Actor, ActorSystem, HotLoop, Preemption, ExitKind

class Often(Preemption):
    """Ticks every half millisecond of real time: harsher than the real timer, which is as coarse as the system's."""
    def start(self):
        super().start()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGALRM, self._on_tick)
        signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    def stop(self):
        signal.setitimer(signal.ITIMER_REAL, 0)
        super().stop()

def spin(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        for _ in range(100):
            pass

turns = 0
def others():
    global turns
    while True:
        turns += 1
        gevent.sleep(1e-9)  # the thing under test
'''


def test_it_refuses_a_process_that_is_not_monkey_patched() -> None:
    with pytest.raises(Misuse, match="patch_all"):
        Preemption().start()


def test_an_interval_must_be_positive() -> None:
    with pytest.raises(ValueError, match="more than zero"):
        Preemption(interval_seconds=0)


def test_stopping_what_was_never_started_does_nothing() -> None:
    before = signal.getsignal(signal.SIGVTALRM)
    Preemption().stop()
    assert signal.getsignal(signal.SIGVTALRM) is before


def test_an_endless_loop_does_not_keep_others_from_running(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
hog = gevent.spawn(spin, 3600)
with Preemption(0.005) as preemption:
    gevent.sleep(0.01)  # the thing under test
    gevent.sleep(0.01)  # the thing under test
    hog.kill()
assert preemption.forced_sleeps > 0
"""
    )


def test_an_actor_that_computes_can_be_killed_and_stopped_by_its_system(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
class Hog(Actor):
    def on_message(self, message):
        while True:
            pass

with Preemption(0.005), ActorSystem() as system:
    hogs = [system.spawn(Hog) for _ in range(2)]
    for hog in hogs:
        hog.tell("go")
    hogs[0].kill()
    assert hogs[0].join(5)
    assert not system.shutdown(timeout=0.05)
    assert not hogs[1].is_alive
"""
    )


def test_a_message_that_takes_too_long_raises_hot_loop_and_is_a_crash(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
class Hog(Actor):
    def on_message(self, message):
        try:
            spin(message)
        except Exception:
            raise AssertionError("an except Exception must not see it")
    def on_stop(self, reason):
        self.system.reason = reason

class System(ActorSystem):
    reason = None

with Preemption(0.005) as preemption, System() as system:
    hog = system.spawn(Hog, name="hog", max_message_time=0.1)
    for _ in range(20):
        hog.tell(0.02)
    hog.stop(drain=True)
    assert hog.join(20)
    assert system.reason.kind is ExitKind.SHUTDOWN, "short messages were added up"
    hog = system.spawn(Hog, name="hog", max_message_time=0.1)
    hog.tell(20)
    assert hog.join(10)
    assert isinstance(system.reason.error, HotLoop)
    assert "hog has computed for" in str(system.reason)
    assert preemption.hot_loops == 1
"""
    )


def test_timer_and_handler_are_put_back(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
mine = lambda *_: None
signal.signal(signal.SIGVTALRM, mine)
signal.setitimer(signal.ITIMER_VIRTUAL, 50.0, 60.0)
callbacks = list(gc.callbacks)
preemption = Preemption()
preemption.start()
try:
    Preemption().start()
except Exception as error:
    assert "another pre-emption runs" in str(error)
else:
    raise AssertionError("two at a time")
preemption.stop()
preemption.stop()
assert signal.getsignal(signal.SIGVTALRM) is mine
assert signal.getitimer(signal.ITIMER_VIRTUAL)[1] == 60.0
assert gc.callbacks == callbacks
"""
    )


def test_it_refuses_another_thread_than_the_main_one(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
def start():
    try:
        Preemption().start()
    except Exception as error:
        return str(error)
assert "main thread" in gevent.get_hub().threadpool.apply(start)
assert not [each for each in gc.callbacks if "Preemption" in repr(each)]
"""
    )


def test_sleeps_in_the_middle_of_other_peoples_calls_do_no_harm(run_patched: Run) -> None:
    """Sorting, regular expressions, JSON, generators, chained exceptions, locks, comprehensions, dictionaries."""
    run_patched(
        PRELUDE
        + """
class Key:
    def __init__(self, n): self.n = n
    def __hash__(self): spin(0.0002); return hash(self.n)
    def __eq__(self, other): spin(0.0002); return self.n == other.n
    def __lt__(self, other): spin(0.0002); return self.n < other.n

def sorting():
    assert sorted(range(40, 0, -1), key=lambda n: spin(0.0003) or n) == list(range(1, 41))
    assert [k.n for k in sorted(map(Key, [3, 1, 2, 0]))] == [0, 1, 2, 3]
def regex():
    assert re.sub(r"\\d", lambda m: spin(0.0003) or str(9 - int(m[0])), "0123456789") == "9876543210"
def to_json():
    class Odd: pass
    assert json.dumps([Odd() for _ in range(20)], default=lambda _: spin(0.0003) or 1) == str([1] * 20)
    assert json.loads('[{"a": 1}]' , object_hook=lambda d: spin(0.001) or list(d)) == [["a"]]
def generators():
    def numbers(n):
        for i in range(n):
            try:
                spin(0.0003)
                yield i
            finally:
                spin(0.0001)
    assert sum(a * b for a, b in zip(numbers(20), numbers(20))) == sum(i * i for i in range(20))
    assert list(map(lambda n: spin(0.0002) or n, numbers(10))) == list(range(10))
def exceptions():
    try:
        try:
            spin(0.001); raise KeyError("first")
        except KeyError:
            spin(0.002); raise ValueError("second")
        finally:
            spin(0.001)
    except ValueError as error:
        spin(0.001)
        assert isinstance(error.__context__, KeyError) and error.__context__.__context__ is None
lock = threading.Lock(); inside = 0
def locked():
    global inside
    for _ in range(5):
        with lock:
            inside += 1; spin(0.001); assert inside == 1; inside -= 1
def dictionaries():
    d = {Key(n): n for n in range(12)}
    assert [d[Key(n)] for n in range(12)] == list(range(12))
    assert len({Key(n % 3) for n in range(12)}) == 3
def garbage():
    class Node:
        def __del__(self): spin(0.001)
    for _ in range(5):
        a, b = Node(), Node(); a.b, b.a = b, a
        del a, b
        gc.collect()
jobs = [sorting, regex, to_json, generators, exceptions, locked, dictionaries, garbage]
ticker = gevent.spawn(others)
with Often() as preemption:
    greenlets = [gevent.spawn(job) for job in jobs for _ in range(3)]
    gevent.joinall(greenlets, raise_error=True)
    ticker.kill()
assert preemption.forced_sleeps > 50, preemption.forced_sleeps
assert turns > 5, turns
"""
    )


def test_nobody_is_put_to_sleep_in_a_collection_or_a_finalizer(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
class Node:
    def __del__(self):
        before = turns
        spin(0.02)
        changed.append(turns - before)
changed = []
ticker = gevent.spawn(others)
with Often() as preemption:
    spin(0.02)
    node = Node(); node.me = node; del node
    gc.collect()
    node = Node(); del node
    ticker.kill()
assert changed == [0, 0], changed
assert preemption.forced_sleeps > 0
"""
    )


def test_nobody_is_put_to_sleep_under_protected_code(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
library = {"__name__": "library.part"}
exec("def call(function, *args): return function(*args)", library)
ticker = gevent.spawn(others)
gevent.sleep(0.001)  # the thing under test
with Often(protected=("library",)) as preemption:
    before = turns
    library["call"](spin, 0.02)
    assert turns == before
    spin(0.02)
    ticker.kill()
assert preemption.forced_sleeps > 0
"""
    )


def test_the_kernels_machines_hold_while_greenlets_are_put_to_sleep_anywhere(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
import sys
import pytest
from actors.preemption import PROTECTED
# The twins are not made for switches between their own statements; what they call is what is tested. The plugin for
# timeouts would want the same signal; the program as a whole has a deadline.
with Often(protected=(*PROTECTED, "tests", "hypothesis")) as preemption:
    code = pytest.main(["-q", "--timeout=0", "-p", "no:cacheprovider",
                        # Our own plugin makes pytest want to rewrite modules that are imported here already.
                        "-W", "ignore::pytest.PytestAssertRewriteWarning", "tests/actors/test_mailbox_machine.py",
                        "tests/actors/test_scheduler_machine.py", "-k", "machine or random or stack"])
assert code == 0
"""
    )


def test_nobody_is_put_to_sleep_by_what_the_kernel_calls_in_the_midst_of_its_work(run_patched: Run) -> None:
    """gevent looks the name of a sender that waits for room up in a weak dictionary, whose code is Python's own."""
    run_patched(
        PRELUDE
        + """
import weakref
from actors.mailbox import current_name

ran, meanwhile = [], []

def tick():
    while True:
        ran.append("a turn of somebody else")
        gevent.sleep(1e-9)  # the thing under test

scope = vars(weakref) | {"plain": weakref.WeakKeyDictionary.__setitem__, "now": time.thread_time,
                         "ran": ran, "meanwhile": meanwhile}
exec("def set_item(self, key, value):\\n before = len(ran); end = now() + 0.005\\n while now() < end: pass\\n"
     " meanwhile.append(len(ran) - before); plain(self, key, value)", scope)
weakref.WeakKeyDictionary.__setitem__ = scope["set_item"]
ticker = gevent.spawn(tick)
gevent.sleep(0.001)  # the thing under test
with Often():
    gevent.spawn(current_name).join()
ticker.kill()
assert meanwhile == [0], meanwhile
"""
    )


def test_actors_that_compute_and_talk_lose_nothing(run_patched: Run) -> None:
    run_patched(
        PRELUDE
        + """
class Relay(Actor):
    def __init__(self, next): self.next = next
    def on_message(self, n):
        spin(0.00005)
        self.next.tell(n, events=1 + n % 3)
class Sink(Actor):
    def on_start(self): self.seen = []
    def on_message(self, n):
        if n == "seen":
            return self.seen
        self.seen.append(n)
with Often() as preemption, ActorSystem(slice_seconds=0.001) as system:
    sinks, heads = [], []
    for _ in range(4):
        sink = system.spawn(Sink); head = sink
        for _ in range(3):
            head = system.spawn(lambda head=head: Relay(head))
        sinks.append(sink); heads.append(head)
    def feed(head):
        for n in range(300):
            head.tell(n)
            if n % 50 == 0:
                spin(0.001)
    gevent.joinall([gevent.spawn(feed, head) for head in heads], raise_error=True)
    while not all(len(sink.ask("seen")) == 300 for sink in sinks):
        pass
    assert all(sink.ask("seen") == list(range(300)) for sink in sinks)
assert preemption.forced_sleeps > 20, preemption.forced_sleeps
"""
    )
