"""The command ``python -m kitchen_sim``: draw a script, the demonstration film, or the contact sheet."""

from __future__ import annotations

import argparse
import sys
from importlib import resources
from pathlib import Path

from kitchen_sim.errors import DrawingError


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 0 when all went well, 4 what was given cannot be drawn, 5 the disk, 130 Ctrl-C."""
    parser = argparse.ArgumentParser(
        prog="python -m kitchen_sim", description="Draws cooking films with known truth."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    draw = commands.add_parser("draw", help="draw a script's film, and its truth and segments beside it")
    draw.add_argument("script", type=Path)
    draw.add_argument("film", type=Path)
    demo = commands.add_parser("demo", help="draw the demonstration film (masala chai with planted mistakes)")
    demo.add_argument("folder", type=Path)
    demo.add_argument("--correct", action="store_true", help="without mistakes")
    sheet = commands.add_parser("sheet", help="draw the contact sheet of all style groups and actions")
    sheet.add_argument("picture", type=Path)
    commands.add_parser("words", help="list the actions that can be drawn")
    given = parser.parse_args(arguments)
    try:
        if given.command == "draw":
            _draw(given.script, given.film)
        elif given.command == "demo":
            name = "masala-chai-correct" if given.correct else "masala-chai-demo"
            with resources.as_file(
                resources.files("kitchen_sim").joinpath("scripts", f"{name}.yaml")
            ) as path:
                _draw(path, given.folder / f"{name}.mp4")
        elif given.command == "sheet":
            from kitchen_sim.sheet import write_contact_sheet

            print(f"{write_contact_sheet(given.picture)}: {given.picture.stat().st_size / 1000:.0f} kB")
        else:
            from kitchen_sim.storyboard import motions

            print("\n".join(motions()))
    except DrawingError as error:
        print(f"error: {error}", file=sys.stderr)
        return 4
    except OSError as error:
        print(
            f"error: expected to write to {error.filename or 'the disk'}: {error.strerror}", file=sys.stderr
        )
        return 5
    except KeyboardInterrupt:
        print("\nstopped: nothing half-drawn is left", file=sys.stderr)
        return 130
    return 0


def _draw(script_path: Path, film: Path) -> None:
    from kitchen_sim.film import draw_film
    from kitchen_sim.script import read_script

    def show(drawn: int, frames: int) -> None:
        if sys.stderr.isatty() and (drawn % 25 == 0 or drawn == frames):
            print(
                f"\rdrawing {100 * drawn // frames:3d} %",
                end="\n" if drawn == frames else "",
                file=sys.stderr,
            )

    done = draw_film(read_script(script_path), film, show)
    print(
        f"{done.film}: {done.frames} frames in {done.wall_s:.1f} s; "
        f"truth in {done.truth.name}, {done.segments.name}"
    )


if __name__ == "__main__":
    sys.exit(main())
