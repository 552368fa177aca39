#!/bin/bash
# Submits 4 jobs, each of which goes on where the one before stopped; those that find the run
# complete end at once. Arguments go to every sbatch.
set -eu
previous=
for number in $(seq 4); do
    previous=$(sbatch --parsable ${previous:+--dependency=afterany:$previous} "$@" <<'JOB'
#!/bin/bash
# Made by: hpcmix job rubidium-mixture --time 15min --ranks-per-node 8 --chain 4 --environment .venv
#SBATCH --job-name=rubidium-mixture
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=1
#SBATCH --time=00:15:00
#SBATCH --signal=B:USR1@180
#SBATCH --no-requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.out

# Load what provides MPI and HDF5 here, for instance: module load openmpi hdf5 (or mpich, cray-mpich, intel-mpi)
# then the environment that hpcmix is installed in:
. .venv/bin/activate

export OMP_NUM_THREADS=1
directory=runs/rubidium-mixture
newest() { find "$directory/checkpoints" -name "*.h5" -printf "%f\n" 2>/dev/null | sort -n | tail -n 1; }
before=$(newest)

# Slurm sends USR1 before the time limit: the run writes a checkpoint and ends with status 75. After scancel
# it gets TERM, does the same if there is time, and is not started again.
cancelled=no
trap 'kill -USR1 "$solver"' USR1
trap 'cancelled=yes; kill -TERM "$solver"' TERM
srun --kill-on-bad-exit=1 hpcmix run rubidium-mixture --set "output.directory='$directory'" &
solver=$!
while kill -0 "$solver" 2>/dev/null; do
    wait "$solver"  # a trap ends it early
done
wait "$solver"
status=$?

exit "$status"
JOB
    )
    echo "$number: job $previous"
done
