import { useState } from "react";

import { type Api, ApiError, type Chat, type Suggestion } from "./api";

const DELIVERY = { received: "", queued: "отправляется", sent: "отправлено" };

/** One chat: its messages, a suggestion on demand, and the reply. */
export function Conversation({ api, chat, onReplied }: { api: Api; chat: Chat; onReplied: () => void }) {
  const [suggestion, setSuggestion] = useState<Suggestion>();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState("");

  async function attempt(work: () => Promise<void>) {
    setProblem("");
    try {
      await work();
    } catch (error) {
      const found = error instanceof ApiError ? error.violations.map((v) => `${v.rule}: ${v.found}`) : [];
      setProblem(found.join(", ") || (error instanceof Error ? error.message : String(error)));
    }
  }

  const suggest = () =>
    attempt(async () => {
      const made = await api.suggestion(chat.id);
      setSuggestion(made);
      setText(made.text);
    });

  const reply = () =>
    attempt(async () => {
      await api.reply(chat.id, text);
      setText("");
      setSuggestion(undefined);
      onReplied();
    });

  return (
    <section aria-label={chat.customer}>
      <h2>
        {chat.customer} <small>{chat.product}</small>
      </h2>
      <ol>
        {chat.messages.map(({ id, author, text, delivery }) => (
          <li key={id} className={author}>
            {text} <small>{DELIVERY[delivery]}</small>
          </li>
        ))}
      </ol>
      <div className="tools">
        <button onClick={suggest}>Предложить ответ</button>
        {suggestion && (
          <span>
            тема: {suggestion.intent} · качество: <b data-testid="quality">{suggestion.quality}</b>
          </span>
        )}
      </div>
      <textarea aria-label="Ответ" rows={5} value={text} onChange={(event) => setText(event.target.value)} />
      {problem && <p role="alert">{problem}</p>}
      <button className="primary" disabled={!text.trim()} onClick={reply}>
        Отправить
      </button>
    </section>
  );
}
