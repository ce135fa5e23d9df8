import { useCallback, useEffect, useState } from "react";

import { type Api, ApiError, type Chat } from "./api";
import { Conversation } from "./Conversation";

/** The list of chats, and the one that is open. */
export function Chats({ api, onExpired }: { api: Api; onExpired: () => void }) {
  const [chats, setChats] = useState<Chat[]>([]);
  const [open, setOpen] = useState<number>();
  const [note, setNote] = useState("");

  const attempt = useCallback(
    async (work: () => Promise<string>) => {
      try {
        setNote(await work());
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) onExpired();
        else setNote(error instanceof Error ? error.message : String(error));
      }
    },
    [onExpired],
  );

  const load = useCallback(
    () =>
      attempt(async () => {
        setChats(await api.chats());
        return "";
      }),
    [api, attempt],
  );

  useEffect(() => void load(), [load]);

  const sync = () =>
    attempt(async () => {
      const { added } = await api.sync();
      setChats(await api.chats());
      return `Новых сообщений: ${added}`;
    });

  const chat = chats.find(({ id }) => id === open);
  return (
    <main>
      <nav>
        <button className="primary" onClick={sync}>
          Обновить чаты
        </button>
        <p role="status">{note}</p>
        <ul>
          {chats.map(({ id, customer, product, messages }) => (
            <li key={id}>
              <button aria-pressed={id === open} onClick={() => setOpen(id)}>
                <b>{customer}</b>
                <small>{product}</small>
                <span>{messages.at(-1)?.text}</span>
              </button>
            </li>
          ))}
        </ul>
      </nav>
      {chat ? (
        <Conversation key={chat.id} api={api} chat={chat} onReplied={load} />
      ) : (
        <p className="empty">{chats.length ? "Выберите чат" : "Чатов пока нет: обновите список"}</p>
      )}
    </main>
  );
}
