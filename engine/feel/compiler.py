"""An expression or unary tests, compiled once and evaluated any number of times."""

from __future__ import annotations

import decimal
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.feel import nodes
from engine.feel.budget import FIRST_SLOT, Environment, measure, refund
from engine.feel.code import Code, Compiler, Run, Scope
from engine.feel.compile_calls import compile_call
from engine.feel.compile_functions import compile_invocation, compile_lambda
from engine.feel.compile_loops import compile_filter, compile_for, compile_quantified
from engine.feel.compile_operators import (
    compile_arithmetic,
    compile_between,
    compile_comparison,
    compile_conditional,
    compile_in,
    compile_instance_of,
    compile_logic,
    compile_negation,
)
from engine.feel.compile_tests import (
    Test,
    any_of,
    compared_with,
    compile_test,
    negate_test,
)
from engine.feel.compile_values import (
    INPUT,
    compile_context,
    compile_equal_test,
    compile_input,
    compile_interval,
    compile_list,
    compile_literal,
    compile_name,
    compile_path,
    compile_tests,
)
from engine.feel.errors import FeelBudgetExceeded, FeelError, FeelEvaluationError, FeelSyntaxError
from engine.feel.functions import Function, function_table
from engine.feel.parser import Parser
from engine.feel.types import Types
from engine.feel.values import from_host

_HANDLERS: dict[type, Callable[[Compiler, Any], Code]] = {
    nodes.Literal: compile_literal,
    nodes.InputValue: compile_input,
    nodes.Name: compile_name,
    nodes.Path: compile_path,
    nodes.ListItems: compile_list,
    nodes.Entries: compile_context,
    nodes.Interval: compile_interval,
    nodes.Tests: compile_tests,
    nodes.EqualTest: compile_equal_test,
    nodes.Lambda: compile_lambda,
    nodes.Arithmetic: compile_arithmetic,
    nodes.Negation: compile_negation,
    nodes.Comparison: compile_comparison,
    nodes.Logic: compile_logic,
    nodes.Conditional: compile_conditional,
    nodes.Between: compile_between,
    nodes.In: compile_in,
    nodes.InstanceOf: compile_instance_of,
    nodes.For: compile_for,
    nodes.Quantified: compile_quantified,
    nodes.Filter: compile_filter,
    nodes.Call: compile_call,
    nodes.Invocation: compile_invocation,
}


class Expression:
    """A compiled expression (DMN 1.5, chapter 10).

    `variables` are the names it reads from the context it is evaluated in. A name in a filter can
    mean an entry of the items as well as a variable; such names are among `variables`, and
    `entry_names` holds those of them that are read nowhere else. `constant` says that the value
    is the same whatever the context. `doubts` say what can only be null in it; compiled strictly
    it has none.
    """

    __slots__ = ("_run", "_start", "constant", "doubts", "entry_names", "source", "variables")

    def __init__(self, source: str, code: Code, compiler: Compiler) -> None:
        self.source = source
        self.variables = frozenset(compiler.read)
        self.entry_names = frozenset(compiler.read - compiler.read_outside_filters)
        self.constant = code.constant
        self.doubts = tuple(compiler.doubts)
        self._run: Run = code.run
        self._start = compiler.environment()

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"

    def evaluate(self, context: Mapping[str, Any], caller: Environment | None = None) -> Any:
        """The value in `context`; a variable that is not in it is null.

        With the environment of a `caller` the two share their steps and time. Raises
        `FeelEvaluationError` for a value that has no right answer, and `FeelBudgetExceeded` for
        too much work, both with the place in the expression.
        """
        environment: Environment = [context, *self._start]
        if caller is not None:
            refund(environment, caller)
        try:
            value = self._run(environment)
            if type(value) is list or type(value) is dict:
                measure(environment, value)
        except FeelError as error:
            raise error.place(self.source) from None
        except RecursionError:
            raise _too_deep(self.source) from None
        except decimal.DecimalException:
            raise _not_a_number(self.source) from None
        if caller is not None:
            refund(caller, environment)
        return value


class UnaryTests:
    """Compiled unary tests, as they stand in a cell of a decision table (DMN 1.5, 7.3.4).

    `values` are the constants that the tests compare the input with, in order, so that a table
    can say when one of them is of the wrong type or not allowed; ranges are among them.
    `plain` is the test itself where it needs nothing but the value, which is then one of FEEL.
    `constants` are those and the ones that `?` is compared with, or None where what the tests say
    depends on more than how the input compares with constants.
    """

    __slots__ = (
        "_start",
        "_test",
        "constants",
        "doubts",
        "matches_anything",
        "plain",
        "source",
        "values",
        "variables",
    )

    def __init__(
        self,
        source: str,
        test: Test | None,
        values: tuple[Any, ...],
        constants: tuple[Any, ...] | None,
        compiler: Compiler,
    ) -> None:
        self.source = source
        self.variables = frozenset(compiler.read)
        self.values = values
        self.constants = constants
        self.doubts = tuple(compiler.doubts)
        self.matches_anything = test is None
        self.plain = None if compiler.read or compiler.slots > 1 or compiler.used_input else test
        self._test = test
        self._start = compiler.environment()

    def __repr__(self) -> str:
        return f"UnaryTests({self.source!r})"

    def matches(
        self, value: Any, context: Mapping[str, Any], caller: Environment | None = None
    ) -> bool:
        """Whether a test is true of `value`; null is no match. As `Expression.evaluate`."""
        test = self._test
        if test is None:
            return True
        environment: Environment = [context, *self._start]
        if caller is not None:
            refund(environment, caller)
        try:
            value = from_host(value)
            environment[FIRST_SLOT] = value
            passed = test(environment, value) is True
        except FeelError as error:
            raise error.place(self.source) from None
        except RecursionError:
            raise _too_deep(self.source) from None
        except decimal.DecimalException:
            raise _not_a_number(self.source) from None
        if caller is not None:
            refund(caller, environment)
        return passed


