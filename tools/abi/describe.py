#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints the interface of libvpsci as sorted text, a fact a line: functions with the version of their symbol, sizes of
structs, offsets of their fields, numbers of enumerators and of macros.

    describe.py TREE LAYOUTS MACROS MAP

TREE is the header's syntax tree that clang prints (-ast-dump=json), LAYOUTS what it says of structs
(-fdump-record-layouts-complete), MACROS what its preprocessor prints (-dM), MAP lib/vpsci.map.
"""
import json
import re
import sys


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def declarations(node, kind):
    """Of libvpsci, at any depth: extern "C" is a node too."""
    for child in node.get("inner", []):
        if child["kind"] == kind and child.get("name", "").startswith("vpsci_"):
            yield child
        elif child["kind"] == "LinkageSpecDecl":
            yield from declarations(child, kind)


def versions(text):
    """The node in which each function is exported."""
    for node, names in re.findall(r"^(VPSCI_[\d.]+) \{(.*?)^\}", text, re.M | re.S):
        for name in re.findall(r"^\s+(vpsci_\w+);", names, re.M):
            yield name, node


def functions(tree, exported):
    for function in declarations(tree, "FunctionDecl"):
        name = function["name"]
        yield "function %s: %s, %s" % (name, function["type"]["qualType"], exported.get(name, "not exported"))


def value_of(node):
    """The value of the first constant expression beneath a node, or None."""
    if "value" in node and node["kind"] == "ConstantExpr":
        return int(node["value"])
    return next((v for v in map(value_of, node.get("inner", [])) if v is not None), None)


def enums(tree):
    for enum in declarations(tree, "EnumDecl"):
        following = 0
        for constant in enum.get("inner", []):
            if constant["kind"] == "EnumConstantDecl":
                value = value_of(constant)
                value = following if value is None else value
                following = value + 1
                yield "enum %s: %s = %d" % (enum["name"], constant["name"], value)


def structs(text):
    """A field of a struct within a struct is indented further, and no fact of its own."""
    for layout in text.split("*** Dumping AST Record Layout")[1:]:
        name = re.search(r"^ *0 \| (.*)$", layout, re.M)[1]
        if name.startswith("struct vpsci_"):
            yield "%s: %s bytes" % (name, re.search(r"sizeof=(\d+)", layout)[1])
            for offset, field in re.findall(r"^ *(\d+) \|   (\S.*)$", layout, re.M):
                yield "%s, at %3d: %s" % (name, int(offset), field)


def macros(text):
    """Those with a number. The library's own version is no part of its interface."""
    for name, value in re.findall(r"^#define (VPSCI_\w+) (\S.*)$", text, re.M):
        if not name.startswith("VPSCI_LIBRARY_"):
            yield "macro %s = %s" % (name, value)


def main(tree_file, layouts, macro_file, version_map):
    tree = json.loads(read(tree_file))
    facts = {*functions(tree, dict(versions(read(version_map)))), *enums(tree), *structs(read(layouts)),
             *macros(read(macro_file))}
    print("\n".join(sorted(facts)))


main(*sys.argv[1:])
