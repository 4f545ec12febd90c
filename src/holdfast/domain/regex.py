"""Regular expressions that are compiled when they are first used: a hook that reads one plan needs few of them."""

from __future__ import annotations

from holdfast.domain.value import TYPE_CHECKING

if TYPE_CHECKING:
    import re

    def lazy(pattern: str, flags: int = 0) -> re.Pattern[str]:
        """The expression, with the methods of `re.Pattern`."""
        raise NotImplementedError
else:

    class lazy:  # noqa: N801 - it is called like the function that type checkers see
        """The expression, with the methods of `re.Pattern`."""

        def __init__(self, pattern, flags=0):
            self._source = (pattern, flags)

        def __getattr__(self, name):
            import re

            compiled = re.compile(*self._source)
            for method in ("match", "search", "fullmatch", "finditer", "split", "sub"):
                self.__dict__[method] = getattr(compiled, method)
            return getattr(compiled, name)
