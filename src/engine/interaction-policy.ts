import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Clock } from '../clock.ts';
import { acrFor, wantedAcr } from './acr.ts';
import { meantAccount, provenLately } from './app-requests.ts';
import { isPublic } from './engine-client.ts';
import type { Units } from './unit-of-work.ts';
import type { Visitor } from './visit.ts';

const { base, Check, Prompt } = interactionPolicy;

type Asked = { oidc: KoaContextWithOIDC['oidc']; visitor: Visitor | undefined; begun: number | undefined };

/**
 * The engine's own policy, but for what it would take from its own session, or from what was noted in a request when
 * somebody looked at it: that is asked of our session, each time (decision 6, fault A1).
 */
export function createInteractionPolicy({ units, clock }: { units: Pick<Units, 'current'>; clock: Clock }) {
  const asks = (reason: string, description: string, error: string, missing: (asked: Asked) => unknown) =>
    new Check(reason, description, error, async ({ oidc }) => {
      const { visit, begun } = units.current() ?? {};
      const found = await missing({ oidc, visitor: visit?.visitor, begun });
      return found ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
    });

  const policy = base();
  const login = policy.get('login');
  if (!login) throw new Error('The engine has no login prompt.');
  for (const reason of ['login_prompt', 'max_age', 'essential_acr', 'essential_acrs']) login.checks.remove(reason);
  login.checks.add(asks('hint', 'Another account is signed in', 'login_required', refuseAnother));
  login.checks.add(
    asks('proof', 'End-User authentication is older than it may be', 'login_required', ({ oidc, visitor, begun }) => {
      return visitor && !provenLately(oidc.params ?? {}, visitor.provenAt, { begun, now: clock.now() });
    }),
  );
  login.checks.add(
    asks('acr', 'End-User authentication is not as strong as it was asked for', 'login_required', tooWeak),
  );

  const consent = policy.get('consent');
  const native = consent?.checks.get('native_client_prompt');
  if (!consent || !native) throw new Error('The engine has moved its question to apps on the person’s own machine.');
  consent.checks.remove(native.reason);
  // RFC 8252 §8.6: any program can pretend to be an app on this machine, but none has the secret that a server keeps, such
  // as one in development on loopback: that is not asked for again what was allowed.
  consent.checks.add(
    new Check(native.reason, native.description, 'interaction_required', (ctx) => {
      const { client } = (ctx as KoaContextWithOIDC).oidc;
      return client && !isPublic(client) ? Check.NO_NEED_TO_PROMPT : native.check(ctx);
    }),
  );
  // What is asked for was computed (narrow-request.ts); of it the engine would have only scopes about the person allowed
  // and given, unless a resource is named (fault A5).
  login.checks.add(
    new Check('scope', 'the scope is what was computed', 'login_required', (ctx) => {
      const { oidc } = ctx as KoaContextWithOIDC;
      Object.defineProperty(oidc, 'requestParamOIDCScopes', { value: oidc.requestParamScopes, configurable: true });
      return Check.NO_NEED_TO_PROMPT;
    }),
  );

  // OpenID Connect Core §3.1.2.1: whoever has signed in since the app asked has chosen as well.
  const choice = new Prompt({ name: 'select_account', requestable: true });
  choice.checks.clear();
  choice.checks.add(
    asks('choice', 'No account was chosen', 'account_selection_required', ({ oidc, visitor, begun }) => {
      if (!oidc.prompts.has('select_account') || oidc.result?.select_account) return false;
      return !visitor || begun === undefined || visitor.signedInAt < begun;
    }),
  );
  policy.add(choice, 0);
  return policy;
}

/** OpenID Connect Core §3.1.2.1: the account the app means, or none. Whether it is signed in the engine asks by itself. */
function refuseAnother({ oidc, visitor }: Asked): false {
  const meant = meantAccount(oidc.params ?? {});
  if (meant === undefined || !visitor || [visitor.accountId, ...visitor.others].includes(meant)) return false;
  throw new errors.LoginRequired('Another account is signed in.');
}

/** Its own check compares words, while of ours each means those below it as well. */
async function tooWeak({ oidc, visitor }: Asked): Promise<boolean> {
  if (!visitor) return false;
  const wanted = wantedAcr({ claims: oidc.claims });
  const answer = acrFor(visitor.acr, wanted);
  // OpenID Connect Core §5.5.1.1: the value in the token is one of those asked for. The engine would take the session's.
  if (answer !== undefined) Object.defineProperty(oidc, 'acr', { value: answer, configurable: true });
  if (wanted.length === 0 || answer !== undefined) return false;
  if (oidc.prompts.has('none') || (await visitor.canReach(wanted))) return true;
  // RFC 9470 §5, and OpenID Connect Core §5.5.1.1 for what an app cannot do without.
  throw new errors.UnmetAuthenticationRequirements('The account has nothing that strong to sign in with.');
}

/** Initiating User Registration via OpenID Connect 1.0 §4.1: what `prompt` may say (OpenID Connect Core §3.1.2.1). */
export const promptValues = [
  'none',
  ...createInteractionPolicy({ units: { current: () => undefined }, clock: { now: () => 0 } })
    .filter(({ requestable }) => requestable)
    .map(({ name }) => name),
];