def compile_expression(
    source: str,
    *,
    names: Iterable[str] = (),
    functions: Iterable[Function] = (),
    types: Types | None = None,
    strict: bool = True,
) -> Expression:
    """Read and compile one expression; a leading = is passed over.

    `names` are the variables whose names have more than one word (others may be among them, and
    must be if the expression calls them), `functions` what the host adds, `types` those that the
    host defines. Raises `FeelSyntaxError` for what is not FEEL, `UnsupportedFeel` for what is not
    covered, and `FeelBudgetExceeded` for what is too large. What can only be null, such as a call
    of an unknown function, is refused too, unless `strict` is False: then it is null as the
    standard says, and the expression's `doubts` tell.
    """
    table = function_table(tuple(functions))
    names = tuple(names)
    try:
        parser = Parser(source, table.names, names, types)
        node = parser.expression()
        compiler = Compiler(source, table, _HANDLERS, names, strict)
        _doubt_all(compiler, parser)
        return Expression(source, compiler.compile(node), compiler)
    except RecursionError:
        raise _too_deep(source) from None


def compile_unary_tests(
    source: str,
    *,
    names: Iterable[str] = (),
    functions: Iterable[Function] = (),
    types: Types | None = None,
    strict: bool = True,
) -> UnaryTests:
    """Read and compile the tests of a decision table's cell; raises as `compile_expression`.

    A test that mentions `?` matches if it is true. Any other test matches if the input equals its
    value, lies in it (a range), or is among its items (a list), or if it is true by itself and the
    input is no boolean. No test at all, or -, matches anything.
    """
    table = function_table(tuple(functions))
    names = tuple(names)
    try:
        parser = Parser(source, table.names, names, types)
        negated, tests = parser.unary_tests()
        compiler = Compiler(source, table, _HANDLERS, names, strict)
        _doubt_all(compiler, parser)
        return _unary(source, compiler, negated, tests)
    except RecursionError:
        raise _too_deep(source) from None


def _doubt_all(compiler: Compiler, parser: Parser) -> None:
    for error in parser.doubts:
        compiler.doubt(error)


def _unary(
    source: str, compiler: Compiler, negated: bool, tests: tuple[nodes.Node, ...]
) -> UnaryTests:
    compiled: list[Test] = []
    values: list[Any] = []
    constants: list[Any] | None = []
    with compiler.scope(Scope(), loop=False) as scope:
        scope.slots[INPUT] = compiler.slot()
        for node in tests:
            test, codes = _single(compiler, node)
            compiled.append(test)
            own = [code.value for code in codes if code.constant]
            values.extend(own)
            if not codes:
                compared = compared_with(compiler, node)
            else:
                compared = own if len(own) == len(codes) else None
            constants = None if constants is None or compared is None else [*constants, *compared]
    if not compiled:
        return UnaryTests(source, None, (), (), compiler)
    test = any_of(compiled)
    return UnaryTests(
        source,
        negate_test(test) if negated else test,
        tuple(values),
        None if constants is None else tuple(constants),
        compiler,
    )


def _single(compiler: Compiler, node: nodes.Node) -> tuple[Test, tuple[Code, ...]]:
    """One test, and the codes that it compares the input with; none where it mentions the input."""
    if isinstance(node, nodes.Interval | nodes.EqualTest):
        return compile_test(compiler, node)
    compiler.reads_input = False
    code = compiler.compile(node)
    inner = code.run
    if compiler.reads_input:
        compiler.used_input = True
        return lambda environment, value: _truth(inner(environment)), ()
    if isinstance(node, nodes.Call) and node.function == "not":
        raise FeelSyntaxError(
            'not(...) must stand around the whole cell, such as not("a", "b").',
            node.at,
            compiler.source,
        )
    test, codes = compile_test(compiler, node)
    if code.constant:
        return test, codes

    def by_value(environment: Environment, value: Any) -> bool | None:
        if type(value) is not bool and inner(environment) is True:
            return True
        return test(environment, value)

    return by_value, codes


def _truth(value: Any) -> bool | None:
    return value if type(value) is bool else None


def _too_deep(source: str) -> FeelError:
    return FeelBudgetExceeded(
        "The expression is nested too deep to be worked out. Split it into several.", 0, source
    )


def _not_a_number(source: str) -> FeelError:
    return FeelEvaluationError(
        "A number from outside is NaN or infinite. Give a finite number or null.", 0, source
    )
