/** What a person is told while the token works. */
import type { Stage } from './protocol';
import type { TextName } from './texts';

export function stageText(stage: Stage): TextName {
  switch (stage) {
    case 'signing':
      return 'signing';
    case 'pin-at-token':
      return 'pin_at_token';
    case 'verifying-pin':
    case 'changing-pin':
      return 'verifying_pin';
  }
}
