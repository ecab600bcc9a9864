/** The server of the tests, by itself. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../site.ts';
import { makeSshKey, startSshd } from './sshd.ts';

test('a key that is confined to a command runs that one, and one that is unknown does not get in', async () => {
  const directory = temporaryDirectory('sshd');
  const server = await startSshd(join(directory, 'server'));
  try {
    const [ours, others] = ['ours', 'others'].map((name) => makeSshKey(directory, name));
    if (ours === undefined || others === undefined) throw new Error('no keys');
    server.allow(ours, 'echo "it is: $SSH_ORIGINAL_COMMAND"');
    const ask = (key: typeof ours) =>
      spawnSync(
        'ssh',
        [
          ...server.clientOptions(key),
          '-o',
          'BatchMode=yes',
          '-p',
          `${server.port}`,
          `${server.user}@${server.address}`,
          'some words',
        ],
        { encoding: 'utf8' },
      );
    expect(ask(ours)).toMatchObject({ status: 0, stdout: 'it is: some words\n' });
    expect(ask(others)).toMatchObject({
      status: 255,
      stderr: expect.stringContaining('Permission denied') as string,
    });
  } finally {
    await server.end();
  }
});
