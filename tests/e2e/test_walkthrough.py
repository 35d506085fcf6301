"""The walk of the README, from an empty installation to a shipped order, as it is printed there."""

import re
import shutil
from pathlib import Path

import pytest
from localhost.installation import Options, installation
from localhost.servers.packages import install
from localhost.spawn import run_to_end

PROJECT = Path(__file__).parents[2]
SCRIPT = PROJECT / "docs" / "walkthrough.sh"
WALK_SECONDS = 600


def printed_steps() -> list[str]:
    """The commands of the README's walk, without the first, which finds the folder that the script is given."""
    text = (PROJECT / "README.md").read_text()
    walk = re.search(r"^## From nothing to a shipped order\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert walk
    first, *steps = re.findall(r"```bash\n(.*?)```", walk[1], re.DOTALL)
    assert first.startswith("RUN=")
    return [step.strip() for step in steps]


def test_the_readme_shows_the_commands_of_the_script() -> None:
    steps = re.split(r"^# step: .*$", SCRIPT.read_text(), flags=re.MULTILINE)[1:]
    assert printed_steps() == [step.strip() for step in steps]


@pytest.mark.timeout(1200)  # A whole installation starts, which takes minutes on a busy machine.
async def test_the_walk_ends_with_a_shipped_order() -> None:
    if shutil.which("curl") is None:
        await install(["curl"], say=print)
    async with installation(Options(purpose="walk", ready_seconds=600)) as it:
        ended = await run_to_end(
            ["bash", str(SCRIPT), str(it.run.folder)], env=it.env("gateway"), timeout_seconds=WALK_SECONDS
        )
        assert ended.status == 0, ended.said
        available, on_hand, ours, theirs = ended.said.splitlines()[-4:]
        assert (available, on_hand) == ("available: 495.75", "items.0.on_hand: 8")
        assert ours == theirs != ""
        assert (it.run.folder / "label.pdf").read_bytes().startswith(b"%PDF-")
