import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

/** A key of a device, and proofs made with it (RFC 9449 §4.2). */
export type ProofKey = (method: string, url: string, accessToken?: string) => Promise<{ dpop: string }>;

export async function createProofKey(): Promise<ProofKey> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = await exportJWK(publicKey);
  return async (htm, htu, accessToken) => {
    const ath = accessToken === undefined ? undefined : createHash('sha256').update(accessToken).digest('base64url');
    const claims = { htm, htu, jti: randomUUID(), ...(ath === undefined ? {} : { ath }) };
    const proof = new SignJWT(claims).setIssuedAt().setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk });
    return { dpop: await proof.sign(privateKey) };
  };
}
