/** The extension's window as the person sees and uses it. */
import type { Page } from 'playwright-core';
import { until } from './deadline.ts';
import type { AnyPage } from './either-browser.ts';

export type ViewName =
  | 'connecting'
  | 'waiting-for-token'
  | 'reading-token'
  | 'choose-certificate'
  | 'grant-signing'
  | 'enter-pin'
  | 'change-pin'
  | 'unblock-pin'
  | 'working'
  | 'failure';

export interface CertificateSeen {
  readonly holder: string;
  readonly organisation: string;
  readonly certificateId: string;
  readonly state: string;
}

export class PromptWindow<P extends AnyPage = Page> {
  readonly page: P;

  constructor(page: P) {
    this.page = page;
  }

  part(name: string): ReturnType<P['getByTestId']> {
    return this.page.getByTestId(name) as ReturnType<P['getByTestId']>;
  }

  /** Waits until the window shows that. */
  async view(name: ViewName): Promise<this> {
    await this.page.locator(`[data-testid=prompt][data-view=${name}]`).waitFor();
    return this;
  }

  /** The site that asks, as the window names it. */
  async origin(): Promise<string | null> {
    return this.part('site-origin').getAttribute('data-origin');
  }

  async operation(): Promise<string> {
    return this.part('operation').innerText();
  }

  async certificates(): Promise<CertificateSeen[]> {
    const cards = await this.part('certificate-card').all();
    return Promise.all(
      cards.map(async (card) => ({
        holder: await card.getByTestId('certificate-holder').innerText(),
        organisation: await card.getByTestId('certificate-organisation').innerText(),
        certificateId: await card.getByTestId('certificate-id').innerText(),
        state: (await card.getAttribute('data-state')) ?? '',
      })),
    );
  }

  /** How many tries it says are left, for the demonstration to tell; tests wait for a number. */
  async triesLeft(): Promise<number> {
    return Number(await this.part('tries-left').getAttribute('data-tries'));
  }

  /** Waits until the field for the PIN is empty. */
  async pinIsEmpty(): Promise<void> {
    await until('an empty field for the PIN', async () => (await this.part('pin').inputValue()) === '');
  }

  /** Waits until so many tries are left. */
  async triesAre(left: number): Promise<void> {
    await this.page.locator(`[data-testid=tries-left][data-tries="${left}"]`).waitFor();
  }

  async typePin(pin: string): Promise<void> {
    await this.view('enter-pin');
    await this.part('pin').fill(pin);
  }

  /** Fills in the form for another PIN, and sends it. */
  async changePin(current: string, newPin: string, again = newPin): Promise<void> {
    await this.view('change-pin');
    await this.part('pin').fill(current);
    await this.part('new-pin').fill(newPin);
    await this.part('again-pin').fill(again);
    await this.goOn();
  }

  async enterPin(pin: string): Promise<void> {
    await this.typePin(pin);
    await this.goOn();
  }

  /** Presses the button that does what was asked. */
  async goOn(): Promise<void> {
    await this.#last(this.part('primary').click());
  }

  async cancel(): Promise<void> {
    await this.#last(this.part('cancel').click());
  }

  async pressEnter(): Promise<void> {
    await this.#last(this.page.keyboard.press('Enter'));
  }

  async pressEscape(): Promise<void> {
    await this.#last(this.page.keyboard.press('Escape'));
  }

  /** Dismisses what the window says went wrong. */
  async dismiss(): Promise<void> {
    await this.#last(this.part('close').click());
  }

  async grant(): Promise<void> {
    await this.view('grant-signing');
    await this.#last(this.part('grant-allow').click());
  }

  /** Waits until a question without PIN takes answers: it takes none while it is younger than a glance. */
  async ready(): Promise<void> {
    await this.page.locator(':is([data-testid=grant-allow], [data-testid=primary]):enabled').waitFor();
  }

  async refuseGrant(): Promise<void> {
    await this.view('grant-signing');
    await this.ready();
    await this.#last(this.part('grant-deny').click());
  }

  /** Closes the window by the window manager's cross. */
  async shut(): Promise<void> {
    await this.page.close();
  }

  /** What the window says went wrong. */
  async trouble(): Promise<string | null> {
    await this.view('failure');
    return this.part('trouble').getAttribute('data-error');
  }

  /** Waits until the window has closed itself. */
  async closed(): Promise<void> {
    await until('the window closing itself', () => this.page.isClosed());
  }

  /** An act that the window may close itself on before it is over. */
  async #last(act: Promise<void>): Promise<void> {
    try {
      await act;
    } catch (error) {
      if (!(await this.page.isClosed())) throw error;
    }
  }
}
