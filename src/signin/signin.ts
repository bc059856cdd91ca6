import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AccountId, SessionId } from '../ids.ts';

/** One authenticator used: a password, a code of an authenticator app, a passkey with user verification. */
export type Method = 'pwd' | 'otp' | 'passkey';

/** One account signed in in one browser. Times are epoch milliseconds. */
export type SignedInAccount = {
  accountId: AccountId;
  email: string;
  name: string;
  /** What was used last to prove it is them. */
  methods: Method[];
  signedInAt: number;
  provenAt: number;
};

/** Who is signed in in this browser. */
export type SignedIn = { sessionId: SessionId; current: SignedInAccount; others: SignedInAccount[] };

/** What the current account can prove itself with; `passkey` are the options for `navigator.credentials.get`. */
export type ProofOptions = { email: string; password: boolean; app: boolean; passkey: object | undefined };

/** `error` is a message key; with `retryAt` (epoch milliseconds) it takes the value `time`. */
export type ProofResult =
  | { ok: true; methods: Method[] }
  | { ok: false; status: number; error: string; retryAt?: number };

/** Where to go after signing in: given by the composition root, because a step does not know the next step. */
export type AfterSignIn = (done: {
  request: FastifyRequest;
  reply: FastifyReply;
  session: SignedIn;
}) => Promise<string>;

export type Signin = {
  /** The session of this request, read once per request; also sets `request.signedIn`. */
  read(request: FastifyRequest): Promise<SignedIn | undefined>;
  /** For the web shell's page context. */
  readPerson(
    request: FastifyRequest,
  ): Promise<{ person: { accountId: AccountId; email: string; name: string }; others: number } | undefined>;
  /** Signs an account in in this browser, beside those already signed in, under a new secret (F8). */
  start(request: FastifyRequest, accountId: AccountId, methods: Method[]): Promise<SignedIn>;
  /** The session, or undefined after answering with a redirect to the sign-in page that comes back to this URL. */
  requireSignedIn(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined>;
  /** The session if proven in the last 5 minutes (E38), or undefined after answering with a redirect to `/prove`. */
  requireFreshProof(request: FastifyRequest, reply: FastifyReply): Promise<SignedIn | undefined>;
  /** True once per proof, if that proof is at most 60 s old; however many ask at once, one gets it. */
  spendProof(sessionId: SessionId, accountId: AccountId): Promise<boolean>;
  /** True if the current account was proven in the last 5 minutes (E38). */
  hasFreshProof(signedIn: SignedIn): boolean;
  /** What `<ProofForm>` shows for the current account. Throws `not_signed_in` if nobody is. */
  proofOptions(request: FastifyRequest): Promise<ProofOptions>;
  /** Checks `password` and `code`, or `credential`, of the form for the current account; success renews the secret. */
  prove(request: FastifyRequest): Promise<ProofResult>;
  /** Makes another signed-in account the current one; false if it is not signed in here. */
  switchTo(request: FastifyRequest, accountId: AccountId): Promise<boolean>;
  /** Signs one account out in this browser, or all. */
  signOut(request: FastifyRequest, accountId: AccountId | 'all'): Promise<void>;
  /** Ends every session of the account in every browser, except the one given. */
  endSessionsOf(accountId: AccountId, except?: SessionId): Promise<void>;
};

/** RFC 8176 values. A passkey may be synced, so `pop` and not `hwk`; it brings possession and user verification. */
export function amrOf(methods: readonly Method[]): string[] {
  const values = new Set<string>();
  if (methods.includes('pwd')) values.add('pwd');
  if (methods.includes('otp')) values.add('otp');
  if (methods.includes('passkey')) values.add('pop').add('user');
  if (methods.includes('passkey') || (methods.includes('pwd') && methods.includes('otp'))) values.add('mfa');
  return [...values];
}

declare module 'fastify' {
  interface FastifyRequest {
    signedIn: SignedIn | undefined;
  }
}
