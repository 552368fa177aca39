# ruff: noqa: F403, F405, RUF012 - Spack's recipes take its words by name
"""Spack's recipe for hpcmix. Not built by continuous integration.

    spack repo add packaging/spack/spack_repo/hpcmix
    spack dev-build --source-path . py-hpcmix@0.2.0        a clone, or
    spack install --no-checksum py-hpcmix                  a source archive in the current folder

The archive comes from a clone: python -c "import scikit_build_core.build as b; b.build_sdist('.')". There is no
published archive, and so no checksum that Spack could compare.
It assumes packages of Spack for all that it depends on, in these versions; nanobind's and scikit-build-core's are the
newest of them. ducc0 is not among Spack's own packages: `pip install ducc0` beside hpcmix brings it.
"""

import os

from spack.package import *
from spack_repo.builtin.build_systems.python import PythonPackage


class PyHpcmix(PythonPackage):
    """MPI-parallel split-step solver for mixtures of quantum gases on large grids."""

    url = f"file://{os.getcwd()}/hpcmix-0.2.0.tar.gz"
    manual_download = True

    license("BSD-3-Clause", checked_by="hpcmix developers")

    version("0.2.0", deprecated=False)

    variant("parallel_hdf5", default=True, description="Write blocks of files by parallel HDF5 in place of MPI-IO")

    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    depends_on("py-scikit-build-core@0.11:", type="build")
    depends_on("py-nanobind@2.5:", type="build")

    depends_on("mpi", type=("build", "link", "run"))
    depends_on("python@3.11:", type=("build", "link", "run"))
    with default_args(type=("build", "run")):
        depends_on("py-numpy@2:")
        depends_on("py-scipy@1.13:")
        depends_on("py-mpi4py@4.1:")
        depends_on("py-h5py@3.11:+mpi", when="+parallel_hdf5")
        depends_on("py-h5py@3.11:", when="~parallel_hdf5")
        depends_on("py-h5netcdf@1.3:")
        depends_on("py-xarray@2024.6:")
        depends_on("py-pydantic@2.7:")
        depends_on("py-pint@0.24:")
        depends_on("py-click@8.1:")
        depends_on("py-rich@13.7:")
        depends_on("py-jinja2@3.1:")
        depends_on("py-matplotlib@3.9:")
        depends_on("py-pillow@10:")
        depends_on("py-threadpoolctl@3.5:")

    import_modules = ["hpcmix", "hpcmix.kernels._native", "hpcmix.cli"]
