"""What is suggested, and how it is scored."""

import pytest

from app.ai_analyzer import ANSWERS, CLOSING, SIGNS, Intent, intent_of, quality_score, suggest
from app.guardrails import current


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Где заказ? Обещали вчера", Intent.DELIVERY),
        ("Хочу ВЕРНУТЬ товар", Intent.RETURN),
        ("Пришла с трещиной, хочу вернуть", Intent.DEFECT),
        ("Футболка маломерит?", Intent.SIZE),
        ("Спасибо, всё подошло!", Intent.THANKS),
        ("Есть ли такой же, но зелёный?", Intent.OTHER),
        ("", Intent.OTHER),
    ],
)
def test_what_a_customer_wants(text: str, intent: Intent) -> None:
    assert intent_of(text) is intent


@pytest.mark.parametrize("intent", Intent)
def test_every_suggestion_keeps_the_guardrails(intent: Intent) -> None:
    asked = SIGNS[intent][0] if intent in SIGNS else "?"
    made = suggest("Анна", "Кружка", asked, current())
    assert made.intent is intent
    assert made.violations == ()
    assert made.quality >= 80
    assert "Анна" in made.text
    assert "«Кружка»" in made.text


def test_every_intent_has_an_answer() -> None:
    assert set(ANSWERS) == set(Intent)


def test_the_same_chat_gets_the_same_suggestion() -> None:
    first = suggest("Анна", "Кружка", "Где заказ?", current())
    assert suggest("Анна", "Кружка", "Где заказ?", current()) == first


def test_what_a_customer_calls_themselves_is_struck_of_personal_data() -> None:
    made = suggest("anna@example.com", "Кружка", "Где заказ?", current())
    assert made.text.startswith("Здравствуйте, [email]!")
    assert suggest("", "Кружка", "?", current()).text.startswith("Здравствуйте, покупатель!")


def test_a_banned_phrase_in_a_product_is_told_and_costs() -> None:
    made = suggest("Анна", "Искусственный интеллект для чайников", "спасибо", current())
    assert [v.rule for v in made.violations] == ["banned phrase"]
    assert made.quality == 50


def test_the_formula_of_the_quality() -> None:
    text = f"Здравствуйте, Анна! Товар уже в пути. {CLOSING}"
    assert quality_score(text, Intent.DELIVERY, 0) == 100
    assert quality_score(text, Intent.OTHER, 0) == 80
    assert quality_score(text, Intent.DELIVERY, 1) == 50
    assert quality_score(text, Intent.DELIVERY, 3) == 0
    assert quality_score("да да да да", Intent.DELIVERY, 0) == 40
    assert quality_score("", Intent.OTHER, 0) == 20
