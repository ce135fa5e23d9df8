import { useEffect, useMemo, useState } from "react";

import { Api, siteVersion, type Version } from "./api";
import { Chats } from "./Chats";
import { Login } from "./Login";

const TOKEN = "agentiq-token";

/** The whole page: login, or the chats. */
export function App() {
  const [token, setToken] = useState(() => sessionStorage.getItem(TOKEN));
  const [server, setServer] = useState<Version>();
  const [site, setSite] = useState<string>();
  const api = useMemo(() => new Api(token), [token]);

  useEffect(() => {
    api.version().then(setServer, () => setServer(undefined));
  }, [api]);

  useEffect(() => {
    siteVersion().then(setSite, () => setSite(undefined));
  }, []);

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
        site {site ?? "—"} · api {server?.version ?? "—"}
      </footer>
    </>
  );
}
