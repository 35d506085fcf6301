"""GraphQL texts, parsed and validated once: what they select, ready to be walked."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    get_named_type,
    is_list_type,
    parse,
    validate,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values, get_variable_values
from graphql.type import get_nullable_type

CACHE_SIZE = 256
Resolver = Callable[[Any, dict[str, Any], Any], Any]
ResolverOf = Callable[[str, str], Resolver | None]


@cache
def load_schema() -> GraphQLSchema:
    """Build the schema of schema.graphql."""
    return build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))


class Refused(Exception):
    """The text or its variables do not fit the schema; `errors` says where."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


@dataclass(slots=True)
class Selected:
    """One selected field: `type_name` of the object it returns, if any; no `resolve` means a dictionary's entry."""

    key: str
    name: str
    definition: GraphQLField
    node: FieldNode
    is_list: bool
    type_name: str
    resolve: Resolver | None
    takes_arguments: bool
    sub: "Selection | None" = None
    sub_sets: list[SelectionSetNode] = field(default_factory=list)
    number: int = 0


class Selection:
    """The fields selected on a value, per concrete type, worked out when a value of that type is first met."""

    __slots__ = ("_compiler", "_plans", "_sets", "declared", "known")

    def __init__(self, compiler: "Compiler", sets: list[SelectionSetNode], declared: str) -> None:
        self._compiler = compiler
        self._sets = sets
        self._plans: dict[str, list[Selected]] = {}
        self.declared = declared
        self.known: list[Selected] | None = None

    def fields(self, type_name: str) -> list[Selected]:
        """Return what to take of a value of this type, in the sequence of the text."""
        plan = self._plans.get(type_name)
        if plan is None:
            plan = self._plans[type_name] = self._compiler.collect(type_name, self._sets)
        return plan


class Compiler:
    """Turns the selections of one operation, under given variables, into lists of fields."""

    def __init__(self, document: DocumentNode, variables: VariableValues, resolver_of: ResolverOf) -> None:
        self._schema = load_schema()
        self._resolver_of = resolver_of
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._variables = variables
        self._count = 0

    def collect(self, type_name: str, sets: list[SelectionSetNode]) -> list[Selected]:
        """Merge the selections that hold for a concrete type."""
        found: OrderedDict[str, Selected] = OrderedDict()
        for selection_set in sets:
            self._collect_into(found, type_name, selection_set)
        for selected in found.values():
            if selected.sub_sets:
                selected.sub = Selection(self, selected.sub_sets, selected.type_name)
        return list(found.values())

    def _collect_into(self, found: OrderedDict[str, Selected], type_name: str, selection_set: SelectionSetNode) -> None:
        for node in selection_set.selections:
            if not self._is_included(node):
                continue
            if isinstance(node, FieldNode):
                key = node.alias.value if node.alias else node.name.value
                if key not in found:
                    found[key] = self._select(key, type_name, node)
                if node.selection_set:
                    found[key].sub_sets.append(node.selection_set)
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._fits(type_name, node.type_condition.name.value):
                    self._collect_into(found, type_name, node.selection_set)
            elif isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                if self._fits(type_name, fragment.type_condition.name.value):
                    self._collect_into(found, type_name, fragment.selection_set)

    def _select(self, key: str, type_name: str, node: FieldNode) -> Selected:
        name = node.name.value
        parent = self._schema.type_map[type_name]
        definition = None
        if isinstance(parent, GraphQLObjectType):
            definition = self._schema.get_field(parent, name)
        if definition is None:
            raise TypeError(f"{type_name}.{name} passed validation and is not in the schema")
        self._count += 1
        returned = get_named_type(definition.type)
        composite = returned.name if isinstance(returned, GraphQLObjectType | GraphQLInterfaceType) else ""
        is_list = is_list_type(get_nullable_type(definition.type))
        resolve = self._resolver_of(type_name, name)
        takes = bool(definition.args) or bool(node.directives)
        return Selected(key, name, definition, node, is_list, composite, resolve, takes, number=self._count)

    def _fits(self, type_name: str, condition: str) -> bool:
        if type_name == condition:
            return True
        concrete, wanted = self._schema.type_map[type_name], self._schema.type_map[condition]
        return (
            isinstance(concrete, GraphQLObjectType)
            and isinstance(wanted, GraphQLInterfaceType)
            and self._schema.is_sub_type(wanted, concrete)
        )

    def _is_included(self, node: Any) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and not (include and not include["if"])


