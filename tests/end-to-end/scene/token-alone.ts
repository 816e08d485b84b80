/** A token in a reader, for a file of tests without a browser. */
import { after } from 'node:test';
import { BOUNDED } from './deadline.ts';
import { SmartCardService } from './pcsc.ts';
import { TakeDown, throwAway } from './take-down.ts';
import { Token } from './token.ts';

export interface TokenAlone {
  /** Makes a folder that goes with the rest. */
  readonly room: ReturnType<typeof throwAway>;
  readonly service: SmartCardService;
  readonly token: Token;
  /** Run after the last test. */
  readonly takeDown: TakeDown;
}

export async function tokenAlone(): Promise<TokenAlone> {
  const takeDown = new TakeDown();
  after(() => takeDown.run(), BOUNDED);
  const room = throwAway(takeDown);
  const service = await SmartCardService.start(room('pcsc'));
  takeDown.add(() => service.stop());
  const token = new Token(room('token'), service.slot);
  await token.renew();
  takeDown.add(() => token.unplug());
  return { room, service, token, takeDown };
}
