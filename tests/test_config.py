import dataclasses
import functools
import itertools
import json
import math

import pytest

from digitlab.config import (
    ALL_IMAGES,
    BY_NAME,
    FIELDS,
    KERNEL_SIZES,
    ConfigError,
    RunConfig,
    apply_settings,
    from_json,
    from_query,
)

NUMBERS = [spec for spec in FIELDS if not spec.choices and spec.kind is not bool]
CHOSEN = [spec for spec in FIELDS if spec.choices]
SWITCHES = [spec for spec in FIELDS if spec.kind is bool]
SEVENS = {f"kernel{n}": 7 for n in (1, 2, 3)} | {f"pool{n}": True for n in (1, 2, 3)}
TYPED_SEVENS = {name: str(value) for name, value in SEVENS.items()}
HUGE = (10**400, -(10**400), 10**5000)  # larger than a float, and than Python writes out


def named(spec):
    return spec.name


def refusal(**fields):
    with pytest.raises(ConfigError) as caught:
        RunConfig(**fields)
    return str(caught.value)


def test_the_bounds_are_those_that_were_asked_for() -> None:
    asked = {
        "units1": (1, 1024),
        "units2": (1, 1024),
        "units3": (1, 1024),
        "dropout": (0, 0.9),
        "conv_dropout": (0, 0.9),
        "learning_rate": (1e-5, 2),
        "batch_size": (1, 1024),
        "epochs": (1, 100),
        "hidden_layers": (0, 3),
        "blocks": (1, 3),
    }
    assert {name: (BY_NAME[name].low, BY_NAME[name].high) for name in asked} == asked
    assert BY_NAME["kernel2"].choices == (3, 5, 7)
    assert all(spec.label and spec.help for spec in FIELDS)
    assert all(spec.sweep for spec in NUMBERS if spec.name != "seed")


def range_of(spec) -> str:
    kind = "a whole number" if spec.kind is int else "a number"
    return f"{spec.name} must be {kind} from {spec.low:g} to {spec.high:.10g}, not "


@pytest.mark.parametrize("spec", NUMBERS, ids=named)
def test_a_bound_is_allowed_and_what_is_past_it_refused(spec) -> None:
    for bound in (spec.low, spec.high):
        value = getattr(RunConfig(**{spec.name: bound}), spec.name)
        assert value == bound
        assert type(value) is spec.kind
    past = [(spec.low - far, spec.high + far) for far in (1, 1000, 2**63)]
    if spec.kind is float:
        past = [(math.nextafter(spec.low, -1), math.nextafter(spec.high, 3)), (-1, 3, 1e300)]
    for value in itertools.chain(*past):
        assert refusal(**{spec.name: value}).startswith(range_of(spec))


@pytest.mark.parametrize("spec", NUMBERS, ids=named)
@pytest.mark.parametrize(
    "value",
    [None, True, False, "5", "0.1", b"5", math.nan, math.inf, -math.inf, [1], {}, 1j, *HUGE],
    ids=lambda value: str(type(value).__name__),
)
def test_what_is_no_number_is_refused(spec, value) -> None:
    assert refusal(**{spec.name: value}).startswith(range_of(spec))
    if spec.kind is int:
        assert refusal(**{spec.name: 1.5}).startswith(range_of(spec))


@pytest.mark.parametrize("spec", SWITCHES, ids=named)
@pytest.mark.parametrize("value", [0, 1, 1.0, "true", None, math.nan])
def test_a_switch_is_true_or_false(spec, value) -> None:
    for allowed in (True, False):
        assert getattr(RunConfig(**{spec.name: allowed}), spec.name) is allowed
    assert refusal(**{spec.name: value}) == f"{spec.name} must be true or false, not {value}."


