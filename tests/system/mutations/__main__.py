"""Cards with mistakes in them, and what becomes of each: the program that the tests of mutations run, and by hand

    python -m tests.system.mutations --seed 7 --count 2000 [--first 130] [--keep DIR]

Every case is made from the seed and its number alone. A case is a process of its own, forked from one that has imported
everything: MPI is started in it, its memory and its processor time are limited, and it plans and then runs the file for
two steps.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.system.mutations.case import serve
from tests.system.mutations.outcomes import outcomes


def main() -> int:
    """By hand: print the faults."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if options.serve:
        serve()
        return 0
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    number_of_faults, statuses = 0, Counter()
    for one in outcomes(options.seed, options.count, options.first, folder, options.workers):
        statuses[str(one.status)] += 1
        if one.fault:
            number_of_faults += 1
            print(f"--- seed {options.seed}, case {one.number}: {one.description}\n{one.fault}\n", flush=True)
    print(f"seed {options.seed}: {options.count} cases, {number_of_faults} faults; statuses {dict(statuses)}")
    return 1 if number_of_faults else 0


if __name__ == "__main__":
    sys.exit(main())
