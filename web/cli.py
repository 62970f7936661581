"""The `pathways` command: all its subcommands, and what becomes of what they refuse."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from sqlalchemy.exc import ArgumentError, OperationalError

from engine.errors import EngineError, InvalidModel
from web.commands import (
    contacts,
    databases,
    expressions,
    models,
    nodes,
    simulation,
    trials,
)
from web.commands.command import UsageError, print_findings
from web.load import LoadError
from web.settings import SettingsError

COMMANDS = (
    *nodes.COMMANDS,
    *models.COMMANDS,
    *trials.COMMANDS,
    *expressions.COMMANDS,
    *simulation.COMMANDS,
    *contacts.COMMANDS,
    *databases.COMMANDS,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code: 0 done, 1 refused, 2 not understood."""
    parser = argparse.ArgumentParser(
        prog="pathways", description="Runs a council's operating models from their diagrams."
    )
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        each = subparsers.add_parser(
            command.name, help=command.summary, description=command.summary
        )
        command.arguments(each)
        each.set_defaults(run=command.run)
    options = parser.parse_args(arguments)
    try:
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except InvalidModel as refusal:
        print_findings(refusal.findings, sys.stderr)
    except (EngineError, SettingsError, UsageError, LoadError) as refusal:
        print(refusal, file=sys.stderr)
    except (ArgumentError, OperationalError) as error:
        reason = str(getattr(error, "orig", None) or error).strip()
        print(f"The database cannot be used: {reason}", file=sys.stderr)
    except BrokenPipeError:
        # Whoever read the output has read enough; Python must not complain about it on leaving.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        return 130
    return 1
