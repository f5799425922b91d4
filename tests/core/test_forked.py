"""What tests start by forking can be ended at any time, also when it has ended by itself and nobody was told yet."""

import os
import signal
import subprocess
import sys

from forked import _WORD, Process


def test_a_process_that_has_ended_meanwhile_can_be_killed_again():
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait(60)
    told, tell = os.pipe()
    os.write(tell, _WORD.pack(ended.pid))
    process = Process(told)
    for number in (signal.SIGTERM, signal.SIGKILL):
        process.send_signal(number)
    assert process.poll() is None
    os.write(tell, _WORD.pack(-9))
    os.close(tell)
    process.kill()
    assert (process.wait(10), process.poll()) == (-9, -9)
