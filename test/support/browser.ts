/** Chromium for the tests of the page: each page tells what it asked of whom, and what it complained of. */
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { ensureChromium } from '../../scripts/chromium.mjs';

/** Undefined where there is no browser: `describe.skip` then. */
export const CHROMIUM = ensureChromium();

const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

export function launch(): Promise<Browser> {
  if (!CHROMIUM) throw new Error('there is no Chromium');
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

export const LOOKS = {
  light: { colorScheme: 'light', viewport: { width: 1_280, height: 800 } },
  dark: { colorScheme: 'dark', viewport: { width: 1_280, height: 800 } },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
} as const;
export type LookName = keyof typeof LOOKS;

export interface Tab {
  page: Page;
  /** Addresses outside the server that were asked for. */
  strangers: string[];
  /** Errors of scripts and what the security policy refused. */
  complaints: string[];
  close: () => Promise<void>;
}

const AXE = createRequire(__filename).resolve('axe-core/axe.min.js');

export async function openTab(
  browser: Browser,
  url: string,
  look: LookName = 'light',
): Promise<Tab> {
  const context = await browser.newContext({ ...LOOKS[look], reducedMotion: 'reduce' });
  // By the debugger, which no security policy holds up.
  await context.addInitScript(readFileSync(AXE, 'utf8'));
  const page = await context.newPage();
  const strangers: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:'))
      strangers.push(request.url());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    // What the server refuses is shown on the page; the browser says it once more.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      complaints.push(message.text());
  });
  return { page, strangers, complaints, close: () => context.close() };
}

interface AxeViolation {
  id: string;
  impact?: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** What axe-core finds that is serious or critical, one line each. */
export async function seriousFaults(page: Page): Promise<string[]> {
  const violations = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: AxeViolation[] }> };
    };
    return (await axe.run()).violations;
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
}

/** True where the page is wider than the window. */
export function overflowing(page: Page): Promise<boolean> {
  return page.evaluate(() => {
    interface Root {
      scrollWidth: number;
      clientWidth: number;
    }
    const { document } = globalThis as unknown as { document: { documentElement: Root } };
    return document.documentElement.scrollWidth > document.documentElement.clientWidth;
  });
}

/** A picture for whoever looks, where `TEMPOGRAPH_SCREENSHOTS` names a folder. */
export async function picture(page: Page, name: string): Promise<void> {
  const folder = process.env['TEMPOGRAPH_SCREENSHOTS'];
  if (!folder) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
