"""Says as JSON what BennettBot's job_configs.py defines, without running it: it is parsed, and literals are read.

A value is {"line", "kind", "value"}. What only running the file could tell is of the kind "unreadable", and its value is
the source of it.
"""

import ast
import json
import sys


class Reader:
    def __init__(self, source):
        self.source = source
        self.names = {}
        # What is left over of a name's value, until something uses it.
        self.lost = {}
        self.leftovers = []

    def unreadable(self, node):
        text = ast.get_source_segment(self.source, node) or ""
        return self.value(node, "unreadable", text[:200])

    def value(self, node, kind, value):
        return {"line": node.lineno, "kind": kind, "value": value}

    def read(self, node, depth=0):
        if depth > 50:
            return self.unreadable(node)
        deeper = lambda node: self.read(node, depth + 1)
        match node:
            case ast.Constant(value=bool() as flag):
                return self.value(node, "flag", flag)
            case ast.Constant(value=str() as text):
                return self.value(node, "text", text)
            case ast.Constant(value=int() as number):
                return self.value(node, "number", number)
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() as number)):
                return self.value(node, "number", -number)
            case ast.Constant(value=None):
                return self.value(node, "nothing", None)
            case ast.Name(id=name) if name in self.names:
                self.leftovers += self.lost.pop(name, [])
                return self.names[name] | {"line": node.lineno}
            case ast.List(elts=items) | ast.Tuple(elts=items):
                return self.value(node, "list", [deeper(item) for item in items])
            case ast.Dict():
                return self.table(node, deeper)
            case ast.JoinedStr(values=parts):
                return self.joined(node, [deeper(part) for part in parts])
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return deeper(value)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.added(node, deeper(left), deeper(right))
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self.merged(node, deeper(left), deeper(right))
        return self.unreadable(node)

    def table(self, node, deeper):
        entries = {}
        for key, value in zip(node.keys, node.values):
            item = deeper(value)
            if key is None:
                if item["kind"] == "table":
                    entries |= dict(item["value"])
                else:
                    self.leftovers.append(self.unreadable(value))
                continue
            name = deeper(key)
            if name["kind"] == "text":
                entries[name["value"]] = item
            else:
                self.leftovers.append(self.unreadable(key))
        return self.value(node, "table", list(entries.items()))

    def joined(self, node, parts):
        if all(part["kind"] == "text" for part in parts):
            return self.value(node, "text", "".join(part["value"] for part in parts))
        return self.unreadable(node)

    def added(self, node, left, right):
        kinds = {left["kind"], right["kind"]}
        if kinds == {"text"} or kinds == {"list"}:
            return self.value(node, left["kind"], left["value"] + right["value"])
        return self.unreadable(node)

    def merged(self, node, left, right):
        if {left["kind"], right["kind"]} == {"table"}:
            entries = dict(left["value"]) | dict(right["value"])
            return self.value(node, "table", list(entries.items()))
        return self.unreadable(node)

    def module(self, tree):
        for statement in tree.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    self.define(name, value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.define(name, value)
                case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="raw_config"), slice=key)], value=value):
                    self.add(self.read(key), self.read(value), statement)
                case ast.FunctionDef() | ast.ClassDef() | ast.Import() | ast.ImportFrom():
                    pass
                case _ if self.changes(statement):
                    self.leftovers.append(self.unreadable(statement))

    def define(self, name, value):
        before = len(self.leftovers)
        self.names[name] = self.read(value)
        if name != "raw_config":
            self.lost[name] = self.leftovers[before:]
            del self.leftovers[before:]

    def add(self, key, value, statement):
        whole = self.names.get("raw_config")
        if whole and whole["kind"] == "table" and key["kind"] == "text":
            entries = dict(whole["value"]) | {key["value"]: value}
            whole["value"] = list(entries.items())
        else:
            self.leftovers.append(self.unreadable(statement))

    def changes(self, statement):
        """Whether it may change the definitions: other statements only use them."""
        for node in ast.walk(statement):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="raw_config"))):
                    return True
                case ast.Name(id="raw_config", ctx=ast.Store() | ast.Del()):
                    return True
                case ast.Subscript(value=ast.Name(id="raw_config"), ctx=ast.Store() | ast.Del()):
                    return True
        return False


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        source = file.read()
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        sys.exit(f"it is no Python that this Python can read: {error}")
    reader = Reader(source)
    reader.module(tree)
    if "raw_config" not in reader.names:
        sys.exit("it defines no `raw_config`")
    json.dump({"config": reader.names["raw_config"], "leftovers": reader.leftovers}, sys.stdout)


main()
