/** `GET /executions?metadata=…`: executions by what their submitters noted. */
import { startHarness, type Harness } from '../support/engine.js';
import { startHttp, type HttpScene } from '../support/http.js';

let harness: Harness;
let http: HttpScene;
beforeAll(async () => {
  harness = await startHarness();
  http = await startHttp(harness);
});
afterAll(async () => {
  await http.stop();
  await harness.stop();
});

it('finds by metadata, each value of its own type', async () => {
  const team = `team-${process.pid}-${Date.now()}`;
  const id = (await harness.engine.scheduleTask({ task: 'noop', metadata: { team, tries: 3 } }))
    .executionId;
  await harness.engine.handle(id).result();
  for await (const _ of harness.engine.events({ executionId: id })) continue; // it is in the store
  const found = async (metadata: object): Promise<unknown> => {
    const query = new URLSearchParams({ metadata: JSON.stringify(metadata) });
    const { json } = await http.call('GET', `/executions?${query.toString()}`);
    return (json['executions'] as { executionId: string }[]).map((one) => one.executionId);
  };
  expect(await found({ team })).toEqual([id]);
  expect(await found({ team, tries: 3 })).toEqual([id]);
  expect(await found({ team, tries: '3' })).toEqual([]);
  for (const wrong of ['team', '[1]', '{"team":{}}'])
    expect(
      await http.call('GET', `/executions?metadata=${encodeURIComponent(wrong)}`),
    ).toMatchObject({
      ...{ status: 400, json: { code: 'BAD_REQUEST', faults: [{ path: 'metadata' }] } },
    });
});
