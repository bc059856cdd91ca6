/**
 * The face of the package: what an app may import, and nothing else.
 * It re-exports because a package has one entry; everything inside imports the file it means.
 */
export { type Link, type LinkOptions, linkDevice } from './link-device.ts';
export { LinkError, type LinkErrorCode } from './link-error.ts';
export type { LinkState } from './link-states.ts';
export { discover, type IssuerMetadata, type IssuerOptions } from './metadata.ts';
export type { Fetch, Time } from './outside.ts';
export { refreshTokens, revoke, type Tokens, type UserInfo, userInfo } from './tokens.ts';