@pytest.mark.parametrize("spec", CHOSEN, ids=named)
@pytest.mark.parametrize("value", ["RELU", "", " mlp", 4, 0, True, None, 3.5, math.nan, ("mlp",)])
def test_a_choice_is_one_of_the_table(spec, value) -> None:
    for allowed in spec.choices:
        assert getattr(RunConfig(**{spec.name: allowed}), spec.name) == allowed
    listed = ", ".join(str(choice) for choice in spec.choices)
    assert refusal(**{spec.name: value}) == f"{spec.name} must be one of {listed}, not {value}."


def test_numbers_take_the_type_of_their_field() -> None:
    config = RunConfig(epochs=5.0, dropout=0, learning_rate=1, kernel1=5.0)  # type: ignore[arg-type]
    values = (config.epochs, config.dropout, config.learning_rate, config.kernel1)
    assert [type(value) for value in values] == [int, float, float, int]
    assert config == RunConfig(epochs=5, dropout=0.0, learning_rate=1.0, kernel1=5)


def test_a_long_value_is_shown_short() -> None:
    assert len(refusal(network="x" * 10_000)) < 100
    assert len(refusal(epochs=10**5000)) < 100


def test_three_pooled_blocks_of_7x7_are_refused_by_the_layer() -> None:
    assert refusal(network="cnn", blocks=3, **SEVENS) == (
        "Convolution 3 has a 7x7 kernel, but only 2x2 values reach it. "
        "Use a smaller kernel, less pooling or fewer blocks."
    )


def test_a_pooling_with_nothing_to_pool_is_refused_by_its_block() -> None:
    blocks = {"kernel1": 7, "pool1": True, "kernel2": 5, "pool2": True, "kernel3": 3}
    config = RunConfig(network="cnn", blocks=3, pool3=False, **blocks)
    assert config.conv_blocks[2] == (64, 3, False)
    said = refusal(network="cnn", blocks=3, pool3=True, **blocks)
    assert said.startswith(
        "The pooling of block 3 needs at least 2x2 values, but only 1x1 reach it."
    )


def test_blocks_that_are_not_built_may_be_anything() -> None:
    assert RunConfig(network="cnn", blocks=2, **SEVENS).blocks == 2
    assert RunConfig(network="mlp", blocks=3, **SEVENS).network == "mlp"


def test_the_blocks_that_fit_are_those_that_keras_can_build() -> None:
    keras = pytest.importorskip("keras")

    @functools.cache
    def keras_side(side: int, kernel: int, pooled: bool) -> int:
        """What Keras makes of a square picture; 0 where it refuses."""
        shape = (None, side, side, 1)
        try:
            shape = keras.layers.Conv2D(1, kernel).compute_output_shape(shape)
            shape = keras.layers.MaxPooling2D(2).compute_output_shape(shape) if pooled else shape
        except ValueError:
            return 0
        return max(0, min(shape[1:3]))

    def keras_builds(blocks) -> bool:
        side = 28
        for kernel, pooled in blocks:
            side = keras_side(side, kernel, pooled) if side else 0
        return side > 0

    def ours_builds(blocks) -> bool:
        fields = {}
        for number, (kernel, pooled) in enumerate(blocks, start=1):
            fields |= {f"kernel{number}": kernel, f"pool{number}": pooled}
        try:
            return bool(RunConfig(network="cnn", blocks=len(blocks), **fields))
        except ConfigError:
            return False

    kinds = list(itertools.product(KERNEL_SIZES, (False, True)))
    cases = [blocks for count in (1, 2, 3) for blocks in itertools.product(kinds, repeat=count)]
    verdicts = {blocks: keras_builds(blocks) for blocks in cases}
    assert {blocks: ours_builds(blocks) for blocks in cases} == verdicts
    assert 0 < sum(verdicts.values()) < len(cases)


