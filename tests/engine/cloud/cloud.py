"""What a cloud does with a request: names that are taken, things that are missing or in use, quotas, what it fills in.

Owns no protocol and no faults. A refusal changes nothing. An id is made from what was asked for, so the same requests
give the same ids in the same account, in whatever order they come.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.engine.cloud.account import Account, Resource
from tests.engine.cloud.questions import ANSWERS
from tests.engine.cloud.rules import Function, Rule, Table, fill, values
from tests.engine.cloud.values import UNKNOWN

Data = dict[str, Any]


class RefusedError(Exception):
    """The cloud says no, and why."""


class Cloud:
    """One account seen through its cloud's table. `facts` stand in templates, as in `{region}`."""

    def __init__(self, table: Table, account: Account, facts: Mapping[str, str]) -> None:
        self.table = table
        self.account = account
        self.facts = {**table.facts, **facts}

    def create(self, type_: str, asked: Data, quotas: Mapping[str, int]) -> Resource:
        """Make one. Raises RefusedError."""
        rule = self.table.resources[type_]
        with self.account.change() as held:
            same = [one for one in held if one.type == type_]
            if len(same) >= quotas.get(last_word(type_), len(same) + 1):
                raise RefusedError(f"Quota exceeded for {last_word(type_)}: {len(same)} in use")
            _refuse_taken(rule, type_, asked, same)
            if rule.everywhere:
                others = [one for one in self.account.others() if one.type == type_]
                _refuse_taken(replace(rule, taken=rule.everywhere), type_, asked, others)
            self._refuse_missing(rule, asked, held)
            made = self._made(rule, type_, asked, held)
            held[:] = [one for one in held if (one.type, one.id) != (type_, made.id)] + [made]
        return made

    def read(self, type_: str, id_: str) -> Resource | None:
        """What there is under an id, or under what `pulumi import` calls it."""
        imports = self.table.resources[type_].imports
        for one in self.account.resources():
            names = {one.id, fill(imports, {**one.properties, "id": one.id}, "")}
            if one.type == type_ and id_ in names:
                return one
        return None

    def update(self, type_: str, id_: str, before: Data, asked: Data) -> Resource:
        """Change one in place: what was asked for `before` and is not any more goes. Raises RefusedError."""
        rule = self.table.resources[type_]
        with self.account.change() as held:
            one = _existing(held, type_, id_)
            _refuse_taken(rule, type_, asked, [other for other in held if other.type == type_ and other is not one])
            self._refuse_missing(rule, asked, held)
            kept = {key: value for key, value in one.properties.items() if key not in before}
            counted = {key: one.properties[key] + 1 for key in rule.grows}
            changed = self._filled(rule, type_, id_, {**kept, **asked, **counted})
            one.properties, one.chosen = changed, _chosen(changed, asked)
        return one

    def delete(self, type_: str, id_: str) -> None:
        """Remove one; that it is gone already is fine. Raises RefusedError."""
        with self.account.change() as held:
            one = next((one for one in held if (one.type, one.id) == (type_, id_)), None)
            if one is None:
                return
            self._remove(held, one)

    def call(self, token: str, args: Data) -> Data:
        """What a function answers. Raises RefusedError."""
        function = self.table.functions[token]
        if token in ANSWERS:
            answer = ANSWERS[token](self.account.resources(), args)
            if answer is None:
                raise RefusedError("Your query returned no results. Please change your search criteria and try again.")
            return answer
        if not function.finds or any(_fits(one, args) for one in function.known):
            return self._answer(function, token, args)
        found = [one for one in self.account.resources() if one.type == function.finds and _matches(one, args)]
        if function.lists:
            return {**args, "id": "found", function.lists: sorted(one.id for one in found)}
        if not found:
            raise RefusedError(function.missing)
        if len(found) > 1:
            raise RefusedError("Your query returned more than one result; give a more specific one")
        return {**found[0].properties, "id": found[0].id}

    def preview(self, type_: str, asked: Data) -> Data:
        """What is known before one is made: what is asked for; all else is not."""
        known = copy.deepcopy(asked)
        for path in self.table.resources[type_].computed:
            _put(known, path, UNKNOWN)
        return known

    def preview_update(self, type_: str, olds: Data, before: Data, asked: Data) -> Data:
        """What is known before one is changed."""
        rule = self.table.resources[type_]
        kept = {key: value for key, value in olds.items() if key not in before}
        known = copy.deepcopy({**kept, **asked, **dict.fromkeys(rule.grows, UNKNOWN)})
        for path in rule.computed:
            head, _, rest = path.partition(".")
            if rest and isinstance(olds.get(head), dict):
                _put(known, path, olds[head].get(rest))
        return known

    def _made(self, rule: Rule, type_: str, asked: Data, held: list[Resource]) -> Resource:
        seed = f"{self.account.file.stem}/{type_}/{json.dumps(asked, sort_keys=True)}"
        taken, count = {one.id for one in held if one.type == type_}, 0
        while (id_ := str(fill(rule.id, {**self.facts, **asked}, f"{seed}/{count}"))) in taken and not rule.upsert:
            count += 1
            if count > len(taken):
                raise RefusedError(fill(rule.taken, {**asked, "type": last_word(type_), "unique": "id"}, ""))
        filled = self._filled(rule, type_, id_, asked)
        return Resource(id_, type_, filled, _chosen(filled, asked))

    def _filled(self, rule: Rule, type_: str, id_: str, asked: Data) -> Data:
        """Properties with what the cloud computes; what is asked for, or was computed before, wins."""
        filled = copy.deepcopy(asked)
        for path, template in rule.computed.items():
            seed = f"{self.account.file.stem}/{type_}/{id_}/{path}"
            _put(filled, path, fill(template, {**self.facts, **filled, "id": id_}, seed))
        return filled

    def _remove(self, held: list[Resource], one: Resource) -> None:
        """Remove one and what goes with it, unless something else uses one of them."""
        held.remove(one)
        for other in list(held):
            paths = self._paths(other, one)
            if other not in held or not paths:
                continue
            if not set(paths) & set(self.table.resources[other.type].goes_with):
                raise RefusedError(fill(self.table.resources[one.type].in_use, {"id": one.id, "user": other.id}, ""))
            self._remove(held, other)

    def _paths(self, other: Resource, one: Resource) -> list[str]:
        """Where another resource names one."""
        refs = self.table.resources[other.type].refs.items()
        return [path for path, targets in refs if _named(one, targets) & {*map(str, values(other.properties, path))}]

    def _refuse_missing(self, rule: Rule, asked: Data, held: list[Resource]) -> None:
        for path, targets in rule.refs.items():
            there = {name for one in held for name in _named(one, targets)}
            for value in map(str, values(asked, path)):
                if value not in there and not value.startswith(self.facts.get("outside", "\0")):
                    raise RefusedError(f"NotFound: {path}: there is no {last_word(targets[0])} {value}")

    def _answer(self, function: Function, token: str, args: Data) -> Data:
        known = next((one for one in function.known if _fits(one, args)), None)
        if function.known and known is None:
            raise RefusedError(function.missing)
        seed = f"{token}/{json.dumps(args, sort_keys=True)}"
        answer: Data = fill(function.answer, {**self.facts, **args, **(known or {})}, seed)
        return {**args, **(known or {}), **answer}


