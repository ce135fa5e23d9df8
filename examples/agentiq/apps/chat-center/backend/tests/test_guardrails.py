"""What the rules let through, and what they do not."""

import pytest

from app.guardrails import GuardrailsError, current, parse

FINE = "Здравствуйте! Товар уже в пути, срок доставки виден в личном кабинете."

MINIMAL = """
## Banned phrases
- Не  Наша вина

## Personal data
- phone: `\\d{10}`

## Limits
- min-length: 5
- max-length: 20
"""


def rules_of(text: str) -> list[str]:
    return [violation.rule for violation in current().violations(text)]


def test_a_polite_answer_breaks_no_rule() -> None:
    assert rules_of(FINE) == []


@pytest.mark.parametrize("phrase", current().banned)
def test_each_phrase_of_the_file_is_banned(phrase: str) -> None:
    assert rules_of(f"{FINE} {phrase.upper()}!") == ["banned phrase"]


def test_a_phrase_is_found_across_spaces_and_lines() -> None:
    assert rules_of(f"{FINE} Вернём \n  деньги завтра") == ["banned phrase"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("позвоните +7 (912) 345-67-89", "phone"),
        ("позвоните 8 912 345 67 89", "phone"),
        ("пишите на anna.k@example.com", "email"),
        ("карта 4111 1111 1111 1111", "card"),
    ],
)
def test_personal_data_is_neither_written_nor_kept(text: str, kind: str) -> None:
    assert rules_of(f"{FINE} {text}") == [f"personal data: {kind}"]
    kept = current().without_personal_data(text)
    assert f"[{kind}]" in kept
    assert rules_of(f"{FINE} {kept}") == []


def test_an_order_number_is_not_personal_data() -> None:
    assert rules_of(f"{FINE} Номер заказа 12345678.") == []


def test_the_limits_are_those_of_the_file() -> None:
    rules = parse(MINIMAL)
    assert [v.rule for v in rules.violations("1234")] == ["length"]
    assert rules.violations("12345") == []
    assert rules.violations("x" * 20) == []
    assert [v.found for v in rules.violations("x" * 21)] == ["21"]


def test_phrases_are_compared_without_case_and_spaces() -> None:
    assert [v.found for v in parse(MINIMAL).violations("не НАША  вина")] == ["не наша вина"]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("- min-length: 5", "", "min-length"),
        ("min-length: 5", "min-length: five", "five"),
        ("- phone: `\\d{10}`", "- phone: `(`", "unterminated"),
        ("- phone: `\\d{10}`", "- phone", "`phone` is not"),
        ("- Не  Наша вина", "", "must each have a list"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(before: str, after: str, message: str) -> None:
    with pytest.raises(GuardrailsError, match=message):
        parse(MINIMAL.replace(before, after))
