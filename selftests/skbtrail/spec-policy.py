#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
spec-policy.py SPEC: a C table of what the netlink spec says about requests,
for comparison with the policy the kernel itself tells.
"""

import sys

import yaml

TYPES = {
    "u32": "NL_ATTR_TYPE_U32",
    "u64": "NL_ATTR_TYPE_U64",
    "string": "NL_ATTR_TYPE_NUL_STRING",
    "binary": "NL_ATTR_TYPE_BINARY",
    "flag": "NL_ATTR_TYPE_FLAG",
    "nest": "NL_ATTR_TYPE_NESTED",
}


def attributes(spec, name):
    """Attributes of a set with their numbers, which count from 1."""
    for s in spec["attribute-sets"]:
        if s["name"] == name:
            return {a["name"]: (n, a) for n, a in enumerate(s["attributes"], 1)}
    raise KeyError(name)


def row(op, number, attr):
    checks = attr.get("checks", {})
    most = 0xffffffffffffffff if attr["type"] == "u64" else 0xffffffff
    return "\t{ %d, %d, %s, %du, %dull, %du, \"%s\" }," % (
        op["value"], number, TYPES[attr["type"]], checks.get("min", 0),
        checks.get("max", most), checks.get("max-len", 0), attr["name"])


def main():
    with open(sys.argv[1]) as f:
        spec = yaml.safe_load(f)
    ops = [op for op in spec["operations"]["list"] if "do" in op or "dump" in op]
    print("/* Generated from the spec by spec-policy.py. Do not edit. */")
    print("static const struct spec_attr spec_attrs[] = {")
    for op in ops:
        attrs = attributes(spec, op["attribute-set"])
        for name in op.get("do", {}).get("request", {}).get("attributes", []):
            print(row(op, *attrs[name]))
    print("};\n\nstatic const unsigned int spec_ops[] = {")
    print("\t" + ", ".join(str(op["value"]) for op in ops))
    print("};")


main()
