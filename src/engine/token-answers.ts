import { type Clock, seconds } from '../clock.ts';
import type { Secrets } from '../secrets.ts';
import { artifactId } from './artifact-adapter.ts';
import type { EngineStore, TokenAnswerRow } from './engine-store.ts';
import type { AnswerFor, Unit } from './unit-of-work.ts';

/**
 * A lost response is noticed by a time-out and retried within this time, even by a client that waits half a minute; a
 * later use of the same value is a replay.
 */
const retryWindow = seconds(60);

export type TokenAnswers = ReturnType<typeof createTokenAnswers>;

/**
 * Decision 14: a client that lost the response to a redemption asks again and gets the same tokens.
 * The answer is stored, sealed, in the transaction that consumes the one-time value, so whoever sees "consumed" can
 * also see the answer.
 */
export function createTokenAnswers({ store, secrets, clock }: { store: EngineStore; secrets: Secrets; clock: Clock }) {
  const keyOf = ({ token, clientId, thumbprint }: AnswerFor): string =>
    secrets.hash('artifact', ['TokenAnswer', clientId, thumbprint ?? '', token].join('\n'));

  const row = (whose: AnswerFor, grantId: string, answer: object): TokenAnswerRow => {
    const id = keyOf(whose);
    return {
      id,
      grant_id: grantId,
      sealed_answer: secrets.seal('artifact', JSON.stringify(answer), id),
      expires_at: clock.now() + retryWindow,
    };
  };

  return {
    row,

    keep(unit: Unit, whose: AnswerFor, grantId: string, answer: object): void {
      unit.write((transaction) => store.putAnswer(row(whose, grantId, answer), transaction));
    },

    async find(whose: AnswerFor): Promise<Record<string, unknown> | undefined> {
      const id = keyOf(whose);
      const row = await store.findAnswer(id);
      if (!row || row.expires_at <= clock.now()) return undefined;
      // A grant revoked in the meantime takes the answer with it.
      if (!(await store.findArtifact(artifactId(secrets, 'Grant', row.grant_id)))) return undefined;
      const json = secrets.open('artifact', row.sealed_answer, id);
      return json === undefined ? undefined : (JSON.parse(json) as Record<string, unknown>);
    },
  };
}
