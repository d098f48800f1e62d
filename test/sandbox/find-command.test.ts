import { findCommand } from '../../src/sandbox/find-command.js';

const NODE = { path: '/runtime/node', binds: [{ source: '/opt/node', target: '/runtime/node' }] };
const NONE = { lack: 'there is none' };

describe('a command of a sandbox', () => {
  it.each<[string, string | undefined, 'there' | 'missing' | 'unknown']>([
    ['sh', undefined, 'there'],
    ['node', undefined, 'there'],
    ['/bin/sh', undefined, 'there'],
    ['/usr/bin/../bin/sh', undefined, 'there'],
    ['frobnicate', undefined, 'missing'],
    ['', undefined, 'missing'],
    ['/usr/bin/frobnicate', undefined, 'missing'],
    ['/usr/bin', undefined, 'missing'], // a folder
    ['/usr/local/bin/tool', undefined, 'missing'], // hidden inside
    ['/usr/bin/../local/bin/tool', undefined, 'missing'],
    ['./tool', undefined, 'unknown'],
    ['/app/tool', undefined, 'unknown'], // a file of its own
    ['tool', '/app:/usr/bin', 'unknown'],
    ['sh', '/app:/usr/bin', 'there'],
    ['sh', '/usr/sbin', 'missing'],
  ])('%j with PATH %j is %s', async (name, path, expected) => {
    expect(await findCommand(name, NODE, path)).toBe(expected);
  });

  it('is not the Node.js of a worker that no sandbox can see', async () => {
    expect(await findCommand('/runtime/node', NONE, undefined)).toBe('missing');
  });
});
