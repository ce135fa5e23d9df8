/**
 * One operator's day, in a real browser: log in, sync, take a suggestion.
 *
 * RUNNER_URL is the site; without it, the built front end (`npm run build`) and a back end are started here, the latter
 * with the Python of PYTHON (python3). RUNNER_CONNECT is the address of a site whose name is not in the DNS.
 * DEMO_PASSWORD is the demo user's, EXPECT_VERSION must be shown, CHROMIUM is the browser (/usr/bin/chromium), and
 * SCREENSHOTS is a folder for what it shows.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const { env } = process;
const password = env.DEMO_PASSWORD ?? "only for this test";
const backend = new URL("../../backend", import.meta.url).pathname;
const frontend = new URL("..", import.meta.url).pathname;
const started = [];
let site = env.RUNNER_URL;
let browser;
let folder;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

function start(command, args, options) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"], ...options });
  started.push(child);
}

async function answers(url) {
  for (let tries = 0; tries < 150 && started.every((child) => child.exitCode === null); tries += 1) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`${url} does not answer`);
}

async function startSite() {
  folder = mkdtempSync(join(tmpdir(), "agentiq-"));
  const python = env.PYTHON ?? "python3";
  const settings = { ...env, DATABASE_URL: `sqlite:///${join(folder, "chat.db")}`, DEMO_PASSWORD: password };
  const migrated = spawnSync(python, ["-m", "alembic", "upgrade", "head"], { cwd: backend, env: settings });
  assert.equal(migrated.status, 0, String(migrated.stderr ?? migrated.error));
  const [api, page] = [await freePort(), await freePort()];
  start(python, ["-m", "uvicorn", "app.main:app", "--port", api, "--log-level", "warning"], { cwd: backend, env: settings });
  await answers(`http://127.0.0.1:${api}/health`);
  start(process.execPath, ["node_modules/vite/bin/vite.js", "preview", "--port", page, "--strictPort", "--host", "127.0.0.1"], {
    cwd: frontend,
    env: { ...env, API_URL: `http://127.0.0.1:${api}` },
  });
  site = `http://127.0.0.1:${page}`;
  await answers(`${site}/api/health`);
}

before(async () => {
  if (!site) await startSite();
  const names = env.RUNNER_CONNECT ? [`--host-resolver-rules=MAP ${new URL(site).hostname} ${env.RUNNER_CONNECT}`] : [];
  browser = await chromium.launch({
    executablePath: env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", ...names],
  });
});

after(async () => {
  await browser?.close();
  for (const child of started) child.kill();
  await Promise.all(started.map((child) => child.exitCode ?? new Promise((resolve) => child.once("exit", resolve))));
  if (folder) rmSync(folder, { recursive: true });
});

test("an operator logs in, syncs the chats and takes a suggestion", async () => {
  // A server that no authority can reach signs its own certificate.
  const page = await browser.newPage({ ignoreHTTPSErrors: true, viewport: { width: 1200, height: 760 } });
  const shoot = (name) => env.SCREENSHOTS && page.screenshot({ path: join(env.SCREENSHOTS, `${name}.png`) });
  const errors = [];
  page.on("pageerror", (error) => errors.push(error.message));

  await page.goto(site);
  await page.getByLabel("Почта").fill(env.DEMO_EMAIL ?? "demo@agentiq.ru");
  await page.getByLabel("Пароль").fill(password);
  await shoot("login");
  await page.getByText("Войти").click();
  await page.getByText("Обновить чаты").click();
  await page.getByText("Новых сообщений").waitFor();
  await page.getByRole("button", { name: /Анна/ }).click();
  await page.getByText("Предложить ответ").click();
  await page.getByTestId("quality").waitFor();
  assert.match(await page.getByLabel("Ответ").inputValue(), /^Здравствуйте, Анна! .*Хорошего дня!$/);
  if (env.EXPECT_VERSION) {
    assert.equal(await page.getByTestId("versions").innerText(), `site ${env.EXPECT_VERSION} · api ${env.EXPECT_VERSION}`);
  }
  await shoot("suggestion");
  assert.deepEqual(errors, []);
});
