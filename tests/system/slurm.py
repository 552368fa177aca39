"""A real Slurm on this machine, with one node, started and stopped by the tests. Needs root and the daemons."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.patience import patience
from tests.system.commands import clean_environment

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
CredType=cred/munge
# cred_expire is also how long a requeued job waits before it may start again, 120 s by default
AuthInfo=socket={folder}/munge.socket,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=3,bf_interval=3
MpiDefault=pmix
JobRequeue=1
ReturnToService=2
KillWait=10
MinJobAge=600
InactiveLimit=0
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
# claim more processors than there are
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory={memory} State=UNKNOWN
PartitionName=test Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:1
"""


def why_not() -> str:
    """Why there can be no Slurm here; empty when there can."""
    if os.getuid() != 0:
        return "starting a Slurm needs root"
    missing = [name for name in ("munged", "slurmctld", "slurmd", "sbatch") if _path(name) is None]
    return f"not installed: {', '.join(missing)}" if missing else ""


def _path(program: str) -> str | None:
    return shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin")


class Slurm:
    """The daemons, and the commands that talk to them. Use it in a with statement."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = clean_environment() | {"SLURM_CONF": str(folder / "slurm.conf")}
        self._daemons: list[subprocess.Popen] = []

    def __enter__(self) -> Slurm:
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // (1 << 20) - 512
        ports = {"controller_port": _free_port(), "node_port": _free_port()}
        content = CONFIGURATION.format(
            folder=self.folder, host=socket.gethostname().split(".")[0], memory=memory, **ports
        )
        (self.folder / "slurm.conf").write_text(content)
        munge = [f"--{name}-file={self.folder}/munge.{name}" for name in ("key", "pid", "log", "seed")]
        self._start("munged", "--foreground", "--force", f"--socket={self.folder}/munge.socket", *munge)
        self._start("slurmctld", "-D", "-f", self.environment["SLURM_CONF"])
        self._start("slurmd", "-D", "-f", self.environment["SLURM_CONF"])
        self.wait_for(lambda: self._ask("sinfo", "-h", "-o", "%T") == "idle", 60.0, "the node to be idle")
        return self

    def __exit__(self, *exception: object) -> None:
        subprocess.run(
            ["scancel", "--me"], env=self.environment, capture_output=True, timeout=patience(30), check=False
        )
        for daemon in reversed(self._daemons):
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(timeout=20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def _start(self, program: str, *arguments: str) -> None:
        with (self.folder / f"{program}.output").open("w") as output:
            self._daemons.append(
                subprocess.Popen([_path(program), *arguments], env=self.environment, stdout=output, stderr=output)
            )

    def _ask(self, *command: str) -> str:
        result = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=patience(60), check=False
        )
        return result.stdout.strip()

    def submit(self, script: str, folder: Path) -> str:
        """Submit a batch script; the job's number."""
        return self.call("sbatch", "--parsable", given=script, folder=folder)

    def call(self, *command: str, given: str = "", folder: Path | None = None) -> str:
        """Run a command of Slurm's, or a script that calls them; what it prints."""
        result = subprocess.run(
            command,
            env=self.environment,
            cwd=folder,
            input=given,
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    def field(self, job: str, name: str) -> str:
        """One entry of what ``scontrol show job`` says, such as JobState."""
        for entry in self._ask("scontrol", "show", "job", "--oneliner", job).split():
            if entry.startswith(f"{name}="):
                return entry.partition("=")[2]
        return ""

    def wait_for_end(self, job: str, seconds: float = 150.0) -> str:
        """Wait until a job is over for good; its state."""
        over = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL")
        self.wait_for(lambda: self.field(job, "JobState") in over, seconds, f"the end of job {job}")
        return self.field(job, "JobState")

    def wait_for(self, condition, seconds: float, what: str) -> None:
        """Wait for a condition. Fails with the daemons' last lines."""
        begin = time.monotonic()
        while not condition():
            if time.monotonic() - begin > patience(seconds):
                queue = self._ask("squeue", "-l")
                logs = "\n".join(path.read_text()[-1500:] for path in self.folder.glob("slurm*.log"))
                raise AssertionError(f"waited {seconds:g} s for {what}\n{queue}\n{logs}")
            time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
