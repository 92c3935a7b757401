"""Prints a small report: what a job written in Python looks like. `python report.py --topic=cellar`"""

import argparse
import os
from pathlib import Path


def report(topic: str, times: int) -> str:
    lines = [f"Report on {topic}", "=" * (10 + len(topic)), ""]
    lines += [f"{name:<12}{count:>6}" for name, count in (("guests", 12), ("rooms", 9), ("keys", 10))]
    return "\n".join([*lines, "", f"asked for {times} {'time' if times == 1 else 'times'}"])


def count_up() -> int:
    """Jobs write only to WRITEABLE_DIR: the folder that they run in may be read-only."""
    counter = Path(os.environ["WRITEABLE_DIR"]) / "reports"
    times = int(counter.read_text()) + 1 if counter.exists() else 1
    counter.write_text(str(times))
    return times


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--topic", required=True)
    print(report(parser.parse_args().topic, count_up()))
