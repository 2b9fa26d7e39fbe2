"""What every side promises, held to by AWS's: the same tests as of the local side, on an emulator."""

from contract.test_contract_other_ports import *  # noqa: F403
