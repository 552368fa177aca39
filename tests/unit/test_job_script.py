"""Rendered job scripts: options in their place, contradictions said, and the cards' own scripts up to date."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hpcmix.cli import main

JOBS = Path(__file__).resolve().parents[2] / "jobs"
CARDS = sorted([*JOBS.glob("*/*.sbatch"), *JOBS.glob("*/chain.sh")])
"""The scripts of all cards: of runs, chains of runs, arrays, claims and scaling studies."""


@pytest.fixture
def render(monkeypatch, capsys):
    """What ``hpcmix job`` prints, and its exit status."""
    monkeypatch.delenv("HPCMIX_SITE", raising=False)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["hpcmix", "job", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return captured.out if left.value.code == 0 else captured.err, left.value.code

    return call


def test_there_are_cards():
    assert len(CARDS) >= 4
    assert {"job.sbatch", "chain.sh", "array.sbatch", "check.sbatch", "scaling.sbatch"} <= {card.name for card in CARDS}


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.parent.name}-{card.name}")
def test_the_script_of_a_card_is_what_its_command_renders(card, render):
    script = card.read_text(encoding="utf-8")
    command = shlex.split(re.search(r"^# Made by: hpcmix job (.*)$", script, re.MULTILINE)[1])
    assert command[0] == card.parent.name.split("_", 1)[1]
    assert render(*command) == (script, 0)


OPTIONS = [
    [], ["--launcher", "mpirun", "--mpi", "openmpi"], ["--launcher", "mpiexec", "--mpi", "mpich"], ["--chain", "3"],
    ["--array", "1-4,9", "--set", "species.left.mass={task}"],
    ["--set", "title=it's $HOME"], ["--check", "conservation"],
    ["--check", "dispersion", "--array", "4,8", "--numbers", "{task},16,32"],
    ["--scaling", "--ranks 1,2 --weak --output 'it is here'"],
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_every_script_is_valid_for_bash(options, render):
    script, status = render("manakov-soliton", "--time", "1h", *options)
    assert status == 0
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_options_are_in_their_place(render, tmp_path):
    (tmp_path / "site").write_text("#SBATCH --account=physics\nmodule load openmpi\n")
    script, _ = render(
        "rubidium-mixture", "--nodes", "2", "--ranks-per-node", "16", "--threads", "2", "--time", "1-12:00:00",
        "--stop-before", "5min", "--requeues", "7", "--site", str(tmp_path / "site"), "--set", "time.final='20 ms'",
    )  # fmt: skip
    lines = script.splitlines()
    for line in (
        "#SBATCH --nodes=2", "#SBATCH --ntasks-per-node=16", "#SBATCH --cpus-per-task=2", "#SBATCH --time=1-12:00:00",
        "#SBATCH --signal=B:USR1@300", "#SBATCH --requeue", "#SBATCH --account=physics", "module load openmpi",
        "export OMP_NUM_THREADS=2", "directory=runs/rubidium-mixture",
    ):  # fmt: skip
        assert line in lines
    assert lines.index("#SBATCH --account=physics") < lines.index("module load openmpi")
    assert "-ge 7 ]" in script and ". .venv/bin/activate" not in script
    started = next(line for line in lines if line.startswith("srun"))
    assert started.startswith("srun --kill-on-bad-exit=1 hpcmix run rubidium-mixture --set 'time.final=")
    assert (
        "-n 32 hpcmix run"
        in render(
            "rubidium-mixture", "--nodes", "2", "--ranks-per-node", "16", "--time", "1h", "--launcher", "mpirun",
            "--mpi", "openmpi",
        )[0]
    )  # fmt: skip


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """Make a launcher that says of itself what is given, the only one on the PATH."""

    def make(name: str, says: str) -> None:
        (tmp_path / name).write_text(f"#!/bin/sh\ncat <<'END'\n{says}\nEND\n")
        (tmp_path / name).chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return make


@pytest.mark.parametrize("name", ["mpirun", "mpiexec"])
@pytest.mark.parametrize(
    ("says", "options", "modules"),
    [
        ("mpirun (Open MPI) 4.1.4", "--mca odls_base_sigkill_timeout 30 -n 32", "openmpi hdf5"),
        ("HYDRA build details:\n    Version:                                 4.3.2", "-ppn 16 -n 32", "mpich hdf5"),
        ("Intel(R) MPI Library for Linux* OS, Version 2021.18 Build 2026", "-ppn 16 -n 32", "intel-mpi hdf5"),
    ],
    ids=["openmpi", "mpich", "intel"],
)
def test_the_options_of_a_launcher_are_those_of_its_mpi(render, installed, name, says, options, modules):
    installed(name, says)
    words = ["rubidium-mixture", "--nodes", "2", "--ranks-per-node", "16", "--time", "1h", "--launcher", name]
    script, status = render(*words)
    assert status == 0
    assert f"\n{name} {options} hpcmix run rubidium-mixture " in script
    assert f"module load {modules}\n" in script
    study, _ = render(*words, "--scaling", "--ranks 1,4")
    placed = " -ppn {ranks_per_node}" if "-ppn" in options else ""
    assert f"--launcher '{name}{placed} -n {{ranks}}'" in study


def test_the_mpi_may_be_named(render, installed):
    installed("mpirun", "mpirun (Open MPI) 4.1.4")  # that of the machine where the script is made
    words = ["rubidium-mixture", "--time", "1h", "--ranks-per-node", "4", "--mpi", "mpich"]
    assert "\nmpirun -ppn 4 -n 4 hpcmix run" in render(*words, "--launcher", "mpirun")[0]
    assert "\nmpiexec -ppn 4 -n 4 hpcmix run" in render(*words, "--launcher", "mpiexec")[0]
    assert "\nsrun --mpi=pmi2 --kill-on-bad-exit=1 hpcmix run" in render(*words)[0]
    assert "--launcher 'srun --mpi=pmi2 --kill-on-bad-exit=1 -N" in render(*words, "--scaling", "--ranks 1,4")[0]
    assert "module load openmpi hdf5 (or mpich, cray-mpich, intel-mpi)" in render(*words[:-2])[0]


def test_an_mpi_that_cannot_be_told_is_asked_for(render, installed, monkeypatch):
    words = ["rubidium-mixture", "--time", "1h", "--launcher"]
    installed("mpirun", "PALS 1.2.12")
    said, status = render(*words, "mpirun")
    assert status == 2 and '--mpi: mpirun says "PALS 1.2.12", which is no MPI known here; add one of openmpi,' in said
    monkeypatch.setenv("PATH", "/nowhere")
    said, status = render(*words, "mpiexec")
    assert status == 2 and "--mpi: there is no mpiexec here that says which MPI it belongs to; add --mpi" in said
    assert render(*words, "mpiexec", "--mpi", "openmpi")[1] == 0


def test_no_script_sends_usr2(render):
    """MPICH's and Intel's mpiexec pass USR1 and TERM on; USR2 ends them, and the run without a checkpoint."""
    for launcher in ("srun", "mpirun", "mpiexec"):
        script, _ = render("rubidium-mixture", "--time", "1h", "--launcher", launcher, "--mpi", "mpich")
        assert 'kill -USR1 "$solver"' in script and "USR2" not in script


@pytest.mark.parametrize(
    ("given", "written"),
    [("30:00", "00:30:00"), ("600", "10:00:00"), ("1-0", "1-00:00:00"), ("2-6:30", "2-06:30:00"), ("90min", "01:30:00"),
     ("0:90:00", "01:30:00"), ("90:30", "01:31:00")],
)  # fmt: skip
def test_the_time_limit_is_read_as_sbatch_reads_it_and_written_in_full(given, written, render):
    text, status = render("manakov-soliton", "--time", given)
    assert status == 0 and f"#SBATCH --time={written}\n" in text


def test_a_claim_and_a_study_take_the_place_of_the_run(render):
    options = ["--time", "1h", "--ranks-per-node", "4"]
    claim, _ = render("manakov-soliton", *options, "--check", "dispersion", "--array", "4,8", "--numbers", "{task},99")
    started = "srun --kill-on-bad-exit=1 hpcmix check dispersion manakov-soliton --numbers "
    assert f'{started}"$SLURM_ARRAY_TASK_ID",99 --set "output.directory=\'$directory\'" &\n' in claim
    study, _ = render("manakov-soliton", *options, "--scaling", "--ranks 1,4 --repeats 3")
    started = "hpcmix scaling manakov-soliton --ranks 1,4 --repeats 3 --launcher 'srun --kill-on-bad-exit=1 -N {nodes} "
    assert f'\n{started}-n {{ranks}}\' --ranks-per-node 4 --output "$directory" &\n' in study
    assert "\ndirectory=runs/scaling-manakov-soliton\n" in study and "scontrol requeue" in study


def test_the_jobs_of_a_study_are_what_their_command_renders(tmp_path, monkeypatch, capsys):
    """A script for each configuration, in which each repeat that is there is left alone, and one that collects."""
    monkeypatch.delenv("HPCMIX_SITE", raising=False)
    monkeypatch.chdir(tmp_path)
    words = "scaling manakov-soliton --ranks 1,2,6 --threads 2 --repeats 3 --steps 9 --ranks-per-node 4 --jobs d"
    monkeypatch.setattr("sys.argv", ["hpcmix", *words.split()])
    monkeypatch.setattr("hpcmix.cli._listen", lambda: None)  # signals and the watch over the start are the tests' own
    for _ in range(2):  # the same study may be written again
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 0
    assert "3 configurations written" in capsys.readouterr().out
    scripts = sorted((tmp_path / "d").glob("*.sbatch"))
    assert [path.name[:10] for path in scripts] == ["001_ranks-", "002_ranks-", "003_ranks-", "collect.sb"]
    for path in (*scripts, tmp_path / "d" / "submit.sh"):
        text = path.read_text()
        assert subprocess.run(["bash", "-n", path], check=False).returncode == 0
        assert text.startswith("#!/bin/bash\n# Made by: hpcmix " + words + "\n")
    lines = scripts[2].read_text().splitlines()
    for line in ("#SBATCH --nodes=2", "#SBATCH --ntasks-per-node=4", "#SBATCH --cpus-per-task=2",
                 "#SBATCH --no-requeue", "export OMP_NUM_THREADS=2", "for round in $(seq 0 2); do"):  # fmt: skip
        assert line in lines
    assert any(line.strip().startswith("srun --kill-on-bad-exit=1 -n 6 hpcmix bench manakov-soliton --steps 9 ")
               for line in lines)  # fmt: skip
    assert "hpcmix scaling --collect d" in scripts[3].read_text().splitlines()
    submit = (tmp_path / "d" / "submit.sh").read_text()
    assert all(path.name in submit for path in scripts) and '--dependency="afterany$jobs"' in submit


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--time", "2min"], "--stop-before: 00:03:00 leaves nothing of a limit of 00:02:00"),
        (["--time", "1h", "--array", "1-3", "--chain", "2"], "--chain"),
        (["--time", "1h", "--array", "x"], "no list of job numbers"),
        (["--time", "1h", "--array", "5-2"], "5-2 is no list of job numbers"),
        (["--time", "1h", "--array", "0-9:0"], "0-9:0 is no list of job numbers"),
        (["--time", "1h", "--array", "0-9%0"], "0-9%0 is no list of job numbers"),
        (["--time", "1h", "--array", "0-3"], "--array: every job of it would compute the same; {task} in a --set"),
        (["--time", "1h", "--array", "0-3", "--check", "dispersion", "--numbers", "4,8"], "every job of it would comp"),
        (["--time", "1h", "--set", "species.left.mass={task}"], "add --array"),
        (["--time", "1h", "--site", "nowhere"], "--site nowhere: cannot be read"),
        (["--time", "1h", "--numbers", "4,8,16"], "add --check CLAIM"),
        (["--time", "1h", "--check", "dispersion", "--numbers", "{task}"], "add --array"),
        (["--time", "1h", "--bosons", "4,8,16"], "--bosons: are those of a claim; add --check CLAIM"),
        (["--time", "1h", "--check", "dispersion", "--bosons", "4,8"], "--bosons: means nothing to the claim dispersi"),
        (["--time", "1h", "--check", "conservation", "--numbers", "4,8"], "--numbers: means nothing to the claim cons"),
        (["--time", "1h", "--check", "dispersion", "--numbers", "4,eight"], "is no list of whole numbers"),
        (["--time", "1h", "--scaling", "--rank 1"], "No such option"),
        (["--time", "1h", "--scaling", "--ranks 1,no"], "is no list of positive whole numbers"),
        (["--time", "1h", "--scaling", "--ranks 1", "--array", "1-3"], "neither --check nor --array"),
        (["--time", "1h", "--ranks-per-node", "4096"], "cannot share a grid"),
        (["--time", "never"], "is no duration"),
        (["--time", "UNLIMITED"], "is no limit"),
        (["--time", "1h", "--stop-before", "3:00"], '"3:00" is ambiguous'),
        ([], "--time"),
    ],
)
def test_what_cannot_be_is_said(options, sentence, render):
    said, status = render("manakov-soliton", *options)
    assert status == 2 and sentence in said


def test_bodies_do_not_ask_for_a_grid_that_the_ranks_divide(render):
    """Twelve points along an axis, eight ranks: they share configurations."""
    script, status = render("stirred-fermi-sea", "--time", "1h", "--ranks-per-node", "8")
    assert status == 0, script
    assert "hpcmix run stirred-fermi-sea" in script


@pytest.mark.parametrize(
    ("batch", "head", "started"),
    [
        ("pbs", ["#PBS -N rubidium-mixture", "#PBS -l select=2:ncpus=32:mpiprocs=16:ompthreads=2",
                 "#PBS -l walltime=36:00:00", "#PBS -r y", "#PBS -A physics"],
         "mpirun --mca odls_base_sigkill_timeout 30 -n 32 hpcmix run rubidium-mixture"),
        ("flux", ["# flux: --job-name=rubidium-mixture", "# flux: --nodes=2", "# flux: --nslots=32",
                  "# flux: --cores-per-slot=2", "# flux: --time-limit=2160m", "# flux: --bank=physics"],
         "flux run -N 2 -n 32 -c 2 hpcmix run rubidium-mixture"),
    ],
)  # fmt: skip
def test_other_batch_systems_have_heads_of_their_own(batch, head, started, render, installed, tmp_path):
    installed("mpirun", "mpirun (Open MPI) 4.1.4")
    of_site = head[-1].replace("# flux:", "#FLUX:")  # Flux takes one way of writing it in a script
    (tmp_path / "site").write_text(f"{of_site}\nmodule load openmpi\n#SBATCH --account=physics\n")
    script, status = render(
        "rubidium-mixture", "--batch", batch, "--nodes", "2", "--ranks-per-node", "16", "--threads", "2",
        "--time", "1-12:00:00", "--site", str(tmp_path / "site"),
    )  # fmt: skip
    assert status == 0
    lines = script.splitlines()
    assert [line for line in head if line not in lines] == []
    assert max(lines.index(line) for line in head) < lines.index("module load openmpi")
    assert any(line.strip().startswith(started) for line in lines)
    assert 'timeout --foreground --preserve-status --signal=USR1 "$((129420 - SECONDS))"' in script
    assert "scontrol" not in script
    checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


STAND_INS = {
    "pbs": {"mpirun": 'shift "$#"\nexec solver', "qsub": 'echo "qsub $*" >>"$calls"\n[ -t 0 ] || true'},
    "flux": {"flux": 'case $1 in\nrun) exec solver;;\n*) echo "flux $*" >>"$calls";;\nesac'},
}
SOLVER = 'mkdir -p "$directory/checkpoints"\ntrap \'touch "$directory/checkpoints/000010.h5"; exit 75\' USR1\n'
SOLVER += "trap 'touch terminated; exit 75' TERM\nwhile :; do sleep 0.02; done"


@pytest.fixture
def job_of(render, tmp_path):
    """Run a script of a batch system with stand-ins for its commands and for the program; its status, and what was
    submitted."""

    def run(batch, *options, environment, terminate=False):
        for name, lines in {**STAND_INS[batch], "solver": SOLVER}.items():
            (tmp_path / name).write_text(f"#!/bin/bash\n{lines}\n")
            (tmp_path / name).chmod(0o755)
        words = ["manakov-soliton", "--batch", batch, "--time", "0:03", "--stop-before", "2s", "--environment", "here"]
        words += ["--mpi", "openmpi"] if batch == "pbs" else []
        script, status = render(*words, *options)
        assert status == 0, script
        (tmp_path / "here/bin").mkdir(parents=True)
        (tmp_path / "here/bin/activate").write_text("export directory calls=calls\n")
        (tmp_path / "job.sh").write_text(script)
        (tmp_path / "job.sh").chmod(0o755)
        variables = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PBS_O_WORKDIR": str(tmp_path), **environment}
        job = subprocess.Popen([tmp_path / "job.sh"], env=variables, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
        if terminate:
            while not (tmp_path / "runs").exists():
                time.sleep(0.02)
            time.sleep(0.1)  # until its traps are set
            job.terminate()
        _, said = job.communicate(timeout=30)
        calls = tmp_path / "calls"
        return job.returncode, calls.read_text() if calls.exists() else "", said

    return run


@pytest.mark.parametrize("batch", STAND_INS)
def test_other_batch_systems_stop_before_the_limit_and_submit_themselves_again(batch, job_of, tmp_path):
    status, submitted, said = job_of(batch, environment={"HPCMIX_STARTS": "4"})
    assert status == 0, said
    again = {"pbs": f"qsub -v HPCMIX_STARTS=5 {tmp_path}/job.sh", "flux": None}
    again["flux"] = f"flux --parent batch --env=HPCMIX_STARTS=5 {tmp_path}/job.sh"
    assert submitted.strip() == again[batch]
    assert (tmp_path / "runs/manakov-soliton/checkpoints/000010.h5").exists()  # USR1 came, a second before the limit


def test_a_job_of_an_array_of_pbs_submits_itself_alone(job_of, tmp_path):
    words = ["--array", "1-3", "--set", "species.left.mass={task}"]
    status, submitted, said = job_of("pbs", *words, environment={"PBS_ARRAY_INDEX": "2"})
    assert status == 0, said
    assert submitted.strip() == "qsub -v HPCMIX_STARTS=1,HPCMIX_TASK=2"  # the script itself comes by standard input
    assert (tmp_path / "runs/manakov-soliton/2/checkpoints/000010.h5").exists()


def test_a_cancelled_job_is_not_submitted_again(job_of, tmp_path):
    status, submitted, _ = job_of("pbs", environment={}, terminate=True)
    assert status == 75 and submitted == "" and (tmp_path / "terminated").exists()


def test_an_array_of_flux_is_a_script_that_submits(render):
    script, status = render(
        "manakov-soliton", "--batch", "flux", "--time", "1h", "--array", "1-5:2,9", "--set", "species.left.mass={task}"
    )
    assert status == 0 and "\nfor task in 1 3 5 9; do\n" in script
    assert 'job=$(flux batch --env="HPCMIX_TASK=$task" "$@" <<\'JOB\'\n#!/bin/bash\n' in script
    assert '--set species.left.mass="$HPCMIX_TASK"' in script
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--batch", "pbs", "--launcher", "srun"], "--launcher: srun starts no ranks under PBS; take one of mpirun"),
        (["--batch", "flux", "--mpi", "mpich"], "--mpi: means nothing to flux run"),
        (["--batch", "pbs", "--mpi", "mpich", "--array", "1,4,7"], "no list of job numbers for PBS such as 0-9"),
        (["--batch", "pbs", "--array", "5-2"], "no list of job numbers for PBS"),
        (["--batch", "flux", "--array", "0-9:0"], "no list of job numbers for Flux"),
        (["--batch", "flux", "--array", "0-9%3"], "no list of job numbers for Flux such as 0-9"),
    ],
)
def test_what_a_batch_system_has_no_word_for_is_said(options, sentence, render):
    said, status = render("manakov-soliton", "--time", "1h", *options)
    assert status == 2 and sentence in said


def test_the_environment_is_the_one_that_makes_the_script_by_its_absolute_path(render):
    script, _ = render("manakov-soliton", "--time", "1h")
    line = next(line for line in script.splitlines() if line.endswith("/bin/activate") or "PATH" in line)
    path = line.removeprefix(". ").removesuffix("/bin/activate") if line.startswith(". ") else sys.prefix
    assert Path(path).is_absolute() and Path(path) == Path(sys.prefix)
    asked, _ = render("manakov-soliton", "--time", "1h", "--environment", "$HOME/my place/env")
    assert "\n. $HOME/my place/env/bin/activate\n" not in asked  # a space needs quoting
    assert '\n. "$HOME/my place/env"/bin/activate\n' in asked


def test_studies_have_scripts_for_other_batch_systems(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HPCMIX_SITE", raising=False)
    monkeypatch.chdir(tmp_path)
    words = "scaling manakov-soliton --ranks 1,6 --steps 9 --ranks-per-node 4 --batch flux --jobs d"
    monkeypatch.setattr("sys.argv", ["hpcmix", *words.split()])
    monkeypatch.setattr("hpcmix.cli._listen", lambda: None)  # signals and the watch over the start are the tests' own
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0, capsys.readouterr().err
    last = sorted((tmp_path / "d").glob("00*.flux"))[-1].read_text()
    assert "# flux: --nslots=8" in last and "flux run -N 2 -n 6 -c 1 hpcmix bench manakov-soliton" in last
    submit = (tmp_path / "d" / "submit.sh").read_text()
    assert 'jobs="$jobs --dependency=afterany:$job"' in submit and "flux batch $jobs " in submit
