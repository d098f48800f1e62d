import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { progressReporter } from '../../src/servers/progress.js';
import { sdkDownload, type SdkServer } from '../../src/servers/sdk-download.js';
import { isRunning, tempFolder, until } from './fakes.js';

const SERVER: SdkServer = { method: 'createLocal', filePrefix: 'temporal-', version: 'v1.5.1' };

/** Downloads with a stand-in for the SDK, whose `createLocal` has this body. */
function setup(body: string, env = {}) {
  const module = join(tempFolder(), 'testing.cjs');
  writeFileSync(
    module,
    `const fs = require('node:fs');
     exports.TestWorkflowEnvironment = { async createLocal({ server: { executable } }) { ${body} } };`,
  );
  const executable = join(tempFolder(), 'temporal');
  const download = () => sdkDownload(SERVER, executable, env, progressReporter(), module);
  return { executable, download };
}

describe('sdkDownload', () => {
  it('gives what the SDK has downloaded, in the version asked for', async () => {
    const { executable, download } = setup(`
      const path = executable.downloadDir + '/temporal-' + executable.version;
      fs.writeFileSync(path + '.downloading', executable.version);
      fs.renameSync(path + '.downloading', path);
      return { teardown() {} };`);

    await download();

    expect(readFileSync(executable, 'utf8')).toBe('v1.5.1');
  });

  it('ends the server that the SDK starts with its download', async () => {
    const { executable, download } = setup(`
      const { pid } = require('node:child_process').spawn('/bin/sleep', ['600']);
      fs.writeFileSync(executable.downloadDir + '/temporal-x', String(pid));
      return new Promise(() => {});`);

    await download();

    await until('the server has ended', () => !isRunning(Number(readFileSync(executable, 'utf8'))));
  });

  it("fails with the SDK's own reason", async () => {
    const { executable, download } = setup(`throw new Error('name not known');`);

    await expect(download()).rejects.toThrow('name not known');
    expect(existsSync(executable)).toBe(false);
  });

  it('does not begin when TEMPOGRAPH_NO_DOWNLOAD is set', async () => {
    const { download } = setup('', { TEMPOGRAPH_NO_DOWNLOAD: '1' });

    await expect(download()).rejects.toThrow('switched off by TEMPOGRAPH_NO_DOWNLOAD');
  });
});
