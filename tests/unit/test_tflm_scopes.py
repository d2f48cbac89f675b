"""Which names C and C++ sources declare, and which sources can therefore be compiled as one."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tflm import grouping, scopes


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("namespace a { namespace { int f(int x) { int y = g(x); return y; } } }", {"a::f", "namespace a"}),
        ("namespace a::b {\nint f();\n}\nint g() { if (h()) {} }", {"a::b::f", "g", "namespace a", "namespace b"}),
        ("namespace ops { const int A = 0; int B[] = {f(1)}; int c{3}; }", {"ops::A", "ops::B", "ops::c"}),
        ("struct S { int member; void method() { f(); } };\nenum class E : char { kX };", {"S", "E", "char", "kX"}),
        ("enum { kX, kY = 2 };\nusing T = int;\ntypedef struct { int i; } U;", {"kX", "kY", "T", "U"}),
        ("template <typename T, int n> static inline T* f(T x) { return x; }\nint g(){}", {"f", "g"}),
        ("template <> void f<std::array<int, 3>>(int x) {}", {"f"}),
        ("S::S(int x) : member_(x), other_{1} {}\nvoid S::method() const { f(); }", set()),
        ("bool operator==(A a, B b) { return true; }\nint f() {}", {"f", "operator"}),
        ('extern "C" {\nint f(void);\n}\nextern "C" int g(void) { return 1; }', {"f", "g"}),
        ("// int f() {\n/* } */ const char* s = \"}\"; char c = '}'; int g();", {"s", "c", "g"}),
        ("#define A 1\n#define B(x) \\\n  { x\n#undef A\nint f() { return B(1); }\n", {"f", "#B"}),
        ("auto f(int x) -> int { return x; }\nbool operator<(A a, B b) {}\nint g;", {"f", "g"}),
        ("static_assert(sizeof(int) == 4, \"\");\nalignas(16) int x;\n", {"x"}),
    ],
)  # fmt: skip
def test_the_names_of_a_source(text, names):
    found = scopes.declared(text)
    assert found.functions | found.others | {f"namespace {name}" for name in found.namespaces} == names


@pytest.mark.parametrize("text", ["}", "namespace a {", "#if X\nint f() {\n#else\nint g() {\n#endif\n}\n"])
def test_a_source_whose_braces_do_not_match_is_not_understood(text):
    assert scopes.declared(text) is None


@given(st.text(alphabet="ab{}()[]<>;=:,\"'/*#\\\n \tnamespacenumx1", max_size=80))
def test_no_text_is_an_error(text):
    scopes.declared(text)


def groups(texts, included=None):
    """Group texts by name; ``included`` tells which of them are headers of which."""
    headers = {name for names in (included or {}).values() for name in names}
    sources = grouping.Names(
        {Path(name): text for name, text in texts.items()},
        lambda path: frozenset(map(Path, (included or {}).get(str(path), ()))),
    )
    return [[str(path) for path in group] for group in sources.groups(map(Path, sorted(texts.keys() - headers)))]


def test_sources_that_share_a_name_are_compiled_apart():
    private = "namespace tflite { namespace { int Prepare; } }"
    assert groups({"a": private, "b": "int Prepare;", "c": private, "d": "int Eval;"}) == [["a", "b", "d"], ["c"]]


def test_a_name_that_headers_declare_is_everybodys():
    texts = {"add.h": "#pragma once\nint Prepare();", "a": "int Prepare() {}", "b": "int other() { Prepare(); }"}
    assert groups(texts, {"a": ["add.h"], "b": ["add.h"]}) == [["a", "b"]]


def test_a_name_of_ones_own_that_is_in_a_header_of_another():
    texts = {
        "pad.h": "#pragma once\nstruct OpData {};",
        "a": "namespace { struct OpData {}; }",
        "b": "",
        "c": "int x;",
    }
    assert groups(texts, {"b": ["pad.h"]}) == [["a", "c"], ["b"]]


@pytest.mark.parametrize(("what", "apart"), [("int f();", False), ("const int f = 0;", True), ("struct f;", False)])
def test_only_functions_of_headers_may_share_a_name(what, apart):
    texts = {"x.h": f"#pragma once\n{what}", "y.h": f"#pragma once\n{what}", "a": "", "b": ""}
    assert groups(texts, {"a": ["x.h"], "b": ["y.h"]}) == ([["a"], ["b"]] if apart else [["a", "b"]])


def test_a_header_without_a_guard_is_each_sources_own():
    for guard, expected in (("", [["a"], ["b"]]), ("#ifndef X_H\n#define X_H\n", [["a", "b"]])):
        texts = {"x.h": guard + "constexpr int k = 0;", "a": "", "b": ""}
        assert groups(texts, {"a": ["x.h"], "b": ["x.h"]}) == expected


def test_a_source_that_is_not_understood_is_compiled_by_itself():
    assert groups({"a": "int x;", "b": "}", "c": "int y;"}) == [["a", "c"], ["b"]]
