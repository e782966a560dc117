"""What came of cases: for people, for programs, and for the servers that collect JUnit's XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

from supervisor.cases.run import CaseResult
from supervisor.deployment.problem import Problem, printable

__all__ = ["failure_lines", "junit_xml", "result_to_json"]

_MAX_CHARACTERS = 2000


def failure_lines(result: CaseResult) -> Iterator[str]:
    """Everything that is not as expected in a case, line by line, and what else happened in it."""
    for mismatch in result.mismatches:
        yield f"line {mismatch.line}: {_clean(mismatch.message)}"
        for difference in mismatch.differences:
            yield f"  {_clean(difference.what)}"
            yield from (f"    {_clean(line)}" for line in difference.details)
    for note in result.notes:
        yield f"note: {_clean(note)}"


def result_to_json(result: CaseResult) -> dict[str, Any]:
    """Plain data for ``--json``."""
    return {
        "file": str(result.file),
        "line": result.line,
        "name": result.name,
        "passed": result.passed,
        "seconds": round(result.seconds, 6),
        "failures": [
            {
                "line": mismatch.line,
                "message": mismatch.message,
                "differences": [
                    {"what": each.what, "details": list(each.details)} for each in mismatch.differences
                ],
            }
            for mismatch in result.mismatches
        ],
        "notes": list(result.notes),
    }


def junit_xml(results: Iterable[CaseResult], problems: Iterable[Problem]) -> bytes:
    """A document of JUnit's form: a suite for each file, an error for each problem of a file that cannot be run."""
    root = ElementTree.Element("testsuites", name="supervisor test")
    suites: dict[str, ElementTree.Element] = {}
    for result in results:
        suite = _suite(root, suites, str(result.file))
        case = _case(suite, str(result.file), result.name, result.seconds, result.line)
        if not result.passed:
            failure = ElementTree.SubElement(case, "failure", message=_clean(result.mismatches[0].message))
            failure.text = "\n".join(failure_lines(result))
    for problem in problems:
        suite = _suite(root, suites, problem.file)
        case = _case(suite, problem.file, problem.code, 0.0, problem.position.line if problem.position else 1)
        error = ElementTree.SubElement(case, "error", message=_clean(problem.message))
        error.text = str(problem)
    for suite in suites.values():
        _count(suite)
    _count(root)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _suite(
    root: ElementTree.Element, suites: dict[str, ElementTree.Element], name: str
) -> ElementTree.Element:
    if name not in suites:
        suites[name] = ElementTree.SubElement(root, "testsuite", name=_clean(name))
    return suites[name]


def _case(suite: ElementTree.Element, file: str, name: str, seconds: float, line: int) -> ElementTree.Element:
    return ElementTree.SubElement(
        suite,
        "testcase",
        name=_clean(name),
        classname=_clean(file),
        file=_clean(file),
        line=str(line),
        time=f"{seconds:.6f}",
    )


def _count(element: ElementTree.Element) -> None:
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    element.set("failures", str(len(list(element.iter("failure")))))
    element.set("errors", str(len(list(element.iter("error")))))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.6f}")


def _clean(text: str) -> str:
    # Events hold whatever came in: nothing of it may steer a terminal, or be no character of XML.
    return printable(text, _MAX_CHARACTERS)
