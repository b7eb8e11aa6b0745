/** The audit page in a real Chromium, on federations in a real Anvil and models in a real Kubo (test_explorer.py). */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { Door, launch, openPage, place, rpc, settled, urlOf, visit, type View } from './helpers.ts';

let browser: Browser;
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

before(async () => {
  browser = await launch();
});
after(async () => {
  await browser.close();
});

/** Runs a test on a page of its own, about which the browser must not complain. */
async function on(options: Parameters<typeof openPage>[1], body: (page: Page) => Promise<void>): Promise<void> {
  const { page, complaints } = await openPage(browser, options);
  try {
    await body(page);
  } catch (error) {
    throw new Error(`${String(error)}\nThe page says: ${(await page.locator('body').innerText()).slice(0, 1500)}\n${complaints.join('\n')}`, { cause: error });
  } finally {
    await page.context().close();
  }
  assert.deepEqual(complaints, []);
}

async function verify(page: Page): Promise<string> {
  await page.getByRole('button', { name: 'Verify' }).click();
  await page.locator('[data-verified="yes"], [data-verified="no"], [data-verified="gone"], section:has(> .verified) > .trouble').first().waitFor();
  return await page.locator('section:has(> .verified)').innerText();
}

test('a live run is watched as it goes on', async () => {
  await on({}, async (page) => {
    await visit(page, { path: 'rounds', federation: 'live' });
    const accepted = page.locator('tr.round', { hasText: 'Accepted' });
    await accepted.nth(1).waitFor();
    const block = Number(await page.locator('[data-block]').getAttribute('data-block'));
    await page.waitForFunction((old) => Number(document.querySelector('[data-block]')?.getAttribute('data-block')) > old, block);
    assert.ok((await page.locator('tr.round').count()) >= 2);
  });
});

for (const [federation, rounds] of [['stake_vote', 10], ['stake_jury', 10], ['vbfl', 10], ['bflc', undefined], ['blade', undefined]] as const) {
  test(`${federation}: rounds, members and money are shown as the chain has them`, async () => {
    await on({}, async (page) => {
      await visit(page, { path: 'rounds', federation });
      assert.ok((await page.locator('main').innerText()).includes(federation));
      const rows = page.locator('tr.round');
      if (rounds) assert.equal(await rows.count(), rounds);
      const ends = page.locator('tr.round', { hasText: /Accepted|Rejected|Undecided/ });
      const numbers = await ends.locator('a').allInnerTexts();
      assert.ok(numbers.length > 0);
      // swarms' rounds are much alike; those of players are odd, each in its way
      for (const number of rounds ? [numbers[0], numbers.at(-1)] : numbers) {
        const path = `round/${number}`;
        await visit(page, { path, federation });
        if (await page.getByText('The seed isn’t known yet').count()) continue;
        await page.getByText('members, as events say').waitFor();
        const text = await page.locator('main').innerText();
        assert.match(text, /Verdict[\s\S]*Timeline[\s\S]*Updates[\s\S]*Votes[\s\S]*Who paid whom[\s\S]*The draw/, path);
        assert.doesNotMatch(text, /differs|broken|can’t be/, path);
        // players propose what nobody stores: all but the aggregate is checked
        assert.doesNotMatch(await verify(page), /✕/, path);
      }
      await page.getByRole('button', { name: 'Recompute the seed' }).click();
      await page.getByText('follows from what was revealed before').waitFor();
      await page.locator('main a[href^="#/member/"]').first().click();
      await page.getByRole('heading', { name: 'Record' }).waitFor();
      await settled(page);
      assert.match(await page.locator('main').innerText(), /Joined/);
      await visit(page, { path: 'members', federation });
      await page.getByRole('heading', { name: 'Stakes over time' }).waitFor();
      await page.getByRole('heading', { name: 'Terms' }).waitFor();
      assert.match(await page.locator('main').innerText(), /least stake to join and to act\s+\S+/);
    });
  });
}

for (const federation of ['stake_vote', 'stake_jury', 'vbfl']) {
  test(`${federation}: the aggregate is computed again in the page, and is the accepted model`, async () => {
    await on({}, async (page) => {
      for (const round of [1, 4, 10]) {
        await visit(page, { path: `round/${round}`, federation });
        if (!(await page.getByText('✓ Accepted', { exact: true }).count())) continue;
        const text = await verify(page);
        assert.match(text, /Everything adds up/);
        assert.match(text, /bit for bit/);
      }
      await page.locator('dt:text-is("Model after it") + dd a').click();
      await page.getByText('are those that the CID names').waitFor();
      assert.match(await page.locator('main').innerText(), /Norm of the difference/);
      const download = page.waitForEvent('download');
      await page.getByRole('link', { name: 'Download' }).click();
      assert.match((await download).suggestedFilename(), /^bafybei[a-z2-7]{52}\.safetensors$/);
    });
  });
}

