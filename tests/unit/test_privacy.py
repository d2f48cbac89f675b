"""What must not leave the machine, and what must come through as it is."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.privacy import Person

ALICE = Person(
    homes=("/home/alice", "/data/homes/alice"), user="alice", hosts=("alices-mac.example.org", "alices-mac")
)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/home/alice/models/x.tflite", "~/models/x.tflite"),
        ("-I/home/alice/.cache -L/data/homes/alice", "-I~/.cache -L~"),
        ("in /home/alice.", "in ~."),
        ('"/home/alice"', '"~"'),
        ("/home/alice2/x", "/home/alice2/x"),
        ("/srv/alice/cache", "/srv/USER/cache"),
        ("alice@alices-mac:~$", "USER@HOST:~$"),
        ("on alices-mac.example.org", "on HOST"),
        ("malice, Alice, alices", "malice, Alice, alices"),
        ("my_alice_model", "my_USER_model"),
        ("rfc2217://lab.example.com:4000", "rfc2217://HOST:4000"),
        ("socket://[fe80::1]:7000, 1", "socket://HOST:7000, 1"),
    ],
)
def test_text(text, left):
    assert ALICE.out_of_text(text) == left


def test_code_loses_paths_alone():
    max_ = Person(homes=("/home/max",), user="max", hosts=("box",))
    code = 'int m = std::max(a, box); // "/home/max/x" /srv/max/y'
    assert max_.out_of_paths(code) == 'int m = std::max(a, box); // "~/x" /srv/USER/y'


@pytest.mark.parametrize("user", ["root", "me", ""])
def test_names_that_tell_nothing_stay(user):
    person = Person(homes=("/root",), user=user, hosts=("localhost", "pc"))
    assert person.out_of_text(f"the root of me {user} at localhost, pc") == f"the root of me {user} at localhost, pc"
    assert person.out_of_text("/root/.cache") == "~/.cache"


def test_keys_of_json_stay():
    person = Person(homes=("/home/model",), user="model", hosts=("board",))
    value = {"model": ["/home/model/x", 1, None, {"board": "board"}]}
    assert person.out_of_json(value) == {"model": ["~/x", 1, None, {"board": "HOST"}]}


def test_a_program_keeps_its_length():
    content = b"\x7fELF\0/home/alice/.cache/x.cpp\0/srv/alice/y\0alice\0"
    left = ALICE.out_of_binary(content)
    assert left == b"\x7fELF\0~" + b"/" * 11 + b".cache/x.cpp\0/srv/xxxxx/y\0alice\0"
    assert len(left) == len(content)


@given(st.lists(st.sampled_from(["/home/alice", "alice", "alices-mac", "/", " ", "x", "-", "@", "\\", '"', "é"])))
def test_nothing_is_left_in_any_text(parts):
    text = "".join(parts)
    left = ALICE.out_of_text(text)
    assert "/home/alice/" not in left
    assert " alice " not in f" {left} "
    assert json.loads(json.dumps(ALICE.out_of_json({"k": text})))["k"] == left


def test_the_person_here(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("LOGNAME", "alice")
    person = Person.here()
    assert str(tmp_path) in person.homes
    assert person.user == "alice"
    assert all(person.hosts)
