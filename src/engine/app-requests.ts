import type Provider from 'oidc-provider';
import type { Units } from './unit-of-work.ts';

/** What an app asks of a person before it gets an answer. */
export type AppRequest = {
  prompt: { name: string; details: Record<string, unknown> };
  params: Record<string, unknown>;
  /** Whom it was asked of; nobody, if nobody was signed in. */
  accountId: string | undefined;
  grantId: string | undefined;
  /** When the app asked: epoch milliseconds. */
  begun: number;
};

export type AppRequests = {
  /** The request, if this browser began it. */
  find(browserId: string, uid: string): Promise<AppRequest | undefined>;
  /** Notes what an account has answered; false if the request has ended or was begun in another browser. */
  answer(browserId: string, uid: string, accountId: string, result: Record<string, unknown>): Promise<boolean>;
};

export function createAppRequests({ provider, units }: { provider: () => Provider; units: Units }): AppRequests {
  /** Nobody is in front of it: that the account is the one which was asked, or may answer, is for the caller to say. */
  const within = (browserId: string, work: () => Promise<void>): Promise<void> =>
    units.run(async (unit) => {
      unit.visit = { browserId, visitor: undefined };
      await work();
      return true;
    });

  return {
    async find(browserId, uid) {
      const found: AppRequest[] = [];
      await within(browserId, async () => {
        const interaction = await provider().Interaction.find(uid);
        if (!interaction) return;
        const { prompt, params, session, grantId } = interaction;
        found.push({ prompt, params, grantId, accountId: session?.accountId, begun: units.current()?.begun ?? 0 });
      });
      return found[0];
    },

    async answer(browserId, uid, accountId, result) {
      let noted = false;
      await within(browserId, async () => {
        const interaction = await provider().Interaction.find(uid);
        if (!interaction) return;
        const before = interaction.session?.accountId === accountId ? interaction.lastSubmission : {};
        Object.assign(interaction, { session: { accountId }, result: { ...before, ...result } });
        await interaction.persist();
        noted = true;
      });
      return noted;
    },
  };
}

/**
 * Whether `max_age` and `prompt=login` are met by a proof given at `provenAt` (OpenID Connect Core §3.1.2.1). `begun` is
 * when the app asked, unless it asks just now: whoever reads slowly is not asked twice.
 */
export function provenLately(
  { prompt, max_age: maxAge }: { prompt?: unknown; max_age?: unknown },
  provenAt: number,
  { begun, now }: { begun: number | undefined; now: number },
): boolean {
  const anew = typeof prompt === 'string' && prompt.split(' ').includes('login');
  if (anew && (begun === undefined || provenAt < begun)) return false;
  return maxAge === undefined || provenAt >= (begun ?? now) - Number(maxAge) * 1000;
}

/** The account that an app means, by a hint whose signature the engine has checked or by the claims parameter. */
export function meantAccount({ id_token_hint: hint, claims }: Record<string, unknown>): string | undefined {
  if (typeof hint === 'string') {
    return (JSON.parse(Buffer.from(hint.split('.')[1] ?? '', 'base64url').toString()) as { sub?: string }).sub;
  }
  if (typeof claims !== 'string') return undefined;
  // OpenID Connect Core §5.5: the engine has checked that it is an object.
  const { id_token: wanted } = JSON.parse(claims) as { id_token?: { sub?: { value?: unknown } | null } | null };
  return typeof wanted?.sub?.value === 'string' ? wanted.sub.value : undefined;
}
