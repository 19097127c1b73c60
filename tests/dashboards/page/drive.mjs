// drive.mjs BASE WEB PICTURES: what a visitor does. Says "right WHAT" or "wrong WHAT: FOUND", and "do COMMAND" for what the
// collector's side shall do, which answers with a line.
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { createInterface } from 'node:readline';

const [base, web, pictures] = process.argv.slice(2);
const require = createRequire(join(web, 'package.json'));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PATIENCE = 30000;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

const say = (good, what, found = '') => console.log(`${good ? 'right' : 'wrong'} ${what}${good ? '' : `: ${String(found).slice(0, 500).replace(/\s+/g, ' ')}`}`);
const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const collector = async (command) => { console.log(`do ${command}`); await answers.next(); };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

// The page as built now, unless the collector has that one in it: under the collector's own headers, its content security policy too.
const index = await fetch(`${base}/`);
const embedded = await index.text() === readFileSync(join(web, 'dist/index.html'), 'utf8');
say((index.headers.get('content-security-policy') ?? '').includes("default-src 'none'"), 'the content security policy is strict', index.headers.get('content-security-policy'));
const headers = Object.fromEntries([...index.headers].filter(([name]) => !['content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'etag'].includes(name)));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.json': 'application/json' };
async function fromDist(route) {
  const { pathname } = new URL(route.request().url());
  const file = join(web, 'dist', pathname === '/' ? 'index.html' : decodeURIComponent(pathname));
  await (existsSync(file) ? route.fulfill({ body: readFileSync(file), headers: { ...headers, 'content-type': TYPES[extname(file)] ?? 'text/plain' } }) : route.fallback());
}
console.log(embedded ? 'The collector has this page in it.' : 'The collector has another page in it: this one comes from dist.');

const complaints = [];
let quiet = false; // what is said while the collector is gone is no fault

async function visitor(width, colorScheme) {
  const context = await browser.newContext({ viewport: { width, height: width < 700 ? 844 : 900 }, colorScheme, bypassCSP: false });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  if (!embedded) await context.route((url) => url.href.startsWith(base) && !url.pathname.startsWith('/api'), fromDist);
  page.on('console', (message) => { if (message.type() === 'error' && !quiet) complaints.push(`console: ${message.text()}`); });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('request', (request) => { if (!request.url().startsWith(base)) complaints.push(`asks elsewhere: ${request.url()}`); });
  return page;
}

/// Whether the page has this text; waits until it has.
async function shows(page, what, text, selector = 'main') {
  const there = await page.locator(selector).filter({ hasText: text }).first().waitFor().then(() => true, () => false);
  say(there, what, there ? '' : `no ${text} in ${await page.locator('body').innerText()}`);
}

async function settled(page) {
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => ![...document.querySelectorAll('[role=status]')].some((each) => /Asking|connecting/.test(each.textContent ?? '')));
}

/// axe comes in through the debugger, so that the page's own content security policy stays in force.
async function accessible(page, name) {
  await page.evaluate(axe);
  const { violations, passes } = await page.evaluate((rules) => globalThis.axe.run(document, { runOnly: rules, resultTypes: ['violations'] }), RULES);
  const serious = violations.filter((each) => each.impact === 'serious' || each.impact === 'critical');
  say(serious.length === 0 && passes.length > 5, `${name}: axe says nothing serious`, serious.map((each) => `${each.id} ${each.nodes[0]?.target} ${each.nodes[0]?.failureSummary}`).join('; ') || `${passes.length} rules passed`);
}

const SEEN = 'span=10800&until=2017-10-01T11:00:00Z&at=2017-10-01T09:10:57Z';
async function views(page) {
  const answer = await page.request.get(`${base}/api/v1/events?type=upstream_new&fields=summary`);
  const id = (await answer.json()).items[0].id;
  return { id, list: [
    ['targets', '#/targets', /AS20485 TRANSTELECOM/], ['target', `#/targets/AS131279?${SEEN}`, /AS20485 TRANSTELECOM new/],
    ['events', '#/events?target=AS131279', /3 of 4 prefixes/], ['event', `#/events/${id}`, /Computed again from the stored observations: the same/],
    ['paths', '#/paths?target=AS131279&upstream=AS20485&until=2017-10-01T09:08:10Z', /20485 131279/],
    ['history', '#/history?target=AS131279&prefix=175.45.178.0%2F24&upstream=AS20485&until=2017-10-01T09:08:00Z', /routes\.ndjson/],
    ['sources', '#/sources', /tokyo-1/], ['docs', '#/docs', /founding event/i]] };
}

async function everyView(width, theme, check) {
  const page = await visitor(width, theme);
  for (const [name, hash, text] of (await views(page)).list) {
    const label = `${name}, ${width} wide, ${theme}`;
    await page.goto(`${base}/${hash}`);
    await settled(page);
    await shows(page, `${label}: it is there`, text);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    say(over <= 0, `${label}: it fits`, `${over} pixels too wide`);
    if (check.includes(name)) await accessible(page, label);
    await page.screenshot({ path: join(pictures, `${name}-${width}-${theme}.png`) });
  }
  await page.context().close();
}

/// The new link is seen, asked about, explained and exported.
async function story(page) {
  await page.goto(`${base}/#/targets`);
  await page.getByRole('link', { name: 'AS131279' }).first().click();
  await shows(page, 'a click on a target shows how it is reached', 'How it is reached');
  await page.goto(`${base}/#/targets/AS131279?${SEEN.replace('09:10:57', '09:07:40')}`);
  await page.getByRole('img', { name: /Into AS131279.*AS4837.*100 %/ }).waitFor();
  say(!/AS20485/.test(await page.locator('.graph svg').getAttribute('aria-label')), 'before, there is one upstream');
  await page.getByRole('button', { name: 'Change after' }).click();
  await page.getByRole('img', { name: /AS20485.*new/ }).waitFor();
  say(/at=2017-10-01T09/.test(page.url()), 'the address holds the moment shown', page.url());
  const slider = page.getByRole('slider', { name: 'Time shown' });
  await slider.focus();
  const before = page.url();
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction((url) => location.href !== url, before);
  say(true, 'the keyboard moves the time');
  await page.goto(`${base}/#/targets/AS131279?${SEEN}`);
  await page.getByRole('link', { name: 'why?' }).first().click();
  await shows(page, 'the new link leads to its event', 'Upstream new: AS20485', 'h1');
  await shows(page, 'the event tells its score term by term', 'broad_switch');
  const witnesses = await page.locator('details', { hasText: 'Witnesses' }).locator('tbody tr').count();
  say(witnesses >= 24, 'the event shows its witnesses', witnesses);
  await page.goto(`${base}/#/history?target=AS131279&upstream=AS20485&until=2017-10-01T09:08:00Z`);
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'routes.csv' }).click()]);
  const rows = readFileSync(await download.path(), 'utf8').trim().split('\n');
  say(rows.length > 3 && rows.slice(1).every((row) => row.includes('20485')), 'the export holds the new routes', rows.slice(0, 3).join(' | '));
}