test('a transaction is shown with its call and its events', async () => {
  await on({}, async (page) => {
    await visit(page, { path: 'round/2', federation: 'stake_vote' });
    await page.locator('a[href*="transaction/"]').first().click();
    await page.getByRole('heading', { name: 'Data' }).waitFor();
    const text = await page.locator('main').innerText();
    assert.match(text, /Done[\s\S]*Gas used[\s\S]*settle[\s\S]*Settled[\s\S]*votesFor/);
  });
});

test('content of strangers is text, and is never believed', async () => {
  await on({}, async (page) => {
    const { files, bad, genesis } = place.notes.hostile;
    const federation = 'hostile';
    await visit(page, { path: `model/${files[0]}/${genesis}`, federation });
    await page.getByText('<script>alert(1)</script>').waitFor();
    const names = await page.locator('main td code').allInnerTexts();
    assert.ok(names.every((name) => !name.includes('\u202e')), String(names));
    for (const file of bad) {
      await visit(page, { path: `model/${file}`, federation });
      await page.getByText('It is no model of this federation').waitFor();
    }
    await visit(page, { path: 'round/1', federation });
    assert.match(await verify(page), /Everything adds up/);
    await visit(page, { path: 'round/2', federation });
    assert.match(await verify(page), /can’t be verified now: update 0/);
    await visit(page, { path: 'round/3', federation });
    const text = await verify(page);
    assert.match(text, /does not add up/);
    assert.match(text, /another than the accepted model/);
    for (const odd of ['model/<script>', 'round/1e99', 'member/0x12', 'round/-1', '%00', 'transaction/0xzz']) {
      await visit(page, { path: odd, federation });
      assert.equal(await page.locator('h1').innerText(), 'Rounds', odd);
    }
    await visit(page, { path: 'round/99', federation });
    await page.getByText('there is no round 99').waitFor();
    await page.goto(`${place.page}#/rounds?rpc=javascript:alert(1)&federation=${'0x' + '1'.repeat(40)}`);
    assert.equal(await page.locator('h1').innerText(), 'Connection');
  });
});

test('a jury’s ballots, what they make of each update, and every seat are shown', async () => {
  await on({}, async (page) => {
    for (const round of [1, 10]) {
      await visit(page, { path: `round/${round}`, federation: 'stake_jury' });
      await page.getByText('members, as events say').waitFor();
      const updates = await page.locator('[aria-labelledby="section-updates"] tbody').innerText();
      assert.match(updates, /(passed|not passed|clearly rejected)\s+good: \d of \d/);
      const votes = page.locator('[aria-labelledby="section-votes"] tbody tr');
      assert.ok((await votes.count()) > 0);
      for (const row of await votes.allInnerTexts()) assert.match(row, /could have: (none|[\d, ]+); good: (none|[\d, ]+)\s+(✓\s+paid|✕\s+pays: |–\s+(not paid|excused): )|never revealed/, row);
      assert.match((await votes.allInnerTexts()).join(), /✓\s+paid/);
      const drawn = await page.locator('[aria-labelledby="section-the-draw"] tbody').innerText();
      assert.match(drawn, /proposer[\s\S]*juror/);
    }
  });
});

test('pledges are shown with what became of them', async () => {
  await on({}, async (page) => {
    const federation = 'pledging';
    const { breaker } = place.notes.pledging;
    const section = page.locator('[aria-labelledby="section-pledges"]');
    await visit(page, { path: 'rounds', federation });
    assert.match(await page.locator('main').innerText(), /Phase\s+Pledge · 1 of 3 pledges[\s\S]*Until\s+\d{4}-/);
    await visit(page, { path: 'round/1', federation });
    await page.getByText('members, as events say').waitFor();
    const text = await page.locator('main').innerText();
    assert.match(text, /Timeline[\s\S]*Draw[\s\S]*Pledge\s+3 pledges[\s\S]*Propose\s+2 proposals[\s\S]*Pledges[\s\S]*Updates/);
    assert.doesNotMatch(text, /differs|broken|can’t be/);
    assert.equal(await section.getByText('not proposed').count(), 1);
    const row = section.locator('tr', { has: page.locator(`a[title="${breaker.toLowerCase()}"]`) });
    assert.match(await row.innerText(), /✕\s+not proposed\s+−300 base units/);
    const paid = page.locator('[aria-labelledby="section-who-paid-whom"] tr', { has: page.locator(`a[title="${breaker.toLowerCase()}"]`) });
    assert.match(await paid.innerText(), /pledged, not proposed\s+−300 base units/);
    const verified = await verify(page);
    assert.match(verified, /✓\s+Pledges\s+all 2 updates are what their proposers had pledged/);
    assert.match(verified, /Everything adds up/);
    await row.locator('a').first().click();
    await page.getByRole('heading', { name: 'Record' }).waitFor();
    await settled(page);
    assert.match(await page.locator('main').innerText(), /Pledged\s+1\s+0x[0-9a-f]{6}…/);
    await visit(page, { path: 'round/2', federation });
    assert.equal(await section.getByText(/✓ update \d/).count(), 3);
    await visit(page, { path: 'round/3', federation });
    assert.equal(await section.getByText('– awaited').count(), 1);
    // where no pledges are asked for, there is no word of them
    await visit(page, { path: 'round/1', federation: 'hostile' });
    assert.doesNotMatch(await page.locator('main').innerText(), /pledge/i);
  });
});

