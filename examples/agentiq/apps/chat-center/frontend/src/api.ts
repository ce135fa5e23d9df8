/** What the back end answers, and how it is asked. */

export interface Message {
  id: number;
  author: "customer" | "operator";
  text: string;
  written_at: string;
  delivery: "received" | "queued" | "sent";
}

export interface Chat {
  id: number;
  marketplace: string;
  customer: string;
  product: string;
  messages: Message[];
}

export interface Violation {
  rule: string;
  found: string;
}

export interface Suggestion {
  intent: string;
  text: string;
  quality: number;
  violations: Violation[];
}

export interface Version {
  version: string;
  environment: string;
}

/** An answer that is not a success; `violations` if a reply breaks the guardrails. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly violations: Violation[] = [],
  ) {
    super(message);
  }
}

/** The back end, as whoever has the token. */
export class Api {
  constructor(
    private readonly token: string | null = null,
    private readonly send: typeof fetch = (...request) => fetch(...request),
  ) {}

  version = () => this.ask<Version>("GET", "/version");
  login = (email: string, password: string) => this.ask<{ token: string }>("POST", "/login", { email, password });
  chats = () => this.ask<Chat[]>("GET", "/chats");
  sync = () => this.ask<{ fetched: number; added: number }>("POST", "/chats/sync");
  suggestion = (chat: number) => this.ask<Suggestion>("POST", `/chats/${chat}/suggestion`);
  reply = (chat: number, text: string) => this.ask<Message>("POST", `/chats/${chat}/replies`, { text });

  private async ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers = new Headers();
    if (body !== undefined) headers.set("Content-Type", "application/json");
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    const answer = await this.send(`/api${path}`, { method, headers, body: JSON.stringify(body) });
    if (answer.ok) return (await answer.json()) as T;
    const { detail } = (await answer.json().catch(() => ({}))) as { detail?: string | Violation[] };
    if (Array.isArray(detail)) throw new ApiError(answer.status, "the answer breaks the guardrails", detail);
    throw new ApiError(answer.status, detail ?? `the server answered ${answer.status}`);
  }
}

/** The version of these pages, from a file that the deploy puts beside them: the build does not know it yet. */
export async function siteVersion(): Promise<string> {
  const answer = await fetch("/version.json", { method: "GET" });
  return ((await answer.json()) as { version: string }).version;
}
