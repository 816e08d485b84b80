/** How our own pages ask the worker for what the host knows. */
import { browser } from 'wxt/browser';
import { fail, type Outcome } from './errors';
import type { Arguments, Result } from './protocol';
import type { OwnPageCommand, OwnPageMessage } from './router';

export async function ask<C extends OwnPageCommand>(command: C, args: Arguments<C>): Promise<Outcome<Result<C>>> {
  const message: OwnPageMessage<C> = { command, arguments: args };
  try {
    const outcome: unknown = await browser.runtime.sendMessage(message);
    return (outcome as Outcome<Result<C>> | undefined) ?? fail('extension-restarted');
  } catch {
    return fail('extension-restarted');
  }
}