def test_only_fields_with_an_effect_are_relevant() -> None:
    mlp = RunConfig().relevant()
    assert "units1" in mlp
    assert not {"units2", "blocks", "kernel1", "conv_dropout", "dense", "momentum"} & set(mlp)
    cnn = RunConfig(network="cnn", blocks=2, optimizer="sgd", validation="none").relevant()
    assert {"kernel2", "pool2", "dense", "momentum"} <= set(cnn)
    assert not {"kernel3", "units1", "hidden_layers", "validation_split", "patience"} & set(cnn)
    linear = RunConfig(hidden_layers=0).relevant()
    assert not {"units1", "dropout", "activation"} & set(linear)


def test_layers_that_are_left_out_are_not_in_units_or_blocks() -> None:
    assert RunConfig(hidden_layers=2, units1=5, units2=6, units3=7).units == (5, 6)
    assert RunConfig(hidden_layers=0).units == ()
    assert RunConfig(network="cnn", blocks=1, filters1=4, kernel1=5).conv_blocks == ((4, 5, True),)


def test_differences_are_the_changed_fields() -> None:
    assert RunConfig(epochs=3, units3=9).differences(RunConfig()) == {"epochs": 3, "units3": 9}
    assert RunConfig().differences(RunConfig()) == {}


def test_one_loss_takes_class_numbers() -> None:
    assert not RunConfig(loss="sparse_categorical_crossentropy").one_hot
    assert RunConfig(loss="categorical_crossentropy").one_hot
    assert RunConfig(loss="mean_squared_error").one_hot


def test_json_carries_every_field_there_and_back() -> None:
    config = RunConfig(network="cnn", kernel1=7, pool1=False, learning_rate=1e-5, seed=2**31 - 1)
    assert from_json(json.loads(json.dumps(config.to_json()))) == config
    assert set(config.to_json()) == set(BY_NAME)
    assert from_json({}) == RunConfig()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"epochs": 101}, "epochs must be a whole number from 1 to 100, not 101."),
        ({"learning_rate": 2.5}, "learning_rate must be a number from 1e-05 to 2, not 2.5."),
        ({"train_images": 9}, "train_images must be a whole number from 10 to 60000, not 9."),
        ({"seed": 2**31}, "seed must be a whole number from 0 to 2147483647, not 2147483648."),
        ({"epochs": "5"}, "epochs must be a whole number from 1 to 100, not 5."),
        ({"pool1": 1}, "pool1 must be true or false, not 1."),
        ({"loss": "hinge"}, "loss must be one of sparse_categorical_crossentropy,"),
        ({"epoch": 5}, "There is no setting called epoch."),
        ({"__class__": 5}, "There is no setting called __class__."),
    ],
)
def test_json_is_refused_with_the_field_and_its_range(data, said) -> None:
    with pytest.raises(ConfigError) as caught:
        from_json(data)
    assert str(caught.value).startswith(said)


def test_typed_settings_replace_fields_of_the_base() -> None:
    base = RunConfig(units1=64)
    typed = {"epochs": " 3 ", "learning_rate": "1e-2", "pool1": "FALSE", "optimizer": "sgd"}
    expected = dataclasses.replace(base, epochs=3, learning_rate=0.01, pool1=False, optimizer="sgd")
    assert apply_settings(base, typed) == expected
    assert apply_settings(base, {}) == base
    assert all(apply_settings(base, {"pool3": text}).pool3 for text in ("1", "true", "True"))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("epochs", "9999", "epochs must be a whole number from 1 to 100, not 9999."),
        ("epochs", "0", "epochs must be a whole number from 1 to 100, not 0."),
        ("epochs", "2.5", "epochs must be a whole number from 1 to 100, not 2.5."),
        ("epochs", "", "epochs must be a whole number from 1 to 100, not ."),
        ("epochs", "ten", "epochs must be a whole number from 1 to 100, not ten."),
        ("epochs", "1" + "0" * 400, "epochs must be a whole number from 1 to 100, not "),
        ("epochs", "9" * 5000, "epochs must be a whole number from 1 to 100, not inf."),
        ("dropout", "0.91", "dropout must be a number from 0 to 0.9, not 0.91."),
        ("learning_rate", "nan", "learning_rate must be a number from 1e-05 to 2, not nan."),
        ("learning_rate", "inf", "learning_rate must be a number from 1e-05 to 2, not inf."),
        ("learning_rate", "True", "learning_rate must be a number from 1e-05 to 2, not True."),
        ("kernel1", "4", "kernel1 must be one of 3, 5, 7, not 4."),
        ("pool1", "yes", "pool1 must be true or false, not yes."),
        ("network", "rnn", "network must be one of mlp, cnn, not rnn."),
        ("speed", "9", "There is no setting called speed."),
    ],
)
def test_a_typed_setting_is_refused_with_the_field_and_its_range(name, text, said) -> None:
    with pytest.raises(ConfigError) as caught:
        apply_settings(RunConfig(), {name: text})
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) < 200


