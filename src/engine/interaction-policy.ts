import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import { acrFor, wantedAcr } from './acr.ts';

const { base, Check } = interactionPolicy;

/**
 * The engine's own policy, but for `acr`: its check compares words, while of ours each means those below it as well.
 * Whether the account can reach what is wanted is decided where the person is (RFC 9470 §5).
 */
export function createInteractionPolicy() {
  const policy = base();
  const login = policy.get('login');
  if (!login) throw new Error('The engine has no login prompt.');
  for (const reason of ['essential_acr', 'essential_acrs']) login.checks.remove(reason);
  login.checks.add(
    new Check('acr', 'End-User authentication is not as strong as it was asked for', 'login_required', (ctx) => {
      const { oidc } = ctx as KoaContextWithOIDC;
      if (!oidc.session?.accountId) return Check.NO_NEED_TO_PROMPT;
      const wanted = wantedAcr({ claims: oidc.claims });
      const answer = acrFor(oidc.session.acr, wanted);
      // OpenID Connect Core §5.5.1.1: the value in the token is one of those asked for. The engine would take the session's.
      if (answer !== undefined) Object.defineProperty(oidc, 'acr', { value: answer, configurable: true });
      return wanted.length > 0 && answer === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
    }),
  );
  // What is asked for was computed (narrow-request.ts); of it the engine would have only scopes about the person allowed
  // and given, unless a resource is named (A5).
  login.checks.add(
    new Check('scope', 'the scope is what was computed', 'login_required', (ctx) => {
      const { oidc } = ctx as KoaContextWithOIDC;
      Object.defineProperty(oidc, 'requestParamOIDCScopes', { value: oidc.requestParamScopes, configurable: true });
      return Check.NO_NEED_TO_PROMPT;
    }),
  );
  return policy;
}

/** Initiating User Registration via OpenID Connect 1.0 §4.1: what `prompt` may say (OpenID Connect Core §3.1.2.1). */
export const promptValues = [
  'none',
  ...createInteractionPolicy()
    .filter(({ requestable }) => requestable)
    .map(({ name }) => name),
];
