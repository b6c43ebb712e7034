"""Carry context and exception handlers across asynchronous callbacks.

A `with` block ends long before the callbacks that were started in it run. StackContext makes such
a block follow them: the context is entered again around each callback, and around what that
callback starts, and so on. ExceptionStackContext does so for an exception handler. The methods of
`ostro.ioloop` and of what is built upon it carry the stack by themselves; `wrap` is for libraries
that keep callbacks on their own. Callbacks that are given to asyncio directly (`loop.call_soon`,
`Task`) carry the stack to what they start, but run outside its contexts and handlers.
"""

from ._contexts import ExceptionStackContext, NullContext, StackContext
from ._errors import StackContextError, StackContextInconsistentError
from ._stack import is_active
from ._wrap import wrap

__all__ = [
    "ExceptionStackContext",
    "NullContext",
    "StackContext",
    "StackContextError",
    "StackContextInconsistentError",
    "is_active",
    "wrap",
]
