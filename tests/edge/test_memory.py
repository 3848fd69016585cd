"""What a large reading needed for a moment does not stay with the agent."""

import subprocess
import sys

MEASURE = """
import sys, threading
from predvid.edge.memory import return_freed
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096
def read():
    rows = [bytes(100_000) for _ in range(200)] + [str(n) * 20 for n in range(100_000)]
    rows.clear()
if sys.argv[1] == "yes":
    assert return_freed()
before = resident()
for _ in range(3):
    workers = [threading.Thread(target=read) for _ in range(4)]
    [worker.start() for worker in workers]
    [worker.join() for worker in workers]
print(resident() - before)
"""


def kept(freed: str) -> int:
    """Return how many bytes stay resident after large readings in four threads."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, freed], capture_output=True, text=True, check=True, timeout=60
    )
    return int(done.stdout)


def test_freed_memory_goes_back_to_the_system() -> None:
    assert kept("yes") < 8_000_000  # up to 16 MB otherwise
