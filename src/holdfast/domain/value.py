"""`NamedTuple` for what hooks import: the same classes, made in a hundredth of the time.

`typing.NamedTuple` writes and compiles a constructor for each class, 0.19 ms each, and `typing` itself takes 5 ms to
import: together 12 ms of every commit that touches a plan. Type checkers see the real one.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple as NamedTuple
else:
    from operator import itemgetter

    class _Fields(type):
        """Makes each annotated name of a class a field of the tuple, in its order, with its default if it has one."""

        def __new__(cls, name, bases, space):
            fields = tuple(space.get("__annotations__", ()))
            space["_fields"] = space["__match_args__"] = fields
            space["_field_defaults"] = {field: space.pop(field) for field in fields if field in space}
            space["__slots__"] = ()
            for at, field in enumerate(fields):
                space[field] = property(itemgetter(at))
            return super().__new__(cls, name, bases, space)

    class NamedTuple(tuple, metaclass=_Fields):
        """A tuple with named, typed fields."""

        def __new__(cls, *values, **named):
            if named or len(values) != len(cls._fields):
                values = cls._complete(values, named)
            return tuple.__new__(cls, values)

        @classmethod
        def _complete(cls, values, named):
            defaults = cls._field_defaults
            try:
                rest = [named.pop(field) if field in named else defaults[field] for field in cls._fields[len(values) :]]
            except KeyError:
                rest = []
            if named or len(values) + len(rest) != len(cls._fields):
                raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}")
            return (*values, *rest)

        @classmethod
        def _make(cls, values):
            return tuple.__new__(cls, values)

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def _replace(self, **changes):
            values = [changes.pop(field, value) for field, value in zip(self._fields, self, strict=True)]
            if changes:
                raise TypeError(f"{type(self).__name__} takes {', '.join(self._fields)}")
            return tuple.__new__(type(self), values)

        def __getnewargs__(self):
            return tuple(self)

        def __repr__(self):
            fields = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
            return f"{type(self).__name__}({fields})"
