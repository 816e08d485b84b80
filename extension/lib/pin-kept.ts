/** What may be promised of the PIN when it was not changed as asked. */
import type { ProtocolError } from './errors';
import type { TextName } from './texts';

export type PinKept = 'old_pin_valid' | 'pin_not_changed';

/** Null where nobody can tell. A locked PIN is none to go on with, and whoever sets one with the PUK may have such. */
export function pinKept(command: 'change-pin' | 'unblock-pin', error: ProtocolError): (PinKept & TextName) | null {
  // A worker that was restarted knows nothing of what went on before.
  if (error.name === 'pin-change-uncertain' || error.name === 'extension-restarted') return null;
  return command === 'change-pin' && error.name !== 'pin-locked' ? 'old_pin_valid' : 'pin_not_changed';
}
