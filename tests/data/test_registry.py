from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from pyscimlode import datasets
from pyscimlode.data.registry import FILES, SourceFile, cache_folder, locate
from pyscimlode.errors import DownloadError

CONTENT = b"Strain,Hour,GPP\nA,0,1\nA,4,2\n"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PYSCIMLODE_DATA", raising=False)
    return tmp_path / "cache"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / "small.csv").write_bytes(CONTENT)
    handler = partial(QuietHandler, directory=str(tmp_path / "public"))
    with HTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/"
        http.shutdown()
        thread.join()


def small_file(origin: str, content: bytes = CONTENT) -> SourceFile:
    return SourceFile(
        "small.csv", hashlib.sha256(content).hexdigest(), origin + "small.csv", "costello2018"
    )


def test_names_have_a_description() -> None:
    known = datasets.available()
    assert set(known) == {"simulated", "limonene", "isopentenol", "costello2018-all"}
    assert all(known.values())


def test_the_default_name_needs_no_file(cache: Path) -> None:
    data = datasets.load("simulated")
    assert len(data) == 20
    assert data.n_measured == data.n_cells == 20 * 73 * 10
    assert not cache.exists()


def test_every_file_is_pinned_to_a_full_hash() -> None:
    assert all(len(file.sha256) == 64 for file in FILES.values())
    assert len({file.sha256 for file in FILES.values()}) == 4


@pytest.mark.parametrize("folder", [".", "costello2018"])
def test_file_is_found_in_the_named_folder_or_below(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path, folder: str
) -> None:
    place = tmp_path / "mine" / folder
    place.mkdir(parents=True)
    (place / "small.csv").write_bytes(CONTENT)
    monkeypatch.setenv("PYSCIMLODE_DATA", str(tmp_path / "mine"))
    assert locate(small_file("http://127.0.0.1:9/")).samefile(place / "small.csv")


def test_file_is_found_in_the_cache(cache: Path) -> None:
    folder = cache_folder() / "costello2018"
    folder.mkdir(parents=True)
    (folder / "small.csv").write_bytes(CONTENT)
    assert locate(small_file("http://127.0.0.1:9/")) == folder / "small.csv"


def test_named_folder_goes_before_the_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    for folder in (tmp_path / "mine", cache_folder() / "costello2018"):
        folder.mkdir(parents=True)
        (folder / "small.csv").write_bytes(CONTENT)
    monkeypatch.setenv("PYSCIMLODE_DATA", str(tmp_path / "mine"))
    assert locate(small_file("http://127.0.0.1:9/")) == tmp_path / "mine" / "small.csv"


def test_another_file_under_the_name_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    (tmp_path / "limonene_data.csv").write_bytes(CONTENT)
    monkeypatch.setenv("PYSCIMLODE_DATA", str(tmp_path))
    with pytest.raises(
        DownloadError, match=r"limonene_data\.csv is not the expected file: its SHA"
    ):
        datasets.load("limonene")


def test_download_says_so_and_fills_the_cache(
    cache: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = locate(small_file(server))
    assert path.read_bytes() == CONTENT
    assert path.is_relative_to(cache)
    said = capsys.readouterr().err
    assert f"Downloading small.csv from {server}small.csv to {path.parent}" in said
    assert locate(small_file(server)) == path
    assert "Downloading" not in capsys.readouterr().err


def test_download_of_another_content_is_an_error(cache: Path, server: str) -> None:
    with pytest.raises(DownloadError, match=r"another file \(its SHA-256 differs\)"):
        locate(small_file(server, content=b"something else"))
    assert not list(cache.rglob("small.csv"))


def test_offline_the_error_says_where_to_put_which_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    file = small_file("http://127.0.0.1:9/")
    with pytest.raises(DownloadError) as caught:
        locate(file)
    message = str(caught.value)
    assert "small.csv is not on this machine" in message
    assert "could not be downloaded" in message
    assert (
        f"Put the file with SHA-256 {file.sha256} into {cache_folder() / 'costello2018'}" in message
    )
    assert "PYSCIMLODE_DATA names (it is not set)" in message
    monkeypatch.setenv("PYSCIMLODE_DATA", str(tmp_path))
    with pytest.raises(DownloadError, match=r"it names .*, where the file is not"):
        locate(file)
