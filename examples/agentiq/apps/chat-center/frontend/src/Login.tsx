import { type FormEvent, useState } from "react";

import { type Api, ApiError } from "./api";

/** Asks for email and password until they belong together. */
export function Login({ api, onToken }: { api: Api; onToken: (token: string) => void }) {
  const [problem, setProblem] = useState("");

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    try {
      const { token } = await api.login(String(form.get("email")), String(form.get("password")));
      onToken(token);
    } catch (error) {
      const wrong = error instanceof ApiError && error.status === 401;
      setProblem(wrong ? "Неверная почта или пароль" : "Сервер не отвечает, попробуйте ещё раз");
    }
  }

  return (
    <form className="login" onSubmit={submit}>
      <h2>Вход для операторов</h2>
      <label>
        Почта <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Пароль <input name="password" type="password" autoComplete="current-password" required />
      </label>
      {problem && <p role="alert">{problem}</p>}
      <button className="primary">Войти</button>
    </form>
  );
}