test('models that may be gone are told from those that must be there', async () => {
  const door = new Door(place.gateway, place.notes.hostile.genesis);
  await door.open();
  await on({}, async (page) => {
    const view: View = { path: 'round/1', federation: 'hostile', gateway: door.url };
    await visit(page, { ...view, history: 2 });
    assert.match(await verify(page), /Round 1: models let go of, as agreed: kept for 2 rounds\. What needs no models adds up/);
    await page.goto(urlOf({ ...view, history: 3 }));
    await settled(page);
    assert.match(await verify(page), /can’t be verified now: update 0[\s\S]*must still be there: kept for 3 rounds/);
    await page.goto(urlOf(view));
    await settled(page);
    assert.match(await verify(page), /isn't known here\. What needs no models adds up/);
    for (const [path, history, says] of [['1', 2, /let go of, as agreed/], ['1', 3, /must still be there/], ['2', 0, /Models are kept for 0 rounds/], ['3', 0, /never let go of/]] as const) {
      await visit(page, { ...view, path: `round/${path}`, history });
      await page.locator('[aria-labelledby="section-verdict"] a[href*="model/"]').last().click();
      await page.getByText('can’t be had from the gateway').waitFor();
      assert.match(await page.locator('main').innerText(), says);
    }
  });
  await door.shut();
});

test('a node that goes away is told of, and gone on with when it is back', async () => {
  const door = new Door(place.federations['stake_vote']?.rpc ?? '');
  await door.open();
  await on({}, async (page) => {
    await visit(page, { path: 'round/3', federation: 'stake_vote', rpc: door.url });
    await door.shut();
    await page.getByText('can’t be read').first().waitFor();
    assert.match(await page.locator('main').innerText(), /Who paid whom/);
    await door.open();
    await page.getByRole('button', { name: 'Try now' }).click();
    await page.waitForFunction(() => !document.querySelector('.banner .trouble'));
    await visit(page, { path: 'members', federation: 'stake_vote', rpc: door.url });
    assert.ok((await page.locator('main td a').count()) > 0);
  });
  await door.shut();
});

test('a gateway that goes away is tried again until it is back', async () => {
  const door = new Door(place.gateway);
  await door.open();
  await on({}, async (page) => {
    const view: View = { path: 'round/1', federation: 'hostile', gateway: door.url };
    await visit(page, view);
    await door.shut();
    assert.match(await verify(page), /can’t be verified now/);
    await door.open();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('[data-verified="yes"]').waitFor();
    await door.shut();
    await page.goto(urlOf({ ...view, path: `model/${place.notes.hostile.made}` }));
    await page.getByText('Trying again').waitFor();
    await door.open();
    await page.getByText('are those that the CID names').waitFor();
  });
  await door.shut();
});

test('what a reorganisation takes back is taken off the page', async () => {
  const { rpc: node = '', address = '' } = place.federations['hostile'] ?? {};
  const from = place.notes.hostile.accounts[0];
  await on({}, async (page) => {
    await visit(page, { path: 'rounds', federation: 'hostile' });
    assert.equal(await page.locator('tr.round').count(), 3);
    const snapshot = await rpc(node, 'evm_snapshot');
    await rpc(node, 'anvil_impersonateAccount', from);
    await rpc(node, 'anvil_mine', '0x1', '0x64');
    await rpc(node, 'eth_sendTransaction', { from, to: address, data: '0xfcfff16f' });
    await rpc(node, 'anvil_mine', '0x3');
    await page.getByText('Draw', { exact: true }).first().waitFor();
    await page.waitForFunction(() => document.querySelectorAll('tr.round').length === 4);
    const { page: other } = await openPage(browser);
    await visit(other, { path: 'round/4', federation: 'hostile' });
    await other.getByText('The seed isn’t known yet').waitFor();
    await rpc(node, 'evm_revert', snapshot);
    await rpc(node, 'anvil_mine', '0x7');
    await page.getByText('The chain was reorganised').waitFor();
    await page.waitForFunction(() => document.querySelectorAll('tr.round').length === 3);
    await other.getByText('there is no round 4').waitFor();
    await other.context().close();
  });
});

test('ten thousand rounds: the list reads and holds only what is seen', async () => {
  await on({}, async (page) => {
    await visit(page, { path: 'rounds', federation: 'long' });
    const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN);
    console.log(`# first paint after ${Math.round(painted)} ms`);
    const box = page.locator('.rounds');
    for (const [share, round] of [[0.5, 5_000], [1, 1], [0, 10_000]] as const) {
      await box.evaluate((element, part) => void (element.scrollTop = part * element.scrollHeight), share);
      await page.locator('tr.round', { hasText: /Accepted|Rejected/ }).filter({ has: page.getByRole('link', { name: String(round), exact: true }) }).waitFor();
      assert.ok((await page.locator('tr.round').count()) < 60);
    }
    const cdp = await page.context().newCDPSession(page);
    for (let step = 0; step < 60; step++) {
      await box.evaluate((element, part) => void (element.scrollTop = (part / 60) * element.scrollHeight), step);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await cdp.send('HeapProfiler.collectGarbage');
    const { usedSize } = (await cdp.send('Runtime.getHeapUsage')) as { usedSize: number };
    console.log(`# heap after scrolling through ten thousand rounds: ${(usedSize / 2 ** 20).toFixed(1)} MiB`);
    assert.ok(usedSize < 100 * 2 ** 20);
    await page.getByLabel('Go to round').fill('7000');
    await page.getByRole('button', { name: 'Go' }).click();
    await page.getByRole('heading', { name: 'Round 7000' }).waitFor();
  });
});

const PAGES: View[] = [
  { path: 'settings', federation: 'stake_vote' }, { path: 'rounds', federation: 'stake_vote' }, { path: 'round/2', federation: 'stake_vote' },
  { path: 'round/2', federation: 'stake_jury' }, { path: 'round/2', federation: 'vbfl' }, { path: 'round/2', federation: 'blade' },
  { path: 'members', federation: 'stake_vote' }, { path: 'round/3', federation: 'hostile' }, { path: 'round/1', federation: 'pledging' },
];

async function pagesToSee(page: Page): Promise<View[]> {
  await visit(page, { path: 'round/2', federation: 'stake_vote' });
  const links = await page.locator('main a').evaluateAll((all) => all.map((one) => one.getAttribute('href') ?? ''));
  const first = (name: string): View => ({ path: links.find((link) => link.startsWith(`#/${name}/`))?.slice(2).split('?')[0] ?? '', federation: 'stake_vote' });
  return [...PAGES, first('member'), first('model'), first('transaction')];
}

for (const scheme of ['light', 'dark'] as const) {
  test(`no serious fault of accessibility in ${scheme} colours`, async () => {
    await on({ scheme }, async (page) => {
      const faults: string[] = [];
      for (const view of await pagesToSee(page)) {
        await visit(page, view);
        await page.evaluate(axe);
        const found = await page.evaluate(async () => {
          const { violations } = await (globalThis as unknown as { axe: typeof import('axe-core') }).axe.run();
          return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).slice(0, 3).join(' ')}`);
        });
        faults.push(...found.map((fault) => `${view.path}: ${fault}`));
      }
      assert.deepEqual(faults, []);
    });
  });
}

test('360 pixels are wide enough', async () => {
  await on({ width: 360 }, async (page) => {
    for (const view of await pagesToSee(page)) {
      await visit(page, view);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= 360, `${view.path}: ${width}`);
    }
  });
});

test('everything is reached by keyboard alone', async () => {
  await on({}, async (page) => {
    await page.goto(place.page);
    await page.locator('h1').waitFor();
    const { rpc: node = '', address = '' } = place.federations['stake_vote'] ?? {};
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to content');
    await page.keyboard.press('Enter');
    for (const text of [node, place.gateway, address]) {
      await page.keyboard.press('Tab');
      await page.keyboard.press('Control+A');
      await page.keyboard.type(text);
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Rounds', exact: true }).waitFor();
    await page.locator('tr.round').first().waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
    for (let presses = 0; presses < 40; presses++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.matches('tr.round a') ?? false)) break;
    }
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^Round \d+$/ }).waitFor();
    await page.getByRole('button', { name: 'Verify' }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
    for (let presses = 0; presses < 120; presses++) {
      await page.keyboard.press('Tab');
      if (await page.evaluate(() => document.activeElement?.textContent === 'Verify')) break;
    }
    await page.keyboard.press('Space');
    await page.locator('[data-verified="yes"]').waitFor();
  });
});
