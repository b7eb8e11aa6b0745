/** What the page's tests share: a browser, doors that can be shut, and a chain's strings to pull. */
import { readFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import assert from 'node:assert/strict';
import { chromium, type Browser, type Page } from 'playwright-core';

export interface Place {
  page: string;
  gateway: string;
  federations: Record<string, { rpc: string; address: string }>;
  notes: { hostile: { files: string[]; bad: string[]; made: string; genesis: string; accounts: string[] }; pledging: { breaker: string } };
}

export function env(name: string): string {
  const value = process.env[name];
  assert.ok(value, `${name} is set`);
  return value;
}

export const place = JSON.parse(readFileSync(env('FEDJURY_PLACE'), 'utf8')) as Place;

export interface View {
  path: string;
  federation: string;
  rpc?: string;
  gateway?: string;
  history?: number;
}

export function urlOf({ path, federation, rpc, gateway, history }: View): string {
  const found = place.federations[federation];
  assert.ok(found, federation);
  const asked = new URLSearchParams({ rpc: rpc ?? found.rpc, ipfs: gateway ?? place.gateway, federation: found.address });
  if (history !== undefined) asked.set('history', String(history));
  return `${place.page}#/${path}?${asked}`;
}

export async function launch(): Promise<Browser> {
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return await chromium.launch({ executablePath: env('FEDJURY_CHROMIUM'), args });
}

/** A page whose complaints end up in `complaints`: errors, refused content, dialogs. */
export async function openPage(browser: Browser, options: { width?: number; scheme?: 'light' | 'dark' } = {}): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: options.width ?? 1200, height: 900 }, colorScheme: options.scheme ?? 'light', reducedMotion: 'reduce' });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    // a browser tells of every answer that isn't 2xx, and of doors that are shut: those are meant
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) complaints.push(message.text());
  });
  return { page, complaints };
}

/** Goes somewhere, and waits until nothing is being read any more. */
export async function visit(page: Page, view: View): Promise<void> {
  await page.goto(urlOf(view));
  await settled(page);
}

export async function settled(page: Page): Promise<void> {
  await page.locator('main .card').first().waitFor();
  await page.waitForFunction(() => !document.querySelector('main .busy'));
}

/** A door before a server, which can be shut and opened again; nothing but `only` is there behind it, where that is given. */
export class Door {
  private server: Server | undefined;
  private port = 0;
  private readonly target: URL;
  private readonly only: string;

  constructor(target: string, only = '') {
    this.target = new URL(target);
    this.only = only;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async open(): Promise<void> {
    const server = createServer((asked, answer) => {
      const path = asked.url ?? '/';
      if (!path.includes(this.only)) {
        answer.writeHead(404, { 'access-control-allow-origin': '*' }).end();
        return;
      }
      const passed = request({ host: this.target.hostname, port: this.target.port, path, method: asked.method, headers: { ...asked.headers, host: this.target.host } }, (got) => {
        answer.writeHead(got.statusCode ?? 500, got.headers);
        got.pipe(answer);
      });
      passed.on('error', () => answer.destroy());
      asked.pipe(passed);
    });
    server.unref(); // a test that fails before it shuts its door ends all the same
    this.server = server;
    await new Promise<void>((done) => server.listen(this.port, '127.0.0.1', done));
    this.port = (server.address() as AddressInfo).port;
  }

  async shut(): Promise<void> {
    const { server } = this;
    if (!server) return;
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
    this.server = undefined;
  }
}

interface Answer {
  id: number;
  result?: unknown;
  error?: { message: string };
}

export async function rpc(url: string, method: string, ...params: unknown[]): Promise<unknown> {
  const [result] = await rpcs(url, [[method, params]]);
  return result;
}

/** Asks a node many things at once; answers are in the order of the questions. */
export async function rpcs(url: string, calls: [string, unknown[]][]): Promise<unknown[]> {
  const body = JSON.stringify(calls.map(([method, params], id) => ({ jsonrpc: '2.0', id, method, params })));
  const got = await fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  const answers = (await got.json()) as Answer[];
  return answers.sort((a, b) => a.id - b.id).map(({ result, error }) => {
    assert.equal(error?.message, undefined);
    return result;
  });
}