async function keyboard(page) {
  await page.goto('about:blank');
  await page.goto(`${base}/#/targets`);
  await settled(page);
  await page.evaluate(() => document.activeElement?.blur());
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  say(await page.evaluate(() => document.activeElement?.id) === 'main', 'the first link skips to the content');
  await page.keyboard.press('Tab');
  await page.keyboard.type('transtele');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => location.hash.includes('find=transtele'));
  await page.keyboard.press('Tab');
  const focused = await page.evaluate(() => ({ text: document.activeElement?.textContent, ring: getComputedStyle(document.activeElement).outlineStyle }));
  say(focused.text === 'AS131279' && focused.ring !== 'none', 'the next stop is the target, and the focus is seen', JSON.stringify(focused));
  await page.keyboard.press('Enter');
  await shows(page, 'Enter opens the target', 'AS131279', 'h1');
}

async function live(page) {
  await page.goto(`${base}/#/targets`);
  await shows(page, 'the stream is open', 'live', 'header [role=status]');
  const asked = page.waitForRequest((request) => request.url().includes('/api/v1/targets'));
  await collector('snapshot');
  say(await asked.then(() => true, () => false), 'a new state is asked for at once');
  await collector('tell upstream_new');
  await shows(page, 'a new event is said aloud', /AS20485 began to carry AS131279/, '[aria-live=polite]');
  quiet = true;
  await collector('kill');
  await shows(page, 'it is said that the collector is gone', 'The collector does not answer', '[role=alert]');
  await shows(page, 'what was known stays', /AS20485 TRANSTELECOM/);
}

try {
  await everyView(1280, 'light', ['targets', 'target', 'events', 'event', 'paths', 'history', 'sources', 'docs']);
  await everyView(390, 'dark', ['target', 'sources']);
  const page = await visitor(1280, 'light');
  await story(page);
  await keyboard(page);
  await live(page);
  say(complaints.length === 0, 'nothing was complained of', [...new Set(complaints)].join('; '));
} catch (error) {
  say(false, 'the visit', error.stack);
} finally {
  await browser.close();
}
process.exit(0);
