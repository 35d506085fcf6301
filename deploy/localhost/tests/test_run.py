import json
import stat
from pathlib import Path

import psutil
import pytest
from localhost.errors import LocalhostError
from localhost.run import KEPT_RUNS, Run, dead_runs, new_run, project_folder


def dead_run(project: Path, name: str) -> Run:
    run = Run(name, project)
    run.open()
    # Our own pid with another start time: the number was given to another process since.
    facts = {"pid": psutil.Process().pid, "started": 1.0}
    (run.folder / "launcher.json").write_text(json.dumps(facts))
    return run


class TestRun:
    @pytest.mark.parametrize("name", ["", "Upper", "with-dash", "x" * 25, 'drop"table'])
    def test_refuses_names_that_are_no_part_of_a_database_name(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(LocalhostError, match="not usable"):
            Run(name, tmp_path)

    def test_is_alive_while_its_launcher_runs(self, run: Run) -> None:
        assert run.is_alive()

    def test_is_dead_when_the_pid_belongs_to_another_process_now(self, tmp_path: Path) -> None:
        assert not dead_run(tmp_path, "gone").is_alive()

    def test_new_runs_have_different_names(self, tmp_path: Path) -> None:
        assert new_run("demo", project=tmp_path).name != new_run("demo", project=tmp_path).name

    def test_finds_the_project_above_the_package(self) -> None:
        assert (project_folder() / "uv.lock").exists()


class TestJournal:
    def test_is_undone_from_the_last_line_to_the_first(self, run: Run) -> None:
        run.journal.add("first", a="1")
        run.journal.add("second", b="2")
        assert [(undo.kind, undo.facts) for undo in run.journal.newest_first()] == [
            ("second", {"b": "2"}),
            ("first", {"a": "1"}),
        ]

    def test_is_for_the_owner_only(self, run: Run) -> None:
        run.journal.add("drop_database", server_url="postgresql://u:secret@h/d", name="x")
        assert stat.S_IMODE((run.folder / "journal.jsonl").stat().st_mode) == 0o600

    def test_passes_over_a_line_that_was_cut_short(self, run: Run) -> None:
        run.journal.add("whole")
        with (run.folder / "journal.jsonl").open("a") as file:
            file.write('{"kind": "ha')
        assert [undo.kind for undo in run.journal.newest_first()] == ["whole"]


class TestDeadRuns:
    def test_leaves_living_runs_alone(self, run: Run) -> None:
        run.journal.add("drop_database")
        assert list(dead_runs(run.project)) == []

    def test_gives_runs_with_something_to_undo(self, tmp_path: Path) -> None:
        dead_run(tmp_path, "killed").journal.add("drop_database")
        dead_run(tmp_path, "clean")
        assert [run.name for run in dead_runs(tmp_path)] == ["killed"]

    def test_gives_old_runs_beyond_the_kept_ones(self, tmp_path: Path) -> None:
        for number in range(KEPT_RUNS + 2):
            dead_run(tmp_path, f"run_{number}")
        assert len(list(dead_runs(tmp_path))) == 2
