"""The errors of this package: all of them are mistakes of the program that uses it."""


class StackContextError(Exception):
    """Root of every error that `ostro.stack_context` raises."""


class StackContextInconsistentError(StackContextError):
    """Report that a `with StackContext` block ended under another stack than it set up.

    The usual cause is a `yield` inside the block, in a generator that nothing steps in a
    Context of its own (`ostro.gen` does): the block leaked into the code that ran meanwhile.
    """

    def __init__(self) -> None:
        super().__init__(
            "the stack of contexts changed inside a 'with StackContext' block, expected the one "
            "the block set up (was there a yield in it, outside ostro.gen?)"
        )