def _fits(known: Mapping[str, Any], args: Data) -> bool:
    return all(known.get(key, args[key]) == args[key] for key in args)


def last_word(type_: str) -> str:
    """`Vpc` of `aws:ec2/vpc:Vpc`."""
    return type_.rpartition(":")[2]


def _refuse_taken(rule: Rule, type_: str, asked: Data, same: list[Resource]) -> None:
    """No two may be the same in all of `unique`; one that is marked `?` may be missing, any other counts when given."""
    keys = [key.rstrip("?") for key in rule.unique]
    mine = [asked.get(key) for key in keys]
    missing = any(value is None and not key.endswith("?") for key, value in zip(rule.unique, mine, strict=True))
    there = next((one.id for one in same if [one.properties.get(key) for key in keys] == mine), None)
    if keys and not missing and there:
        words = {**asked, "type": last_word(type_), "unique": ", ".join(keys), "existing": there}
        raise RefusedError(fill(rule.taken, words, ""))


def _named(one: Resource, targets: Sequence[str]) -> set[str]:
    """By what others name a resource, as far as one of the targets is its type: its id, or the property after a `#`."""
    found: set[str] = set()
    for target in targets:
        type_, _, key = target.partition("#")
        if type_ == one.type:
            found |= {*map(str, values(one.properties, key))} if key else {one.id}
    return found


def _existing(held: list[Resource], type_: str, id_: str) -> Resource:
    for one in held:
        if (one.type, one.id) == (type_, id_):
            return one
    raise RefusedError(f"NotFound: there is no {last_word(type_)} {id_}")


def _matches(one: Resource, args: Data) -> bool:
    """Whether a resource is as asked: a map or list of the question must be within the resource's."""
    for key, wanted in args.items():
        has = one.id if key == "id" else one.properties.get(key)
        if isinstance(wanted, dict):
            if not isinstance(has, dict) or any(has.get(inner) != value for inner, value in wanted.items()):
                return False
        elif isinstance(wanted, list):
            if not set(map(str, wanted)) <= set(map(str, has or ())):
                return False
        elif has != wanted:
            return False
    return True


def _put(properties: Data, path: str, value: Any) -> None:
    """Set what stands at a path of two words at most, unless something does."""
    head, _, rest = path.partition(".")
    if value is None:
        return
    if not rest:
        properties.setdefault(head, value)
    elif isinstance(inner := properties.setdefault(head, {}), dict):
        inner.setdefault(rest, value)


def _chosen(filled: Data, asked: Data) -> list[str]:
    """The paths that nobody asked for."""
    top = [key for key in filled if key not in asked]
    nested = [
        f"{key}.{inner}"
        for key, value in asked.items()
        if isinstance(value, dict) and isinstance(filled.get(key), dict)
        for inner in filled[key]
        if inner not in value
    ]
    return sorted(top + nested)
