/** A server with its page, a worker behind it, and a browser before it. */
import type { Browser } from 'playwright-core';
import { defineTask } from '../../src/registry.js';
import type { HttpOptions } from '../../src/http/server.js';
import { launch, openTab, type LookName, type Tab } from './browser.js';
import { buildCli } from './cli.js';
import { startHarness, type Harness } from './engine.js';
import { Gates } from './gates.js';
import { startHttp, type HttpScene } from './http.js';

const PICTURE =
  '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20" fill="teal"/></svg>';

/** Logs, keeps files, and ends once its gate is open. */
const talksOf = (gates: Gates) =>
  defineTask<{ gate: string }>({
    name: 'talks',
    run: async ({ gate }, { log, artifact, signal }) => {
      log.info('<b>begins</b>', { rows: 3 });
      log.warn('disk is nearly full');
      await artifact('page.html', { text: '<script>document.title = "taken"</script>' });
      await artifact('facts.json', { text: '{"rows":3}' });
      await artifact('picture.svg', { text: PICTURE }, { contentType: 'image/svg+xml' });
      await gates.passed(gate, signal);
      log.error('at its end');
    },
  });

/** Waits for its gate, and then fails where it is told what to say. */
const endsOf = (gates: Gates) =>
  defineTask<{ gate: string; message?: string }>({
    name: 'ends',
    run: async ({ gate, message }, { log, signal }) => {
      log.info(`waits for ${gate}`);
      await gates.passed(gate, signal);
      if (message !== undefined) throw new Error(message);
      return gate;
    },
  });

export interface PageScene {
  harness: Harness;
  http: HttpScene;
  gates: Gates;
  /** A tab of its own session at this place of the page. */
  open(hash?: string, look?: LookName): Promise<Tab>;
  submit(graph: object, more?: object): Promise<string>;
  /** @returns what the tabs asked of others, and complained of */
  stop(): Promise<{ strangers: string[]; complaints: string[] }>;
}

export async function startPageScene(options: Partial<HttpOptions> = {}): Promise<PageScene> {
  await buildCli();
  const gates = new Gates();
  const harness = await startHarness({ tasks: [gates.gated, talksOf(gates), endsOf(gates)] });
  const http = await startHttp(harness, options);
  const browser: Browser = await launch();
  const tabs: Tab[] = [];
  return {
    ...{ harness, http, gates },
    open: async (hash = '', look = 'light') => {
      const tab = await openTab(browser, http.url, look);
      tabs.push(tab);
      await tab.page.goto(`${http.url}/${hash}`);
      return tab;
    },
    submit: async (graph, more = {}) => {
      const { status, json } = await http.call('POST', '/executions', { graph, ...more });
      if (status !== 201) throw new Error(JSON.stringify(json));
      return json['executionId'] as string;
    },
    stop: async () => {
      await browser.close();
      await http.stop();
      await harness.stop();
      return {
        strangers: tabs.flatMap(({ strangers }) => strangers),
        complaints: tabs.flatMap(({ complaints }) => complaints),
      };
    },
  };
}

/** The address of an execution on the page. */
export const hashOf = (executionId: string, query = ''): string =>
  `#/executions/${encodeURIComponent(executionId)}${query}`;

/** A node of the drawn graph, where it stands so. */
export const drawn = (nodeId: string, status?: string): string =>
  `[data-node=${JSON.stringify(nodeId)}]${status ? `[data-status="${status}"]` : ''}`;
