/**
 * Learns which sites want the certificate. A wrong one would ask for the PIN on every visit, so only a sign-in that leaves
 * no doubt teaches: one page alone was unanswered when the handshake wanted its signature, and it was answered after it.
 */
import type { ConnectingRequest, ConnectingSites } from './connecting-sites';
import type { ProtocolError } from './errors';

/** An answer that comes later than this after the signature had other reasons. */
export const ANSWER_TIME = 30_000;

interface Candidate extends ConnectingRequest {
  answered: boolean;
  /** When a handshake was signed, in milliseconds; null while none was. */
  signed: number | null;
}

export class SiteLearning {
  #candidate: Candidate | null = null;

  constructor(
    private readonly connecting: Pick<ConnectingSites, 'requests'>,
    private readonly learn: (origin: string) => Promise<void>,
  ) {}

  asked(): void {
    this.#candidate = this.#only();
  }

  ended(error: ProtocolError | null): void {
    if (error !== null) {
      this.#candidate = null;
      return;
    }
    this.#candidate ??= this.#only();
    if (this.#candidate) this.#candidate.signed ??= Date.now();
    this.#conclude();
  }

  answered(requestId: string): void {
    if (this.#candidate?.requestId !== requestId) return;
    this.#candidate.answered = true;
    this.#conclude();
  }

  failed(requestId: string): void {
    if (this.#candidate?.requestId === requestId) this.#candidate = null;
  }

  #conclude(): void {
    const candidate = this.#candidate;
    if (!candidate?.answered || candidate.signed === null) return;
    this.#candidate = null;
    if (Date.now() - candidate.signed <= ANSWER_TIME) this.learn(candidate.origin).catch(() => {});
  }

  /** The page that is beyond doubt, if there is one. */
  #only(): Candidate | null {
    const requests = this.connecting.requests();
    const page = requests.find(({ type }) => type === 'main_frame');
    if (!page || requests.some(({ origin }) => origin !== page.origin)) return null;
    return { ...page, answered: false, signed: null };
  }
}
