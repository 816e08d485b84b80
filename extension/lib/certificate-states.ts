/** Why a certificate cannot be used, in words. */
import type { Certificate } from './protocol';
import type { TextName } from './texts';

export const STATE_WORDS = {
  expired: 'state_expired',
  'not-yet-valid': 'state_not_yet_valid',
  'wrong-purpose': 'state_wrong_purpose',
  'no-private-key': 'state_no_private_key',
  'unsupported-key': 'state_unsupported_key',
  'token-out': 'state_token_out',
  authority: 'state_authority',
  unreadable: 'state_unreadable',
} as const satisfies Record<Exclude<Certificate['state'], 'usable'>, TextName>;
