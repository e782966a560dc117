"""`ClauseParser`: ``match`` and ``for``, in both forms, and the patterns of their clauses."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable

from pipelines.language import tree
from pipelines.language.parser.expressions import ExpressionParser
from pipelines.language.tokens import Kind

__all__ = ["ClauseParser"]

_COMPARISONS = ("==", "!=", ">=", ">", "<=", "<")


class ClauseParser(ExpressionParser):
    """Clauses and patterns. Statements come from a class below."""

    @abstractmethod
    def statement(self) -> tree.Expression:
        """Read a statement that is no declaration."""

    def match(self, *, statement: bool) -> tree.Match:
        """Read ``match … end``; ``statement``: its bodies are statements."""
        start = self.place
        self.expect("match")
        target = self.complex()
        self.expect("of", "an operator")
        if not self.at("case", "default"):
            raise self.failure("`case`", "`default`")
        clauses = self.clauses(lambda: self._match_clause(statement=statement), "case", "default")
        self.expect_end(start, "an operator", "`,`", "`case`", "`default`")
        return tree.Match(self.span_from(start), target, clauses, statement)

    def _match_clause(self, *, statement: bool) -> tree.Clause:
        start = self.place
        if self.take("default"):
            pattern: tree.Pattern = tree.Default(self.tokens[start].span)
            guard = None
        else:
            self.expect("case")
            pattern = self._case_pattern(statement=statement)
            guard = self.guard()
        body = self.body(
            self.statement if statement else self.complex, "an operator", guarded=guard is not None
        )
        return tree.Clause(self.span_from(start), pattern, guard, body)

    def guard(self) -> tree.Expression | None:
        """Read ``when expression``, if it is there."""
        return self.complex() if self.take("when") else None

    def body(
        self, one: Callable[[], tree.Expression], *others: str, guarded: bool = True
    ) -> list[tree.Expression]:
        """Read ``=> one, one``. ``others``, and ``when`` if not ``guarded``: what could have stood there instead."""
        self.expect("=>", *others, *(() if guarded else ("`when`",)))
        found = [one()]
        while self.take(","):
            found.append(one())
        return found

    def loop(self, *, statement: bool) -> tree.For:
        """Read ``for … end``; ``statement``: its bodies are statements."""
        start = self.place
        self.expect("for")
        target = self.complex()
        self.expect("of", "an operator")
        if not self.at("case"):
            raise self.failure("`case`")
        clauses = self.clauses(lambda: self._loop_clause(statement=statement), "case")
        self.expect_end(start, "an operator", "`,`", "`case`")
        return tree.For(self.span_from(start), target, clauses, statement)

    def _loop_clause(self, *, statement: bool) -> tree.ForClause:
        start = self.place
        self.expect("case")
        self.expect("(")
        key = self.name("a name for the key").text
        self.expect(",")
        value = self.name("a name for the value").text
        self.expect(")")
        guard = self.guard()
        body = self.body(self.statement if statement else self.complex, guarded=guard is not None)
        return tree.ForClause(self.span_from(start), key, value, guard, body)

    # Patterns

    def _case_pattern(self, *, statement: bool) -> tree.Pattern:
        start = self.place
        following = self.ahead(1)
        if not (self.at_kind(Kind.IDENT) and following.kind is Kind.PUNCTUATION and following.text == "="):
            return self._pattern(wildcard=statement or self.dialect.target_extractors)
        name = self.advance().text
        self.expect("=")
        pattern = self._pattern(wildcard=self.dialect.target_extractors)
        return tree.AssignPattern(self.span_from(start), name, pattern)

    def _pattern(self, *, wildcard: bool) -> tree.Pattern:
        if self.at("%["):
            return self._array_pattern()
        if self.at("%("):
            return self._tuple_pattern()
        if self.at("~") and not self.dialect.target_extractors:
            raise self.failure("a pattern", hint="an extractor stands within `%{ … }`, `%[ … ]` or `%( … )`")
        return self._element(wildcard=wildcard)

    def _element(self, *, wildcard: bool) -> tree.Pattern:
        if self.at("_"):
            if not wildcard:
                raise self.failure("a pattern", hint="`default` is the clause for everything else")
            return tree.Wildcard(self.advance().span)
        if self.at("~"):
            self.place += 1
            return self._extractor()
        if self.at("%{"):
            return self._record_pattern()
        if not self.begins_expression():
            raise self.failure("a pattern")
        start = self.place
        expression = self.complex()
        return tree.ExpressionPattern(self.span_from(start), expression)

    def _extractor(self) -> tree.ExtractorPattern:
        start = self.place
        name = self.name("the name of an extractor").text
        if not self.at_kind(Kind.EXTRACTOR):
            raise self.failure("the text of the extractor, such as `|text|`")
        text = self.advance().value
        return tree.ExtractorPattern(self.span_from(start), name, text if isinstance(text, str) else "")

    def _record_pattern(self) -> tree.RecordPattern:
        start = self.place
        self.place += 1
        self.enter()
        fields = self.items(self._record_field, start, "}")
        self.leave()
        return tree.RecordPattern(self.span_from(start), fields)

    def _record_field(self) -> tree.PresentField | tree.PatternField | tree.CompareField:
        start = self.place
        if self.at("present", "absent"):
            negated = self.advance().text == "absent"
            name = self.name("the name of a field").text
            return tree.PresentField(self.span_from(start), name, negated)
        name = self.name("the name of a field").text
        if self.at(*_COMPARISONS):
            operator = self.advance().text
            expression = self.complex()
            return tree.CompareField(self.span_from(start), name, operator, expression)
        alias = None
        if self.take("="):
            alias, name = name, self.name("the name of a field").text
        self.expect("~=", *(() if alias else ("a comparison", "`=`")))
        if alias is None and self.at("%{"):
            pattern: tree.Pattern = self._record_pattern()
        elif alias is None and self.at("%["):
            pattern = self._array_pattern()
        else:
            pattern = self._extractor()
        return tree.PatternField(self.span_from(start), name, pattern, alias)

    def _array_pattern(self) -> tree.ArrayPattern:
        start = self.place
        self.place += 1
        self.enter()
        elements = self.items(self._array_element, start, "]", trailing=False)
        self.leave()
        return tree.ArrayPattern(self.span_from(start), elements)

    def _array_element(self) -> tree.Pattern:
        return self._element(wildcard=self.dialect.target_extractors)

    def _tuple_pattern(self) -> tree.TuplePattern:
        start = self.place
        self.place += 1
        elements, is_open = self.elements(start, lambda: self._element(wildcard=True))
        return tree.TuplePattern(self.span_from(start), elements, is_open)

    def elements(self, opener: int, one: Callable[[], tree.Pattern]) -> tuple[list[tree.Pattern], bool]:
        """Read ``one, one, ... )``; whether it ends with the three dots."""
        found: list[tree.Pattern] = []
        self.enter()
        while not self.at(")") or found:
            if self.dots():
                self.leave()
                self.expect_closer(")", opener)
                return found, True
            found.append(one())
            if not self.take(","):
                break
        self.leave()
        self.expect_closer(")", opener, "an operator", "`,`")
        return found, False

    def dots(self) -> bool:
        """Read ``...``, if it is there."""
        if not self.take("."):
            return False
        self.expect(".")
        self.expect(".")
        return True
