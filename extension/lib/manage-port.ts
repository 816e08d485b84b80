/** The management page's own way to the worker: what it asks there, the person is asked in our window. */
import { browser } from 'wxt/browser';
import { fail, type Outcome } from './errors';
import type { FromManage, ManageCommand, ToManage } from './manage-pages';
import type { Arguments, Result } from './protocol';

type Settle = (outcome: Outcome<Result<ManageCommand>>) => void;
type Port = ReturnType<typeof browser.runtime.connect>;

let port: Port | null = null;
let last = 0;
const waiting = new Map<number, Settle>();

/** Also tells the worker that the page is there, until it is closed. */
export function connect(): Port {
  if (port) return port;
  const made = browser.runtime.connect({ name: 'manage' });
  port = made;
  made.onMessage.addListener(({ id, outcome }: ToManage) => {
    waiting.get(id)?.(outcome);
    waiting.delete(id);
  });
  made.onDisconnect.addListener(() => {
    if (port === made) port = null;
    for (const settle of waiting.values()) settle(fail('extension-restarted'));
    waiting.clear();
  });
  return made;
}

export function askPerson<C extends ManageCommand>(command: C, args: Arguments<C>): Promise<Outcome<Result<C>>> {
  const id = (last += 1);
  const asked = new Promise<Outcome<Result<ManageCommand>>>((resolve) => waiting.set(id, resolve));
  const message: FromManage<C> = { id, command, arguments: args };
  connect().postMessage(message);
  return asked as Promise<Outcome<Result<C>>>;
}

/** Whether something that was begun here has not ended yet. */
export function unfinished(): boolean {
  return waiting.size > 0;
}
