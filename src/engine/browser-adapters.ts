import type { Adapter } from 'oidc-provider';
import type { Clock } from '../clock.ts';
import type { Secrets } from '../secrets.ts';
import type { Units } from './unit-of-work.ts';
import { engineSessionId } from './visit.ts';

type Needs = { units: Units; clock: Clock };

/**
 * The engine's session is ours in its words, made anew for each request. Only what people allowed apps in it is stored:
 * no longer than ours can last, and never to be found but from ours.
 */
export function createSessionAdapter(
  artifacts: Adapter,
  { units, secrets, clock }: Needs & { secrets: Secrets },
): Adapter {
  const here = (id: string) => {
    const visitor = units.current()?.visit?.visitor;
    return visitor && id === engineSessionId(secrets, visitor) ? visitor : undefined;
  };
  return {
    ...artifacts,
    async find(id) {
      const visitor = here(id);
      if (!visitor) return undefined;
      const now = Math.floor(clock.now() / 1000);
      return {
        iat: now,
        exp: Math.ceil(visitor.endsAt / 1000),
        ...(await artifacts.find(id)),
        kind: 'Session',
        jti: id,
        uid: id,
        accountId: visitor.accountId,
        loginTs: Math.floor(visitor.provenAt / 1000),
        amr: visitor.amr,
        ...(visitor.acr === undefined ? {} : { acr: visitor.acr }),
      };
    },
    async upsert(id, payload, expiresIn = 0) {
      const visitor = here(id);
      if (!visitor || !payload.authorizations) return;
      await artifacts.upsert(id, payload, Math.min(expiresIn, Math.floor((visitor.endsAt - clock.now()) / 1000)));
    },
  };
}

/**
 * What an app asks of a person is named after the browser that began it as well: no other finds it, whatever cookie or
 * address is planted there.
 */
export function createInteractionAdapter(artifacts: Adapter, { units, clock }: Needs): Adapter {
  const unit = () => {
    const current = units.current();
    if (!current?.visit) throw new Error('An interaction was touched outside of a browser.');
    return { current, visit: current.visit };
  };
  const named = (uid: string): string => `${unit().visit.browserId}:${uid}`;

  return {
    ...artifacts,
    async find(uid) {
      const { current, visit } = unit();
      const kept = (await artifacts.find(named(uid))) as InteractionPayload | undefined;
      if (!kept) return undefined;
      current.begun = kept.begun;
      // What one account has answered is no answer of another's.
      const answers = kept.session?.accountId === visit.visitor?.accountId && {
        ...kept.lastSubmission,
        ...kept.result,
      };
      return { ...kept, result: answers || undefined };
    },
    async upsert(uid, payload, expiresIn) {
      const { current } = unit();
      const { session, ...rest } = payload as InteractionPayload;
      // Its account alone: of which session it was, the engine would compare, and refuse whoever switches on the way.
      const whose = session && { session: { accountId: session.accountId } };
      const begun = current.begun ?? clock.now();
      await artifacts.upsert(named(uid), { ...rest, ...whose, begun } as InteractionPayload, expiresIn);
    },
    destroy: (uid) => artifacts.destroy(named(uid)),
  };
}

type InteractionPayload = Parameters<Adapter['upsert']>[1] & {
  session?: { accountId: string };
  /** When the app asked first, whatever was asked of the person since: epoch milliseconds. */
  begun?: number;
};
