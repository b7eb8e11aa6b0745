/** Pictures of the audit page for the documentation: `python -m tests.e2e.pictures` runs this on real runs. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { env, launch, openPage, visit, type View } from './helpers.ts';

interface Shot extends View {
  name: string;
  scheme: 'light' | 'dark';
  width: number;
  height: number;
  act?: (page: Page) => Promise<void>;
}

async function verify(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.locator('[data-verified="yes"]').waitFor();
  await page.locator('section:has(> .verified)').evaluate((element) => element.scrollIntoView());
}

async function follow(page: Page, link: string): Promise<void> {
  await page.locator(link).first().click();
  await page.waitForTimeout(1_000);
}

const RUN = { federation: 'stake_vote' };
const shots: Shot[] = [
  { ...RUN, name: 'rounds', path: 'rounds', scheme: 'light', width: 1200, height: 1240 },
  { ...RUN, name: 'rounds-dark', path: 'rounds', scheme: 'dark', width: 1200, height: 1240 },
  { ...RUN, name: 'rounds-narrow', path: 'rounds', scheme: 'light', width: 360, height: 760 },
  { ...RUN, name: 'round', path: 'round/2', scheme: 'light', width: 1200, height: 1500 },
  { federation: 'vbfl', name: 'round-dark', path: 'round/3', scheme: 'dark', width: 1200, height: 900 },
  { ...RUN, name: 'round-narrow', path: 'round/2', scheme: 'dark', width: 360, height: 760 },
  { federation: 'vbfl', name: 'verified', path: 'round/3', scheme: 'light', width: 1200, height: 620, act: verify },
  { federation: 'vbfl', name: 'money', path: 'round/3', scheme: 'light', width: 1200, height: 620, act: (page) => page.locator('section', { hasText: 'Who paid whom' }).evaluate((element) => element.scrollIntoView()) },
  { federation: 'pledging', name: 'pledges', path: 'round/1', scheme: 'light', width: 1200, height: 900, act: (page) => page.locator('[aria-labelledby="section-timeline"]').evaluate((element) => element.scrollIntoView()) },
  { ...RUN, name: 'draw-dark', path: 'round/2', scheme: 'dark', width: 1200, height: 620, act: async (page) => {
    await page.getByRole('button', { name: 'Recompute the seed' }).click();
    await page.getByText('follows from what').waitFor();
    await page.locator('section', { hasText: 'The draw' }).evaluate((element) => element.scrollIntoView());
  } },
  { ...RUN, name: 'members', path: 'members', scheme: 'light', width: 1200, height: 900 },
  { ...RUN, name: 'members-dark', path: 'members', scheme: 'dark', width: 1200, height: 900 },
  { ...RUN, name: 'member', path: 'round/2', scheme: 'light', width: 1200, height: 900, act: (page) => follow(page, 'main a[href^="#/member/"]') },
  { ...RUN, name: 'model-dark', path: 'round/2', scheme: 'dark', width: 1200, height: 900, act: (page) => follow(page, 'dt:text-is("Model after it") + dd a') },
  { ...RUN, name: 'transaction', path: 'round/2', scheme: 'light', width: 1200, height: 900, act: (page) => follow(page, 'main a[href^="#/transaction/"]') },
  { ...RUN, name: 'connection', path: 'settings', scheme: 'light', width: 1200, height: 560 },
];

const folder = env('FEDJURY_PICTURES');
mkdirSync(folder, { recursive: true });
const browser = await launch();
for (const { name, scheme, width, height, act, ...view } of shots) {
  const { page, complaints } = await openPage(browser, { width, scheme });
  await page.setViewportSize({ width, height });
  await visit(page, view);
  await act?.(page);
  await page.waitForTimeout(300);
  await page.screenshot({ path: join(folder, `${name}.png`) });
  console.log(name, complaints.join('; '));
  await page.context().close();
}
await browser.close();