def test_typed_settings_that_do_not_fit_each_other_are_refused() -> None:
    with pytest.raises(ConfigError, match="Convolution 3 has a 7x7 kernel"):
        apply_settings(RunConfig(), {"network": "cnn", "blocks": "3"} | TYPED_SEVENS)


def test_a_url_replaces_fields_and_leaves_what_is_not_ours() -> None:
    base = RunConfig(units1=64)
    query = {"epochs": "3", "lang": "ja", "run": "abc", "me": "x"}
    assert from_query(query, base) == (dataclasses.replace(base, epochs=3), ())


@pytest.mark.parametrize(
    ("name", "text", "used"),
    [
        ("epochs", "9999", 100),
        ("epochs", "0", 1),
        ("epochs", "-inf", 1),
        ("epochs", "1" + "0" * 400, 100),
        ("epochs", "9" * 5000, 100),
        ("epochs", "2.7", 3),
        ("units1", "1e9", 1024),
        ("learning_rate", "1e999", 2.0),
        ("learning_rate", "0", 1e-5),
        ("dropout", "-1" + "0" * 400, 0.0),
        ("train_images", "70000", ALL_IMAGES),
    ],
)
def test_a_number_of_a_url_is_brought_to_the_nearest_bound(name, text, used) -> None:
    config, notes = from_query({name: text}, RunConfig())
    assert getattr(config, name) == used
    assert type(getattr(config, name)) is BY_NAME[name].kind
    assert [str(note) for note in notes] == [
        f"The link asked for {BY_NAME[name].label} = {text[:40]}; "
        f"{used} is the nearest that is allowed."
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("learning_rate", "nan"),
        ("epochs", "nan"),
        ("epochs", ""),
        ("epochs", "many"),
        ("network", "rnn"),
        ("kernel1", "4"),
        ("kernel1", "999"),
        ("pool1", "2"),
        ("pool1", "nan"),
        ("activation", "<script>"),
    ],
)
def test_what_a_url_cannot_mean_is_left_out_and_said(name, text) -> None:
    config, notes = from_query(
        {name: text, "epochs" if name != "epochs" else "seed": "7"}, RunConfig()
    )
    assert getattr(config, name) == getattr(RunConfig(), name)
    assert 7 in (config.epochs, config.seed)  # the rest of the link counts
    assert len(notes) == 1
    assert str(notes[0]).startswith(f"{BY_NAME[name].label} must be ")


def test_fields_of_a_url_that_do_not_fit_each_other_leave_the_base() -> None:
    base = RunConfig(epochs=7)
    query = {"network": "cnn", "blocks": "3", "epochs": "9999"} | TYPED_SEVENS
    config, notes = from_query(query, base)
    assert config == base
    assert "Epochs = 9999" in str(notes[0])
    assert "Convolution 3" in str(notes[1])


def test_a_url_of_a_configuration_gives_it_back() -> None:
    config = RunConfig(network="cnn", blocks=2, kernel2=5, pool1=False, learning_rate=1e-5)
    query = {name: str(value) for name, value in config.to_json().items()}
    assert from_query(query, RunConfig()) == (config, ())