@dataclass(slots=True)
class Operation:
    """One operation of a valid text; what was compiled is kept per value of the variables that its directives read."""

    document: DocumentNode
    node: OperationDefinitionNode
    root: str
    conditions: tuple[str, ...]
    resolver_of: ResolverOf
    compiled: dict[tuple[object, ...], Selection] = field(default_factory=dict)

    def coerce(self, variables: Mapping[str, Any]) -> VariableValues:
        """Check the variables against their types; raises Refused."""
        values = get_variable_values(
            load_schema(), self.node.variable_definitions or (), dict(variables), max_errors=10
        )
        if isinstance(values, list):
            raise Refused(values)
        return values

    def selection(self, values: VariableValues) -> Selection:
        """Return what to take of the root."""
        key = tuple(values.coerced.get(name) for name in self.conditions)
        found = self.compiled.get(key)
        if found is None:
            found = self.compiled[key] = Selection(
                Compiler(self.document, values, self.resolver_of), [self.node.selection_set], self.root
            )
        return found


def arguments(selected: Selected, values: VariableValues) -> dict[str, Any]:
    """Return a field's arguments, and the key of @idempotent as `idempotency_key`; raises GraphQLError."""
    given = get_argument_values(selected.definition, selected.node, values)
    directive = load_schema().get_directive("idempotent") if selected.node.directives else None
    if directive is not None:
        key = get_directive_values(directive, selected.node, values)
        if key:
            given["idempotency_key"] = key["key"]
    return given


class Documents:
    """The texts seen last, so that a connector's queries are parsed and validated once."""

    def __init__(self, resolver_of: ResolverOf) -> None:
        self._resolver_of = resolver_of
        self._operations: OrderedDict[tuple[str, str], Operation] = OrderedDict()

    def operation(self, text: str, name: str) -> Operation:
        """Return the operation of a text; raises Refused when the text is not valid or has no such operation."""
        key = (text, name)
        known = self._operations.get(key)
        if known is not None:
            return known
        operation = self._read(text, name)
        self._operations[key] = operation
        while len(self._operations) > CACHE_SIZE:
            self._operations.popitem(last=False)
        return operation

    def _read(self, text: str, name: str) -> Operation:
        try:
            document = parse(text)
        except GraphQLError as err:
            raise Refused([err]) from err
        errors = validate(load_schema(), document)
        if errors:
            raise Refused(list(errors))
        nodes = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        chosen = [node for node in nodes if not name or (node.name and node.name.value == name)]
        if len(chosen) != 1:
            raise Refused(
                [GraphQLError("An operation name is required" if not name else f"No operation named {name!r}")]
            )
        root = "Mutation" if chosen[0].operation.value == "mutation" else "QueryRoot"
        return Operation(document, chosen[0], root, _condition_variables(document), self._resolver_of)


def _condition_variables(node: Any) -> tuple[str, ...]:
    names: set[str] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        for directive in getattr(current, "directives", None) or ():
            if directive.name.value in ("skip", "include"):
                names.update(
                    argument.value.name.value for argument in directive.arguments if argument.value.kind == "variable"
                )
        stack.extend((*getattr(current, "definitions", ()), *getattr(current, "selections", ())))
        if getattr(current, "selection_set", None):
            stack.append(current.selection_set)
    return tuple(sorted(names))
