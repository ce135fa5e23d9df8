import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { App } from "./App";

const chat = {
  id: 1,
  marketplace: "wildberries",
  customer: "Анна",
  product: "Кружка",
  messages: [{ id: 1, author: "customer", text: "Где заказ?", written_at: "2026-03-05T07:00:00Z", delivery: "received" }],
};
const suggestion = { intent: "delivery", text: "Здравствуйте, Анна! Заказ в пути.", quality: 100, violations: [] };

let answers: Record<string, () => Response>;
beforeEach(() => {
  answers = {
    "GET /version.json": () => Response.json({ version: "1.2.3" }),
    "GET /api/version": () => Response.json({ environment: "staging", version: "1.2.3" }),
    "POST /api/login": () => Response.json({ token: "t0ken" }),
    "GET /api/chats": () => Response.json([chat]),
    "POST /api/chats/sync": () => Response.json({ fetched: 1, added: 1 }),
    "POST /api/chats/1/suggestion": () => Response.json(suggestion),
    "POST /api/chats/1/replies": () => Response.json({ detail: [{ rule: "length", found: "4" }] }, { status: 422 }),
  };
  vi.stubGlobal("fetch", async (url: string, { method }: RequestInit) => answers[`${method} ${url}`]!());
});
afterEach(() => {
  cleanup();
  sessionStorage.clear();
  vi.unstubAllGlobals();
});

async function logIn() {
  render(<App />);
  fireEvent.change(screen.getByLabelText("Почта"), { target: { value: "demo@agentiq.ru" } });
  fireEvent.change(screen.getByLabelText("Пароль"), { target: { value: "secret" } });
  fireEvent.click(screen.getByText("Войти"));
}

it("goes from the login to a suggestion that can be sent", async () => {
  await logIn();
  fireEvent.click(await screen.findByText("Обновить чаты"));
  expect(await screen.findByText("Новых сообщений: 1")).toBeTruthy();
  fireEvent.click(screen.getByText("Анна"));
  fireEvent.click(screen.getByText("Предложить ответ"));
  expect(await screen.findByDisplayValue(suggestion.text)).toBeTruthy();
  expect(screen.getByTestId("quality").textContent).toBe("100");
  expect(screen.getByTestId("versions").textContent).toBe("site 1.2.3 · api 1.2.3");
  expect(screen.getByText("staging")).toBeTruthy();
});

it("says which rule a reply breaks, and keeps the text", async () => {
  await logIn();
  fireEvent.click(await screen.findByText("Анна"));
  fireEvent.change(screen.getByLabelText("Ответ"), { target: { value: "Нет." } });
  fireEvent.click(screen.getByText("Отправить"));
  expect((await screen.findByRole("alert")).textContent).toBe("length: 4");
  expect(screen.getByDisplayValue("Нет.")).toBeTruthy();
});

it("says that a login is wrong", async () => {
  answers["POST /api/login"] = () => Response.json({ detail: "no" }, { status: 401 });
  await logIn();
  expect((await screen.findByRole("alert")).textContent).toBe("Неверная почта или пароль");
});

it("asks to log in again when the token has expired", async () => {
  const chats = vi.fn(() => Response.json({ detail: "log in first" }, { status: 401 }));
  answers["GET /api/chats"] = chats;
  await logIn();
  await waitFor(() => expect(chats).toHaveBeenCalled());
  expect(await screen.findByText("Вход для операторов")).toBeTruthy();
  expect(sessionStorage.getItem("agentiq-token")).toBeNull();
});
