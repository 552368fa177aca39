"""Finding problem files: paths, example cards by name, and what is said when there is none."""

import errno
import os
from pathlib import Path

import pytest

from hpcmix.problem.files import cards
from hpcmix.problem.files.load import load_problem
from hpcmix.problem.mistakes.errors import ProblemError

TEXT = "[grid]\npoints = [4]\nlengths = [1]\n[[species]]\nname = 'a'\n"


@pytest.fixture
def examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two example cards as the only ones, and an empty current directory."""
    folder = tmp_path / "jobs"
    for name in ("01_dark-soliton", "vortex"):
        (folder / name).mkdir(parents=True)
        (folder / name / "problem.toml").write_text(TEXT)
    (folder / "README.md").write_text("")
    monkeypatch.setattr(cards, "CARD_FOLDERS", (tmp_path / "absent", folder))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return folder


def test_card_by_its_bare_name(examples: Path) -> None:
    problem = load_problem("dark-soliton")
    assert (problem.title, problem.output.directory) == ("dark-soliton", "runs/dark-soliton")
    assert problem.file == str(examples / "01_dark-soliton" / "problem.toml")
    assert load_problem("vortex").title == "vortex"


def test_card_by_its_path_goes_by_the_same_name(examples: Path) -> None:
    assert load_problem(str(examples / "01_dark-soliton" / "problem.toml")) == load_problem("dark-soliton")


def test_other_files_go_by_their_stem(examples: Path) -> None:
    Path("problem.toml").write_text(TEXT)
    Path("quench.toml").write_text(TEXT)
    assert load_problem("problem.toml").output.directory == "runs/problem"
    assert load_problem("quench.toml").output.directory == "runs/quench"


def test_a_file_of_the_same_name_comes_first(examples: Path) -> None:
    Path("vortex").write_text(TEXT.replace("'a'", "'mine'"))
    assert load_problem("vortex").species[0].name == "mine"


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("dark-solitom", "there is neither a file nor an example of this name"),
        ("nonsense", "(examples: dark-soliton, vortex)"),
        ("quench.tml", 'there is no such file; did you mean "quench.toml"?'),
        ("absent/problem.toml", "absent/problem.toml: there is no such file"),
        ("folder", 'folder: is a directory, not a problem file; did you mean "folder/problem.toml"?'),
        ("bare", "bare: is a directory, not a problem file"),
    ],
)
def test_no_such_problem(examples: Path, file: str, sentence: str) -> None:
    Path("quench.toml").write_text(TEXT)
    Path("folder").mkdir()
    Path("folder/problem.toml").write_text(TEXT)
    Path("bare").mkdir()
    with pytest.raises(ProblemError) as caught:
        load_problem(file)
    assert sentence in str(caught.value)


def test_suggestion_for_a_card(examples: Path) -> None:
    with pytest.raises(ProblemError, match='did you mean "dark-soliton"'):
        load_problem("dark-solitom")


def test_unreadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    file = tmp_path / "secret.toml"
    file.write_text(TEXT)
    monkeypatch.setattr(Path, "read_bytes", refuse)  # file modes do not stop root
    with pytest.raises(ProblemError, match="cannot be read: Permission denied"):
        load_problem(str(file))


def test_a_file_of_fields_is_no_text_in_another_encoding(tmp_path: Path) -> None:
    file = tmp_path / "000001.h5"
    file.write_bytes(b"\x89HDF\r\n\x1a\n\0\0")
    with pytest.raises(ProblemError, match=r"000001\.h5: is a binary file and no problem file; hpcmix show"):
        load_problem(str(file))


def test_not_utf8(tmp_path: Path) -> None:
    file = tmp_path / "latin.toml"
    file.write_bytes(b"# fine\ntitle = '\xe9'\n")
    with pytest.raises(ProblemError, match=r"latin\.toml:2: this is no UTF-8 text"):
        load_problem(str(file))
