/** What of a request decides how its answer comes back, and is worth nothing more. */
const forTheAnswer = ['response_mode', 'state'] as const;

/**
 * Request objects are not supported, which OpenID Connect Core §3.1.2.6 has a word for. An app that puts everything into
 * one hears that word where it listens only if the way to answer is read out of it: nothing else is, and nothing is
 * believed, for these could as well stand in the address. Outside wins, as nothing inside is verified.
 */
export function withWayToAnswer(url: string): string {
  const [path = '', query = ''] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const inside = claimsOf(parameters.get('request'));
  for (const name of forTheAnswer) {
    const value = inside[name];
    if (typeof value === 'string' && !parameters.has(name)) parameters.append(name, value);
  }
  return Object.keys(inside).length === 0 ? url : `${path}?${parameters}`;
}

function claimsOf(object: string | null): Record<string, unknown> {
  try {
    const claims: unknown = JSON.parse(Buffer.from(object?.split('.')[1] ?? '', 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? { ...claims } : {};
  } catch {
    return {};
  }
}
