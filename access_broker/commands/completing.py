"""Completion for shells: the script that a shell reads, and the candidates that it asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from access_broker.command_line.completion import candidates
from access_broker.command_line.spec import Argument, Command

if TYPE_CHECKING:
    from access_broker.command_line.spec import Given
    from access_broker.connection import Connection

BASH = """\
_broker() {
  local IFS=$'\\n'
  COMPREPLY=($(broker completion candidates -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
COMP_WORDBREAKS=${COMP_WORDBREAKS//:/}
complete -o default -F _broker broker"""

ZSH = """\
_broker() {
  local -a found
  found=("${(@f)$(broker completion candidates -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  [[ -n $found ]] && compadd -- $found || _default
}
compdef _broker broker"""

FISH = """\
function __broker_candidates
  set -l given (commandline -opc) (commandline -ct)
  broker completion candidates -- $given[2..-1] 2>/dev/null
end
complete -c broker -a '(__broker_candidates)'"""

POWERSHELL = """\
Register-ArgumentCompleter -Native -CommandName broker -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $given = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $given += '""' }
  broker completion candidates -- @given 2>$null |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
}"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH, "powershell": POWERSHELL}


def script(_connection: Connection, given: Given) -> None:
    """Print the script."""
    print(SCRIPTS[given.word("shell")])


def shell(text: str) -> str:
    """A shell that has a script."""
    if text not in SCRIPTS:
        raise ValueError(f"there are {', '.join(SCRIPTS)}.")
    return text


def print_candidates(connection: Connection, given: Given) -> None:
    """Print the candidates for the last word, one a line; nothing where something fails."""
    for candidate in candidates(connection, given.texts("words")):
        print(candidate)


COMMANDS = {
    "completion": Command(
        script,
        "Print the script that completes commands, options, roles, requests and sessions in your shell.",
        (Argument("SHELL", f"One of {', '.join(SCRIPTS)}.", shell),),
        examples=('eval "$(broker completion bash)"', "broker completion fish | source"),
        connects=False,
    ),
    "completion candidates": Command(
        print_candidates,
        "Print the candidates for the last of some words; for the scripts.",
        (Argument("WORDS", "The words of the command line, the one to complete last.", rest=True, optional=True),),
        examples=("broker completion candidates -- exec ec2",),
    ),
}
