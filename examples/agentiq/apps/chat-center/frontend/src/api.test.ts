import { describe, expect, it, vi } from "vitest";

import { Api, ApiError } from "./api";

const answering = (status: number, body: string) => vi.fn<typeof fetch>(async () => new Response(body, { status }));

describe("Api", () => {
  it("sends the token and the body", async () => {
    const send = answering(202, '{"id": 7, "delivery": "queued"}');
    expect((await new Api("t0ken", send).reply(3, "Да")).delivery).toBe("queued");
    const [url, request] = send.mock.calls[0]!;
    expect(url).toBe("/api/chats/3/replies");
    expect(request?.method).toBe("POST");
    expect(request?.body).toBe('{"text":"Да"}');
    expect(new Headers(request?.headers).get("Authorization")).toBe("Bearer t0ken");
  });

  it("sends no token that it does not have", async () => {
    const send = answering(200, "[]");
    await new Api(null, send).chats();
    expect([...new Headers(send.mock.calls[0]![1]?.headers)]).toEqual([]);
  });

  it("tells which guardrails an answer breaks", async () => {
    const send = answering(422, '{"detail": [{"rule": "length", "found": "3"}]}');
    const error = await new Api("t", send).reply(1, "abc").catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, violations: [{ rule: "length", found: "3" }] });
  });

  it.each([
    [401, '{"detail": "log in first"}', "log in first"],
    [502, "<html>Bad Gateway</html>", "the server answered 502"],
  ])("%i is an error with a message", async (status, body, message) => {
    await expect(new Api("t", answering(status, body)).sync()).rejects.toMatchObject({ status, message });
  });
});
