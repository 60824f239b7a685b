"""Finds in the integration's source by which keys it asks for texts, without knowing any of its modules."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

COMPONENT = Path(__file__).parents[2] / "custom_components" / "wattbridge"
FIELD = "translation_key"

type Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> dict[str, ast.Module]:
    """Parse the integration, not following the link to the library."""
    paths = [path for path in COMPONENT.rglob("*.py") if "aiowattbridge" not in path.relative_to(COMPONENT).parts]
    return {path.relative_to(COMPONENT).as_posix(): ast.parse(path.read_text()) for path in paths}


def literals(trees: list[ast.Module]) -> set[str]:
    """Collect every text in some modules: what is in none of them is asked for by nobody."""
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def patterns(trees: list[ast.Module]) -> list[re.Pattern[str]]:
    """Turn every f-string that holds a word into a pattern of what it can become."""
    found = []
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in node.values]
                if any(part and re.search("[a-z]", part) for part in parts):
                    found.append(re.compile("".join(r"\w+" if part is None else re.escape(part) for part in parts)))
    return found


def flow_errors(trees: list[ast.Module]) -> set[str]:
    """Find the keys of form errors: values by field in a dictionary, and what functions of errors return."""
    found: set[str] = set()
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.Dict):
                by_field = [value for key, value in zip(node.keys, node.values, strict=True) if _is_field(key)]
                found |= {text for value in by_field for text in _choices(value)}
            elif isinstance(node, ast.Assign) and any(_is_errors(target) for target in node.targets):
                found |= set(_choices(node.value))
            elif isinstance(node, ast.FunctionDef) and "error" in node.name:
                returns = [inner.value for inner in ast.walk(node) if isinstance(inner, ast.Return) and inner.value]
                found |= {text for value in returns for text in _choices(value)}
    return found


def aborts(trees: list[ast.Module]) -> set[str]:
    """Find the reasons with which flows end without an entry."""
    keywords = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.keyword)]
    return {text for keyword in keywords if keyword.arg == "reason" for text in _choices(keyword.value)}


def steps(trees: list[ast.Module]) -> set[str]:
    """Find the steps of flows."""
    functions = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef)]
    return {one.name.removeprefix("async_step_") for one in functions if one.name.startswith("async_step_")}


def _is_field(key: ast.expr | None) -> bool:
    if isinstance(key, ast.Name):
        return key.id.startswith("CONF_")
    return isinstance(key, ast.Constant) and key.value == "base"


def _is_errors(target: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name) and target.value.id == "errors"


def _choices(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may be."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _choices(node.body)
        yield from _choices(node.orelse)


class AskedKeys:
    """The keys of texts by what they are for: `issues`, `exceptions`, `selector`, `entity`.

    A key may be given to a function that hands it on; such functions are found by the name of their parameter's use.
    """

    def __init__(self, trees: list[ast.Module]) -> None:
        """Look through the source."""
        self._trees = trees
        self._constants = self._find_constants()
        self._handing_on: dict[str, tuple[str, int, str]] = {}
        self.by_kind: defaultdict[str, set[str]] = defaultdict(set)
        for tree in trees:
            for function in [node for node in ast.walk(tree) if isinstance(node, Function.__value__)]:
                self._note_function(function)
        for tree in trees:
            for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
                self._note_call(call)

    def _find_constants(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for tree in self._trees:
            for node in tree.body:
                targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
                value = getattr(node, "value", None)
                if isinstance(value, ast.Constant) and isinstance(value.value, str):
                    found |= {target.id: value.value for target in targets if isinstance(target, ast.Name)}
        return found

    def _note_function(self, function: Function) -> None:
        """Note which parameter of a function becomes a key, and of what."""
        names = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
        place = {name: number - ("self" in names) for number, name in enumerate(names)}
        for call in [node for node in ast.walk(function) if isinstance(node, ast.Call)]:
            for keyword in call.keywords:
                if keyword.arg == FIELD and isinstance(keyword.value, ast.Name) and keyword.value.id in place:
                    self._handing_on[function.name] = (_kind(call), place[keyword.value.id], keyword.value.id)

    def _note_call(self, call: ast.Call) -> None:
        for keyword in call.keywords:
            if keyword.arg == FIELD:
                self._keep(_kind(call), keyword.value)
        if (handed := self._handing_on.get(_name(call))) is not None:
            kind, place, parameter = handed
            given = [keyword.value for keyword in call.keywords if keyword.arg == parameter]
            for value in given or call.args[place : place + 1]:
                self._keep(kind, value)

    def _keep(self, kind: str, value: ast.expr) -> None:
        """Keep what a key is, as far as the source says."""
        self.by_kind[kind] |= set(_choices(value))
        if isinstance(value, ast.Name) and value.id in self._constants:
            self.by_kind[kind].add(self._constants[value.id])


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _kind(call: ast.Call) -> str:
    """Tell what a text is for by what is called with its key."""
    name = _name(call)
    if name.endswith("Description"):
        return "entity"
    return {"async_create_issue": "issues", "SelectSelectorConfig": "selector"}.get(name, "exceptions")
