#!/usr/bin/env python3
"""`kill -9` at random moments of `isthmusctl replay --history`, twenty times.

killed_replay.py ISTHMUSCTL [SHARED_DATA] [SEED]

Ten histories are killed twice each, the second time while a run goes on in what the first one left. Then a run that
nobody disturbs must make them equal to a history that was never disturbed.
"""
import pathlib
import random
import shutil
import subprocess
import sys

from history_state import Undisturbed
from tool_run import Checks, main, scratch

HISTORIES, KILLS = 10, 2
COMPLETED_EACH = 3  # every third history is completed: it takes as long as two kills


def kill_once(undisturbed, history, dice):
    """Starts a replay and kills it; True if it was still running."""
    process = undisturbed.tool.start(*undisturbed.command(history), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    running = undisturbed.wait_for(process, dice.uniform(0, 1))
    process.kill()
    process.wait()
    return running


def check_killed(tool, _shared):
    checks = Checks()
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 20171001
    print(f"seed {seed}")
    dice = random.Random(seed)
    with scratch() as name:
        folder = pathlib.Path(name)
        undisturbed = Undisturbed(tool, folder)
        killed, states = 0, set()
        for number in range(HISTORIES):
            history = folder / f"history-{number}"
            for kill in range(KILLS):
                killed += kill_once(undisturbed, history, dice)
                what = f"history {number}, kill {kill}"
                rows = undisturbed.check_state(checks, what, history)
                states.add(rows.progress)
                print(f"{what}: {rows.counts()}")
                if rows.progress is not None and kill == KILLS - 1:
                    verified = tool.run("verify", history)
                    checks.expect(f"{what}: verify", verified.status == 0, verified)
            if number % COMPLETED_EACH == 0:
                undisturbed.check_completion(checks, f"history {number}", history)
            shutil.rmtree(history)
        print(f"{killed} of {HISTORIES * KILLS} runs were killed, {len(states)} different states were left")
        checks.expect("most runs were killed before their end", killed >= HISTORIES * KILLS * 3 // 4, killed)
        checks.expect("in different states", len(states) >= 4, states)
    return checks.finish()


if __name__ == "__main__":
    main(check_killed)
