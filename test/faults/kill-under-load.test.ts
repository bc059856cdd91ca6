import { after, before, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { forEachDatabase } from '../helpers/databases.ts';
import { startKillable } from '../helpers/killable-server.ts';
import { expectEachLinkedOnce, type LinkLoad, startLinkLoad } from '../helpers/link-load.ts';
import { createSeeded } from '../helpers/seeded.ts';
import { type ServerProcess, startServerProcess } from '../helpers/server-process.ts';

const rounds = Number(process.env.FAULT_ROUNDS || 50);
/** The most pages that people see between two kills; time would mean little on a busy machine. */
const longestLife = 48;
const people = ['sam', 'kim', 'ana', 'eve', 'tom', 'lea'].map((name) => `${name}@example.org`);

/** kill -9 at moments nobody chose, while devices ask and redeem and people approve (mission A7). */
forEachDatabase((_name, _open, newPlace) => {
  let port: number;
  let server: ServerProcess;
  let env: Record<string, string>;
  let tv: string;

  before(async () => {
    ({ port, env, tv, server } = await startKillable(await newPlace(), people));
  });
  after(() => server.kill());

  it(`killed ${rounds} times: what was acknowledged is redeemed, once, and nobody waits for ever`, async (t) => {
    const seeded = createSeeded();
    t.diagnostic(`seed ${seeded.seed}`);
    const load = startLinkLoad({
      url: server.url,
      client: tv,
      emails: people,
      devices: 6,
      headers: { prefer: 'wait=25' },
    });
    const until = async (isSo: () => boolean): Promise<void> => {
      while (!isSo() && load.wrong.length === 0) await pause(1);
    };
    const recoveries: number[] = [];
    for (let round = 0; round < rounds && load.wrong.length === 0; round++) {
      const end = load.pages + seeded.below(longestLife);
      await until(() => load.pages >= end);
      await server.kill();
      const [since, { answered }] = [performance.now(), load];
      server = await startServerProcess(env, port);
      await until(() => load.answered > answered);
      recoveries.push((performance.now() - since) / 1000);
    }
    await load.finish();
    await expectEachLinkedOnce(load, server.url, tv);
    t.diagnostic(`${rounds} kills; ${figures(load)}`);
    recoveries.sort((a, b) => a - b);
    const [median = 0, longest = 0] = [recoveries[recoveries.length >> 1], recoveries.at(-1)];
    t.diagnostic(
      `from the kill to the first answer: ${median.toFixed(2)} s at the median, ${longest.toFixed(2)} s at most`,
    );
  });
});

function figures({ linkings, answered, unanswered }: LinkLoad): string {
  const tokens = linkings.reduce((sum, linking) => sum + linking.tokens.length, 0);
  const polls = linkings.reduce((sum, linking) => sum + linking.polls, 0);
  const acknowledged = linkings.filter((linking) => linking.acknowledged).length;
  return (
    `${acknowledged} approvals acknowledged, all redeemed exactly once, ${tokens - linkings.length} retries given ` +
    `the same answer, ${polls} polls; ${answered} requests answered, ${unanswered} met nobody`
  );
}
