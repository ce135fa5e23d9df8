import { useEffect, useMemo, useState } from "react";

import { Api, type Version } from "./api";
import { Chats } from "./Chats";
import { Login } from "./Login";

declare const __VERSION__: string;

const TOKEN = "agentiq-token";

/** The whole page: login, or the chats. */
export function App() {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN));
  const [server, setServer] = useState<Version>();
  const api = useMemo(() => new Api(token), [token]);

  useEffect(() => {
    api.version().then(setServer, () => setServer(undefined));
  }, [api]);

  function logIn(given: string) {
    sessionStorage.setItem(TOKEN, given);
    setToken(given);
  }

  function logOut() {
    sessionStorage.removeItem(TOKEN);
    setToken(null);
  }

  return (
    <>
      <header>
        <h1>
          Agent<span>IQ</span>
        </h1>
        {server && server.environment !== "production" && <em className="badge">{server.environment}</em>}
        {token && <button onClick={logOut}>Выйти</button>}
      </header>
      {token ? <Chats api={api} onExpired={logOut} /> : <Login api={api} onToken={logIn} />}
      <footer data-testid="versions">
        site {__VERSION__} · api {server?.version ?? "—"}
      </footer>
    </>
  );
}
