"""What a customer wants, and an answer to suggest.

Deterministic on purpose: it stands where a language model would, so that the same chat always gets the same suggestion.
Whatever makes the text, the guardrails judge it.
"""

from dataclasses import dataclass
from enum import StrEnum

from app.guardrails import Guardrails, Violation


class Intent(StrEnum):
    """What a customer's message is about; the first that fits."""

    DEFECT = "defect"
    RETURN = "return"
    DELIVERY = "delivery"
    SIZE = "size"
    THANKS = "thanks"
    OTHER = "other"


# Beginnings of words: Russian inflects their ends.
SIGNS = {
    Intent.DEFECT: ("брак", "сломал", "не работает", "трещин", "порван", "дефект"),
    Intent.RETURN: ("вернуть", "возврат", "деньги назад"),
    Intent.DELIVERY: ("где заказ", "когда придёт", "когда приедет", "доставк", "не пришёл", "не пришел"),
    Intent.SIZE: ("размер", "маломер", "большемер", "сантиметр"),
    Intent.THANKS: ("спасибо", "благодар", "отличный", "супер"),
}

ANSWERS = {
    Intent.DEFECT: "Нам очень жаль, что с товаром «{product}» что-то не так. Оформите, пожалуйста, заявку на проверку "
    "качества в личном кабинете и приложите фото: мы рассмотрим её в первую очередь.",
    Intent.RETURN: "Товар «{product}» можно вернуть через личный кабинет: раздел «Покупки», кнопка «Оформить возврат». "
    "Маркетплейс рассмотрит заявку и ответит там же.",
    Intent.DELIVERY: "Товар «{product}» уже передан в доставку, её срок виден в личном кабинете в разделе «Доставки». "
    "Если он сдвинется, маркетплейс сообщит вам первым.",
    Intent.SIZE: "Для «{product}» советуем сверить мерки с таблицей размеров в карточке товара. Если вы между двумя "
    "размерами, берите больший.",
    Intent.THANKS: "Большое спасибо за тёплые слова о «{product}»! Нам очень приятно, что вы выбрали нас.",
    Intent.OTHER: "Спасибо за ваш вопрос о «{product}». Мы уточним всё у коллег и ответим вам здесь в течение дня.",
}

GREETING = "Здравствуйте, {customer}!"
CLOSING = "Хорошего дня!"


@dataclass(frozen=True)
class Suggestion:
    """An answer to suggest to the operator."""

    intent: Intent
    text: str
    quality: int
    violations: tuple[Violation, ...]


def intent_of(text: str) -> Intent:
    """What the message is about."""
    lower = text.lower()
    return next((intent for intent, signs in SIGNS.items() if any(s in lower for s in signs)), Intent.OTHER)


def quality_score(text: str, intent: Intent, violations: int) -> int:
    """0 to 100: 40 for an answer to what was asked, 20 each for greeting and farewell, 20 for not repeating itself.

    Each violation of the guardrails costs 50.
    """
    words = text.lower().split()
    score = 40 if intent is not Intent.OTHER else 20
    score += 20 if text.startswith(GREETING.split(",")[0]) else 0
    score += 20 if text.rstrip().endswith(CLOSING) else 0
    score += 20 if words and len(set(words)) / len(words) > 0.6 else 0
    return max(0, score - 50 * violations)


def suggest(customer: str, product: str, last_message: str, rules: Guardrails) -> Suggestion:
    """The answer for a chat whose customer wrote `last_message` last; names are struck of personal data first."""
    intent = intent_of(last_message)
    name = rules.without_personal_data(customer).strip() or "покупатель"
    body = ANSWERS[intent].format(product=rules.without_personal_data(product))
    text = " ".join((GREETING.format(customer=name), body, CLOSING))
    violations = tuple(rules.violations(text))
    return Suggestion(intent, text, quality_score(text, intent, len(violations)), violations)
