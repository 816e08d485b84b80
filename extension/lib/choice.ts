/** The same certificate may be on two tokens: a choice is of one on one of them. */
import type { Certificate, Choice } from './protocol';

/** Unlike that of every other certificate in a list. */
export function placeOf({ token, id }: Pick<Certificate, 'token' | 'id'>): string {
  return `${token} ${id}`;
}

/** The certificate that was chosen, if the list still has it. */
export function findChosen(certificates: readonly Certificate[], choice: Choice | null): Certificate | undefined {
  return choice === null ? undefined : certificates.find(({ token, id }) => token === choice.token && id === choice.certificate);
}
