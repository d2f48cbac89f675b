import pytest

from harness import boards, config
from harness.errors import UsageError


def test_without_a_file_all_is_default(tmp_path):
    settings = config.load(tmp_path)
    assert (settings.board, settings.cache_limit_mb, settings.path("sketchbook")) == (None, 4096, None)


def test_paths_are_relative_to_the_file(write):
    settings = config.load(write('sketchbook = "mine"\nboards = "/elsewhere"'))
    assert settings.path("sketchbook") == settings.root / "mine"
    assert str(settings.path("boards")) == "/elsewhere"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('bord = "uno"', "mcuprof.toml: unknown key 'bord'; did you mean 'board'"),
        ("cache_limit_mb = 'much'", "mcuprof.toml: the key 'cache_limit_mb': expected `int`, got `str`"),
        ("cache_limit_mb = -1", "mcuprof.toml: the key 'cache_limit_mb': -1 is too small"),
        ('optimization = "O9"', "mcuprof.toml: the key 'optimization': it may be O2, Os or O3, not 'O9'"),
        ("board = ", "mcuprof.toml is not valid TOML"),
        ('root = "/"', "unknown key 'root'"),
        ('board = "uno"\ndefault_board = "uno"', "'board' and 'default_board' both name"),
        ("[board.uno]\nprot = 'x'", r"unknown key 'prot' in \[board.uno\]; did you mean 'port'"),
        ("[board.uno]\nport = 1", "the key 'board.uno.port': expected `str"),
        ("[board.uno.build_properties]\nx = 1", "the key 'board.uno.build_properties': expected `str`, got `int`"),
        ("[board]\nuno = 1", r"the key 'board.uno': expected a table, \[board.uno\]"),
        ("[board.uon]\nport = 'x'", r"\[board.uon\]: there is no board 'uon'. Known boards: .*\buno\b"),
    ],
)
def test_what_is_wrong_is_named_by_file_and_key(write, text, complaint):
    with pytest.raises(UsageError, match=complaint):
        config.load(write(text))


def test_a_board_by_name_and_what_is_particular_to_boards_here(write):
    settings = config.load(write('board = "uno"'))
    assert (settings.board, settings.port_of("uno")) == ("uno", None)
    settings = config.load(write('default_board = "uno"\n[board.uno]\nport = "/dev/ttyACM7"'))
    assert (settings.board, settings.port_of("uno"), settings.port_of("mega")) == ("uno", "/dev/ttyACM7", None)
    assert settings.load_board("uno") == boards.load("uno")


def test_build_properties_are_added_to_the_boards_own_and_change_its_digest(write):
    folder = write(
        'boards = "boards"\n[board.mine.build_properties]\ncompiler.path = "/opt/"\n"compiler.cpp.cmd" = "g++"\n'
    )
    (folder / "boards").mkdir()
    (folder / "boards" / "mine.toml").write_text(
        'title = "M"\nfqbn = "a:b:c"\nclock_hz = 1\nflash_bytes = 1\nram_bytes = 1\n'
        '[build_properties]\nbuild.f_cpu = "1"\ncompiler.path = "/usr/"\n'
    )
    settings = config.load(folder)
    board, plain = settings.load_board("mine"), boards.load("mine", folder / "boards")
    assert plain.build_properties == {"build.f_cpu": "1", "compiler.path": "/usr/"}
    assert board.build_properties == {"build.f_cpu": "1", "compiler.path": "/opt/", "compiler.cpp.cmd": "g++"}
    assert board.digest != plain.digest
    assert board in settings.load_boards()
