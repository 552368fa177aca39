"""A process of ``hpcmix sweep --at-once``: computes points of the sweep that its standard input names, until none is
left for it, and writes what became of them."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

from hpcmix.running.stops.signals import SIGNALS


def main() -> None:
    """Entry point of the process."""
    SIGNALS.listen()  # before anything large is imported
    from hpcmix.studies.sweeps.processes import request_of, watch_the_pipe

    pipe = sys.stdin.fileno()
    request = request_of(pipe)
    threading.Thread(target=watch_the_pipe, args=(pipe,), daemon=True).start()
    content = _computed(request)
    from hpcmix.io.documents.atomic import write_text

    write_text(Path(request["outcome"]), json.dumps(content))
    SIGNALS.close()


def _computed(request: dict[str, Any]) -> dict[str, Any]:
    """The tally, or the error that ended the work."""
    from hpcmix.parallel.communicators import world
    from hpcmix.problem.mistakes.ending import Foreseen
    from hpcmix.running.log import Log
    from hpcmix.studies.sweeps.directory import SweepDirectory
    from hpcmix.studies.sweeps.reading import read_sweep
    from hpcmix.studies.sweeps.sweeping import Sweeping

    log, directory, asked = Log(speaks=True), SweepDirectory(Path(request["directory"])), Path(request["asked"])
    try:
        file = read_sweep(request["file"], request["overrides"])
        log.open(directory.log)
        sweeping = Sweeping(file, directory, world(), log, request["retry"], request["max_wall"], asked)
        return {"tally": sweeping.run().as_dict()}
    except Foreseen as error:
        asked.touch()  # what ends one ends the others: a disk without room, a changed file
        return {"error": error.for_terminal, "status": int(error.status)}
    finally:
        log.close()


if __name__ == "__main__":
    main()
